use num_bigint::BigInt;
use powerbox_passable::Value;
use serde_json::{Map, Number, Value as Json};

/// Spells plain data as JSON: what has no place in JSON (references, errors, tagged values, symbols, `NaN`) makes it
/// `None`. `undefined` becomes `null`, and bigints become JSON numbers.
pub fn plain_json<C>(value: &Value<C>) -> Option<Json> {
    Some(match value {
        Value::Undefined | Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(number) => Json::Number(json_number(*number)?),
        Value::BigInt(integer) => Json::Number(json_integer(integer)?),
        Value::Text(text) => Json::String(text.to_string_lossy().into_owned()),
        Value::List(items) => Json::Array(items.iter().map(plain_json).collect::<Option<_>>()?),
        Value::Record(record) => {
            let mut map = Map::new();
            for (key, value) in record.iter() {
                map.insert(key.to_string_lossy().into_owned(), plain_json(value)?);
            }
            Json::Object(map)
        }
        Value::Symbol(_) | Value::Tagged(_) | Value::Error(_) | Value::Capability(_) => return None,
    })
}

/// Spells a whole number without a fraction, as JavaScript does.
fn json_number(number: f64) -> Option<Number> {
    if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 {
        #[allow(clippy::cast_possible_truncation)]
        let integer = number as i64;
        Some(Number::from(integer))
    } else {
        Number::from_f64(number)
    }
}

fn json_integer(integer: &BigInt) -> Option<Number> {
    i64::try_from(integer).map(Number::from).or_else(|_| u64::try_from(integer).map(Number::from)).ok()
}

/// Reads JSON as plain data; every number is a number.
pub fn from_json<C>(json: &Json) -> Value<C> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(from_json)),
        Json::Object(map) => Value::record(map.iter().map(|(key, value)| (key.as_str(), from_json(value)))),
    }
}
