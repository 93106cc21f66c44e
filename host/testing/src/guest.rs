use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::scenario::Binding;

/// A guest. In a scenario that is a list of names, or a table.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Guest {
    /// The person's names that it is introduced to, and calls so, too.
    pub names: Vec<String>,
    /// What each slot is bound to when the plugin acts for it, by its own names.
    pub bind: BTreeMap<String, Binding>,
}

/// A guest as a table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    bind: BTreeMap<String, Binding>,
}

// By hand, so that an error names the key that is wrong and not merely the kind.
impl<'de> Deserialize<'de> for Guest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Guest;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of names, or a table with `names` and `bind`")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Guest, A::Error> {
                let names = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Guest { names, bind: BTreeMap::new() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Guest, A::Error> {
                let Table { names, bind } = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Guest { names, bind })
            }
        }
        deserializer.deserialize_any(Either)
    }
}
