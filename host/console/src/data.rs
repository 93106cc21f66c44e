//! Data of Rust types as passable values: records with camelCase keys, as JSON would have them.
//!
//! Numbers that JavaScript's cannot hold are bigints. What is no data, such as a reference, is refused.

use num_bigint::BigInt;
use powerbox_captp::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value as Json};

/// The largest integer up to which all are numbers of JavaScript's.
const SAFE: u64 = (1 << 53) - 1;

/// How deep data may be nested.
const DEPTH: usize = 64;

/// Something that is not the data that was expected, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(String);

/// Writes data as a passable value.
///
/// # Errors
///
/// If the type cannot be written as JSON.
pub fn to_value(data: &impl Serialize) -> Result<Value, Unfit> {
    let json = serde_json::to_value(data).map_err(|error| Unfit(error.to_string()))?;
    Ok(value_of(json))
}

/// Reads data from a passable value, which comes from a peer.
///
/// # Errors
///
/// If it is something else.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Unfit> {
    serde_json::from_value(json_of(value, 0)?).map_err(|error| Unfit(error.to_string()))
}

fn value_of(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => number_of(&number),
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::list(items.into_iter().map(value_of)),
        Json::Object(entries) => Value::record(entries.into_iter().map(|(key, item)| (key, value_of(item)))),
    }
}

fn number_of(number: &Number) -> Value {
    if let Some(whole) = number.as_u64() {
        if whole <= SAFE { Value::Number(whole as f64) } else { Value::bigint(whole) }
    } else if let Some(whole) = number.as_i64() {
        if whole.unsigned_abs() <= SAFE { Value::Number(whole as f64) } else { Value::bigint(whole) }
    } else {
        Value::Number(number.as_f64().unwrap_or(f64::NAN))
    }
}

fn json_of(value: &Value, depth: usize) -> Result<Json, Unfit> {
    if depth > DEPTH {
        return Err(Unfit(format!("it is nested more than {DEPTH} deep")));
    }
    let unfit = |what: &str| Err(Unfit(format!("{what} is no data")));
    Ok(match value {
        Value::Undefined | Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => number_from(*number)?,
        Value::BigInt(integer) => integer_from(integer)?,
        Value::Text(text) => match text.as_str() {
            Some(text) => Json::String(text.to_owned()),
            None => return unfit("a text with half a character"),
        },
        Value::List(items) => {
            Json::Array(items.iter().map(|item| json_of(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::Record(record) => {
            let mut entries = Map::new();
            for (key, item) in record.iter() {
                let Some(key) = key.as_str() else { return unfit("a key with half a character") };
                entries.insert(key.to_owned(), json_of(item, depth + 1)?);
            }
            Json::Object(entries)
        }
        Value::Symbol(_) => return unfit("a symbol"),
        Value::Tagged(_) => return unfit("a tagged value"),
        Value::Error(_) => return unfit("an error"),
        Value::Capability(_) => return unfit("a reference"),
    })
}

fn number_from(number: f64) -> Result<Json, Unfit> {
    // Whole numbers are integers to whoever reads them.
    if number.fract() == 0.0 && number.abs() <= SAFE as f64 {
        return Ok(Json::from(number as i64));
    }
    Number::from_f64(number)
        .map(Json::Number)
        .ok_or_else(|| Unfit(format!("{number} is no number of JSON's")))
}

fn integer_from(integer: &BigInt) -> Result<Json, Unfit> {
    if let Ok(whole) = u64::try_from(integer) {
        return Ok(Json::from(whole));
    }
    i64::try_from(integer).map(Json::from).map_err(|_| Unfit("an integer of more than 64 bits".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Example {
        some_text: String,
        count: u64,
        below: i64,
        maybe: Option<bool>,
        list: Vec<Example>,
    }

    proptest! {
        #[test]
        fn data_survives_both_ways(some_text: String, count: u64, below: i64, maybe: Option<bool>) {
            let inner = Example { some_text: String::new(), count: 0, below, maybe: None, list: vec![] };
            let example = Example { some_text, count, below, maybe, list: vec![inner] };
            let value = to_value(&example).unwrap();
            prop_assert_eq!(from_value::<Example>(&value).unwrap(), example);
        }
    }

    #[test]
    fn what_is_no_data_is_refused() {
        let reference = Value::Capability(powerbox_captp::Object::function("f", |_| unreachable!()));
        assert!(from_value::<Json>(&Value::list([reference])).is_err());
        let deep = (0..100).fold(Value::Null, |inner, _| Value::list([inner]));
        assert!(from_value::<Json>(&deep).is_err());
        assert!(from_value::<Example>(&Value::Null).is_err());
    }
}
