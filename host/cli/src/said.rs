//! Everything that this program prints goes through here, whatever names are in it: these take the place of the
//! standard library's macros in the whole crate, so that no line can be forgotten.

/// Prints a line to standard output, cleaned.
macro_rules! println {
    ($($text:tt)*) => {
        $crate::render::out(&format!("{}\n", format_args!($($text)*)))
    };
}

/// Prints a line to standard error, cleaned.
macro_rules! eprintln {
    ($($text:tt)*) => {
        $crate::render::err(&format!("{}\n", format_args!($($text)*)))
    };
}

/// Prints to standard error, cleaned.
macro_rules! eprint {
    ($($text:tt)*) => {
        $crate::render::err(&format!($($text)*))
    };
}
