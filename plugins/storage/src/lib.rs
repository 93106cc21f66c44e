//! The storage commands: names, and what they hold.
//!
//! Each command works on just the names that its user gave it, with just the rights that its parameters declare; none
//! can reach any other name. The one exception is `list` without a directory, which reads the slot `inventory`.

mod list;
mod names;
mod values;

powerbox_sdk::slots!("powerbox:storage/storage@0.1.0");

powerbox_sdk::group! {
    /// Names, and what they hold
    storage: [
        list::list,
        values::show,
        values::cat,
        values::store,
        names::remove,
        names::r#move,
        names::copy,
        names::mkdir,
    ]
}
