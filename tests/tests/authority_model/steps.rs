//! What can be done.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::rules::{FUNCTIONS, PATHS, Rule};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Grant {
        root: usize,
        slot: usize,
        rules: Vec<Rule>,
    },
    Child {
        of: Index,
        rules: Vec<Rule>,
    },
    Narrow {
        grant: Index,
        rules: Vec<Rule>,
        elsewhere: bool,
    },
    Revoke {
        grant: Index,
        elsewhere: bool,
    },
    Call(Call),
    /// The person allows what was asked for last.
    Approve,
    /// What was called last is called again.
    Again,
    Restart,
    /// The machine's clock is set, in minutes from the start.
    Clock(u64),
    /// All that is held is tried.
    Probe,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) target: Index,
    pub(crate) function: usize,
    pub(crate) number: i8,
    pub(crate) path: usize,
    pub(crate) reference: Index,
}

fn rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        4 => (1..=0x7f_u8).prop_map(|bits| Rule::Functions(bits | 1 << (bits % 7))),
        1 => Just(Rule::ReadOnly),
        2 => (1..4_usize).prop_map(|path| Rule::Path(PATHS[path])),
        3 => (0..7_usize, 1..=0xff_u8).prop_map(|(function, bits)| Rule::In(function, bits)),
        2 => (0..7_usize, -1..3_i8, 0..4_i8).prop_map(|(function, low, more)| Rule::Between(function, low, low + more)),
        2 => (0..120_u64).prop_map(Rule::Expires),
        2 => (1..6_u64).prop_map(Rule::Calls),
        2 => (1..=6_u64, 1..30_u64).prop_map(|(calls, minutes)| Rule::Rate(calls, minutes)),
        1 => any::<bool>().prop_map(Rule::Bytes),
        2 => Just(Rule::Confirm),
    ]
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    prop_oneof![
        2 => Just(Vec::new()),
        3 => prop::collection::vec(rule(), 1..=1),
        1 => prop::collection::vec(rule(), 2..4),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let function = prop_oneof![3 => 0..FUNCTIONS.len(), 1 => Just(3)];
    (any::<Index>(), function, prop_oneof![3 => 0..4_i8, 1 => -1..6_i8], 0..PATHS.len(), any::<Index>())
        .prop_map(|(target, function, number, path, reference)| Call {
            target,
            function,
            number,
            path,
            reference,
        })
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_usize, 0..5_usize, rules()).prop_map(|(root, slot, rules)| Step::Grant { root, slot, rules }),
        2 => (any::<Index>(), rules()).prop_map(|(of, rules)| Step::Child { of, rules }),
        1 => (any::<Index>(), rules(), any::<bool>())
            .prop_map(|(grant, rules, elsewhere)| Step::Narrow { grant, rules, elsewhere }),
        1 => (any::<Index>(), any::<bool>()).prop_map(|(grant, elsewhere)| Step::Revoke { grant, elsewhere }),
        24 => call().prop_map(Step::Call),
        3 => Just(Step::Approve),
        4 => Just(Step::Again),
        1 => Just(Step::Restart),
        2 => (0..150_u64).prop_map(Step::Clock),
    ]
}
