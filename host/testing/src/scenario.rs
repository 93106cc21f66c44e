use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::guest::Guest;
use crate::held::Held;

/// What there is, what is run, and what must come of it. A file in TOML for people, JSON for programs; a key that is not
/// known is an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// What the person's names hold.
    #[serde(default)]
    pub names: BTreeMap<String, Held>,
    /// Guests.
    #[serde(default)]
    pub guests: BTreeMap<String, Guest>,
    /// What each slot is bound to when the plugin acts for the person.
    #[serde(default)]
    pub bind: BTreeMap<String, Binding>,
    /// What the plugin's store holds at first, as text.
    #[serde(default)]
    pub store: BTreeMap<String, String>,
    /// What the web answers. A request that is not here finds nobody.
    #[serde(default)]
    pub web: Vec<Page>,
    /// The time, in milliseconds since 1970: it stands still.
    #[serde(default = "clock")]
    pub clock: u64,
    /// What random bytes are made of; the same makes the same.
    #[serde(default)]
    pub seed: u64,
    /// What the plugin may use, by the keys of `[limits]` in config.toml.
    #[serde(default)]
    pub limits: BTreeMap<String, i64>,
    /// What the person answers when a grant wants a call confirmed; without it nobody is there.
    #[serde(default)]
    pub confirm: Option<Word>,
    /// After how many seconds a command that has not ended counts as hung.
    #[serde(default = "patience")]
    pub patience: u32,
    /// What is done, one after another.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
}

fn clock() -> u64 {
    1_700_000_000_000
}

fn patience() -> u32 {
    60
}

/// What a slot is bound to: a name, or an origin of the web. In a scenario that is a text, or a table with caveats.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Binding {
    /// With all that the thing allows.
    Plain(String),
    /// With less.
    Narrowed(Narrowed),
}

/// A name or an origin, with caveats.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowed {
    /// To what; left out for a slot that needs no name, such as `store`.
    pub to: Option<String>,
    /// As `powerbox grant list` shows them: `functions list`, `calls 3`.
    #[serde(default)]
    pub caveats: Vec<String>,
}

impl Binding {
    pub(crate) fn to(&self) -> Option<&str> {
        match self {
            Self::Plain(to) => Some(to),
            Self::Narrowed(narrowed) => narrowed.to.as_deref(),
        }
    }

    pub(crate) fn caveats(&self) -> &[String] {
        match self {
            Self::Plain(_) => &[],
            Self::Narrowed(narrowed) => &narrowed.caveats,
        }
    }
}

// By hand, so that an error names the key that is wrong and not merely the kind.
impl<'de> Deserialize<'de> for Binding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Binding;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a name, an origin, or a table with `to` and `caveats`")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Binding, E> {
                Ok(Binding::Plain(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Binding, A::Error> {
                Narrowed::deserialize(MapAccessDeserializer::new(map)).map(Binding::Narrowed)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// One answer of the web.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The method; `GET` if it is left out.
    #[serde(default = "get")]
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The status; 200 if it is left out.
    #[serde(default = "ok")]
    pub status: u16,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, as text.
    #[serde(default)]
    pub body: String,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

/// What the person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nothing: nobody is there.
    Nobody,
}

/// One thing that is done, and what must come of it. What is left out is not looked at; but a command that fails where
/// no error is expected has failed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    /// A command, as it is typed.
    #[serde(default)]
    pub run: Option<String>,
    /// The guest for whom it is run; none is the person.
    #[serde(rename = "as", default)]
    pub agent: Option<String>,
    /// A slot whose grant is taken back, in place of a command; with `as` the one for when the plugin acts for the guest.
    #[serde(default)]
    pub revoke: Option<String>,
    /// What the person answers in this step, where it is not what he answers in all.
    #[serde(default)]
    pub confirm: Option<Word>,
    /// The person interrupts the command as soon as a scripted object leaves it waiting (`never`).
    #[serde(default)]
    pub interrupt: bool,
    /// All that it puts out, as a terminal shows it.
    #[serde(default)]
    pub output: Option<String>,
    /// A part of what it puts out.
    #[serde(default)]
    pub output_contains: Option<String>,
    /// All that it puts out, as `--json` gives it: the last piece, or a list if there are several.
    #[serde(default)]
    pub output_json: Option<Json>,
    /// A file beside the scenario that holds what it puts out.
    #[serde(default)]
    pub golden: Option<String>,
    /// A part of the error that it ends in.
    #[serde(default)]
    pub error: Option<String>,
    /// The exit status that the program would end with.
    #[serde(default)]
    pub status: Option<i32>,
    /// All calls that it makes to what its slots and the named things reach, in order: slot and function, or the thing in
    /// backquotes and the method; the arguments may follow as the audit has them.
    #[serde(default)]
    pub calls: Option<Vec<String>>,
    /// All calls that it is refused, in order.
    #[serde(default)]
    pub denied: Option<Vec<String>>,
    /// What its store holds afterwards, as text: the one for the person, or for the guest of this step.
    #[serde(default)]
    pub store: Option<BTreeMap<String, String>>,
}
