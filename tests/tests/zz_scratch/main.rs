#![allow(warnings)]
#[path = "../hostile_plugins/attack.rs"]
mod attack;
#[path = "../hostile_plugins/target.rs"]
mod target;
#[path = "../hostile_plugins/floods.rs"]
mod floods;
#[path = "../hostile_plugins/values.rs"]
mod values;
#[path = "../hostile_plugins/traps.rs"]
mod traps;
#[path = "../hostile_plugins/poison.rs"]
mod poison;
#[path = "../hostile_plugins/consent.rs"]
mod consent;
#[path = "../hostile_plugins/shown.rs"]
mod shown;
