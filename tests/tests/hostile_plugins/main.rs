//! Plugins of bad will: real components in a real host. Each attack is carried out with the protection that it is
//! about, and must get nowhere; and without, and must succeed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod attack;
mod poison;
mod target;
mod things;

mod asking;
mod callbacks;
mod consent;
mod counters;
mod designation;
mod errors;
mod floods;
mod greed;
mod handles;
mod identifiers;
mod identity;
mod imports;
mod laundering;
mod names;
mod narrowing;
mod replacing;
mod revocation;
mod shown;
mod storing;
mod traps;
mod values;

/// All attacks, by family.
const FAMILIES: &[(&str, &[&str])] = &[
    ("imports", imports::ATTACKS),
    ("handles", handles::ATTACKS),
    ("names", names::ATTACKS),
    ("callbacks", callbacks::ATTACKS),
    ("laundering", laundering::ATTACKS),
    ("revocation", revocation::ATTACKS),
    ("narrowing", narrowing::ATTACKS),
    ("replacing", replacing::ATTACKS),
    ("counters", counters::ATTACKS),
    ("errors", errors::ATTACKS),
    ("identifiers", identifiers::ATTACKS),
    ("storing", storing::ATTACKS),
    ("floods", floods::ATTACKS),
    ("greed", greed::ATTACKS),
    ("values", values::ATTACKS),
    ("traps", traps::ATTACKS),
    ("shown", shown::ATTACKS),
    ("consent", consent::ATTACKS),
    ("designation", designation::ATTACKS),
    ("asking", asking::ATTACKS),
    ("identity", identity::ATTACKS),
];

#[test]
fn attacks_are_many_and_counted() {
    let mut total = 0;
    for (family, attacks) in FAMILIES {
        println!("{family}: {} attacks", attacks.len());
        total += attacks.len();
    }
    println!("in all: {total} attacks");
    assert!(total >= 40, "{total}");
}
