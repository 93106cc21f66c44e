//! What all attacks have in common: each is carried out twice, by the same code. Once with the protection that it is
//! about, and then it must get nowhere and be refused by that protection; once without, and then it must succeed, or
//! nothing was shown.

use std::future::Future;

use powerbox_tests::world::{LIMIT, World};
use serde_json::Value as Json;

/// Whether the protection that an attack is about is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    Up,
    Down,
}

impl Guard {
    pub(crate) fn is_up(self) -> bool {
        self == Self::Up
    }
}

/// What came of an attack.
#[derive(Debug)]
pub(crate) struct Came {
    /// Whether it got what it was after. This is for what the attacked object or daemon has to show, or the attacker
    /// has learned; that some call ended well proves nothing.
    reached: bool,
    /// What the attacker was told.
    said: String,
    /// The rules by which the audit says that calls were refused.
    denied: Vec<String>,
}

impl Came {
    pub(crate) fn of(world: &World, reached: bool, said: impl Into<String>) -> Self {
        let denied = world.denials().unwrap().into_iter().map(|crossing| crossing.outcome).collect();
        Self { reached, said: said.into(), denied }
    }

    /// Of an attack before which nothing crosses, so that nothing is on record.
    pub(crate) fn aside(reached: bool, said: impl Into<String>) -> Self {
        Self { reached, said: said.into(), denied: Vec::new() }
    }
}

/// By what an attack is refused.
pub(crate) enum By {
    /// By a rule that is in the audit, which has these words.
    Rule(&'static str),
    /// By something that says these words.
    Word(&'static str),
}

use By::{Rule, Word};

/// Carries an attack out twice.
pub(crate) async fn prove<F: Future<Output = Came>>(attack: impl Fn(Guard) -> F, by: By) {
    let within = async |guard| tokio::time::timeout(LIMIT, attack(guard)).await.expect("the attack hangs");
    let came = within(Guard::Up).await;
    assert!(!came.reached, "THE ATTACK SUCCEEDED: {came:?}");
    match by {
        Rule(words) => assert!(
            came.denied.iter().any(|rule| rule.contains(words)),
            "no rule with {words:?} is on record: {came:?}"
        ),
        Word(words) => assert!(came.said.contains(words), "nothing said {words:?}: {came:?}"),
    }
    let came = within(Guard::Down).await;
    assert!(came.reached, "the control failed: {came:?}");
}

/// Lists the attacks of a module, which are functions of it, and makes a test of each.
macro_rules! attacks {
    ($($name:ident by $by:ident $words:literal,)+) => {
        /// The attacks of this module.
        pub(crate) const ATTACKS: &[&str] = &[$(stringify!($name)),+];

        mod proofs {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    crate::attack::prove(super::$name, crate::attack::By::$by($words)).await;
                }
            )+
        }
    };
}
pub(crate) use attacks;

/// Has the attacker carry out steps, and gives what it said: a line for each step, or why the command failed.
pub(crate) async fn attempt(world: &World, steps: Json) -> String {
    attempt_with(world, "", steps).await
}

/// The same with more words for the command.
pub(crate) async fn attempt_with(world: &World, more: &str, steps: Json) -> String {
    told(world.run(&line(more, &steps)).await)
}

/// The line of words that an attempt is.
pub(crate) fn line(more: &str, steps: &Json) -> String {
    format!("attempt {} {more}", one_word(steps))
}

/// What a command said, or why it failed.
pub(crate) fn told(outcome: Result<powerbox_tests::world::Shown, powerbox_core::InvokeError>) -> String {
    outcome.map_or_else(|error| error.to_string(), |shown| shown.text())
}

/// JSON as one word of ASCII letters, whatever is in it.
fn one_word(json: &Json) -> String {
    let mut word = String::new();
    for unit in json.to_string().encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii_graphic() => word.push(byte.into()),
            _ => word.push_str(&format!("\\u{unit:04x}")),
        }
    }
    word
}
