//! Pet names that somebody chose who wants a shell, a terminal or a reader to take them for something else.

/// Names, each beginning with two letters of its own. Those that a shell runs make a file `pwned`.
pub const HOSTILE: &[&str] = &[
    "aa plain",
    "bb$(touch pwned)",
    "cc`touch pwned`",
    "dd'; touch pwned; '",
    "ee\"; touch pwned; \"",
    "ff\\",
    "gg; touch pwned",
    "hh& touch pwned &",
    "ii|touch pwned",
    "jj > pwned",
    "kk!!!$ !touch",
    "ll ~ *?[a-z]* {b,c}",
    "mm # $HOME ${HOME} %1 ^a^b",
    "nn<(touch pwned)",
    "oo👩‍🔬 é می‌خواهم",
];

/// Names of which not all is seen, or which move the cursor.
pub const UNSEEN: &[&str] = &[
    "pp\ntouch pwned\n",
    "qq\u{1b}[2J\u{1b}[H\u{7}",
    "rr\u{202e}gpj.exe",
    "ss\u{3164}\u{ad}",
    "tt\u{9b}31m\t'\"\\",
];
