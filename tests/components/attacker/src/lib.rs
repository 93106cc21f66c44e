//! A plugin that tries what it is told to try: the tests write the attacks, and this carries them out with what it was
//! granted, as a plugin of bad will would.

mod handles;
mod script;
mod step;

powerbox_sdk::slots!("test:attacker/attacker@0.1.0");

powerbox_sdk::group! {
    /// Trying what is not allowed
    #[receives]
    attacker: [
        script::attempt,
        script::end,
        script::follow,
        handles::forge,
        handles::confuse,
        handles::stale,
        handles::keep,
        handles::twice,
    ]
}
