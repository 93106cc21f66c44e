//! A plugin that calls what its slots are bound to and reports the answers, so that tests can see where calls go.

mod directories;
mod weather;

powerbox_sdk::slots!("test:probe/probe@0.1.0");

powerbox_sdk::group! {
    /// Probing what slots reach
    probe: [
        directories::home,
        directories::work,
        directories::both,
        directories::call,
        weather::place,
        weather::observe,
        weather::echo,
        weather::sensor,
        weather::same,
        weather::station,
    ]
}
