#![allow(warnings)]
#[path = "../hostile_plugins/attack.rs"]
mod attack;
#[path = "../hostile_plugins/target.rs"]
mod target;
#[path = "../hostile_plugins/floods.rs"]
mod floods;
#[path = "../hostile_plugins/values.rs"]
mod values;
