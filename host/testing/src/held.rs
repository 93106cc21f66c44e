use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// What a name holds. A table with the text of one of the keys `text`, `json`, `blob` or `object` is such a thing; any
/// other table is a directory.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Held {
    /// A text that is stored as a value.
    Text {
        /// The text.
        text: String,
    },
    /// A value, as JSON spells it.
    Json {
        /// The JSON text.
        json: String,
    },
    /// Bytes, given as text.
    Blob {
        /// The bytes.
        blob: String,
    },
    /// An object that answers as it is told. Only outside of directories.
    Object {
        /// What it calls itself, such as `Alleged: Mailbox`.
        object: String,
        /// How it answers: the first that fits.
        answers: Vec<Answer>,
    },
    /// A directory.
    Directory(BTreeMap<String, Held>),
}

/// How a scripted object answers a call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answer {
    /// The method.
    pub method: String,
    /// The arguments for which this holds; any if it is left out.
    #[serde(default)]
    pub args: Option<Json>,
    /// What it gives.
    #[serde(default)]
    pub returns: Option<Json>,
    /// The scripted object of this name is what it gives.
    #[serde(default)]
    pub returns_object: Option<String>,
    /// The message of the error that it ends in.
    #[serde(default)]
    pub throws: Option<String>,
    /// It never answers.
    #[serde(default)]
    pub never: bool,
    /// It answers so only so many times.
    #[serde(default)]
    pub times: Option<u32>,
}

/// What stands in a table that says what a name holds.
enum Part {
    /// What the thing is made of.
    Text(String),
    /// How a scripted object answers.
    Answers(Vec<Answer>),
    /// What a directory has of this name.
    Inner(Held),
}

// By hand, so that an error names the key that is wrong and not merely the kind.
impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut parts = BTreeMap::<String, Part>::deserialize(deserializer)?;
        let kind = ["text", "json", "blob", "object"]
            .into_iter()
            .find(|kind| matches!(parts.get(*kind), Some(Part::Text(_))));
        let Some((kind, Part::Text(text))) = kind.and_then(|kind| Some((kind, parts.remove(kind)?))) else {
            return directory(parts).map(Self::Directory);
        };
        let answers = match (kind, parts.remove("answers")) {
            ("object", Some(Part::Answers(answers))) => answers,
            (_, None) => Vec::new(),
            ("object", Some(_)) => return Err(de::Error::custom("`answers` must be a list of tables")),
            (_, Some(_)) => return Err(de::Error::custom("only an `object` has `answers`")),
        };
        if let Some(key) = parts.keys().next() {
            return Err(de::Error::custom(format!("beside `{kind}` there is no place for `{key}`")));
        }
        Ok(match kind {
            "text" => Self::Text { text },
            "json" => Self::Json { json: text },
            "blob" => Self::Blob { blob: text },
            _ => Self::Object { object: text, answers },
        })
    }
}

fn directory<E: de::Error>(parts: BTreeMap<String, Part>) -> Result<BTreeMap<String, Held>, E> {
    let inner = |(name, part)| match part {
        Part::Inner(held) => Ok((name, held)),
        _ => Err(E::custom(format!(
            "`{name}` is neither what a thing is made of (`text`, `json`, `blob` or `object`) nor a table, as in \
             a directory"
        ))),
    };
    parts.into_iter().map(inner).collect()
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Part;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, a table, or a list of answers")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
                Ok(Part::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Part, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Part::Answers)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
                Held::deserialize(MapAccessDeserializer::new(map)).map(Part::Inner)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
