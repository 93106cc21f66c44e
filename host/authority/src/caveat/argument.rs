use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use powerbox_passable::{BigInt, Value};
use serde_json::value::RawValue;

use super::functions::method;
use super::{CaveatError, Crossing, GET, PathPrefix};

/// What one argument of one function must be.
///
/// Written `FUNCTION.WHICH = JSON`, `FUNCTION.WHICH in [JSON, …]`, `FUNCTION.WHICH between LOW HIGH` or
/// `FUNCTION.WHICH under PATH`, where `WHICH` is a parameter's name or its place, counted from 0. Other functions are
/// not restricted; a `functions` caveat does that.
#[derive(Clone, Debug, PartialEq)]
pub struct ArgumentRule {
    function: String,
    which: Which,
    condition: Condition,
}

/// Which argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// By its place, the first is 0.
    Place(usize),
    /// By its name, in kebab-case.
    Name(String),
}

/// What an argument must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// This: text, a number, true, false or null.
    Equals(serde_json::Value),
    /// One of these.
    In(Vec<serde_json::Value>),
    /// A number from the first to the second.
    Between(f64, f64),
    /// A path that begins so: text with slashes, or a list of names.
    Under(PathPrefix),
}

/// The most values in a set.
const MOST_VALUES: usize = 1000;
/// The largest number, 2^53 - 1: one beyond it stands for its neighbours, too.
const LARGEST: f64 = 9_007_199_254_740_991.0;

impl ArgumentRule {
    pub(super) fn check(&self, call: &dyn Crossing) -> Result<(), String> {
        if call.function() == GET && self.is_taken_by(call) {
            return Err(format!(
                "the grant allows `{self}` only, and what is read from there could be called with anything"
            ));
        }
        if call.function() != self.function {
            return Ok(());
        }
        let refused = |why: &str| Err(format!("the grant allows `{self}` only{why}"));
        if !call.is_direct() {
            return refused(", which cannot be judged on an object that was answered with");
        }
        match call.argument(&self.which) {
            Some(value) if self.condition.holds(&value) => Ok(()),
            Some(_) => refused(""),
            None => refused(", and the call has no such plain argument"),
        }
    }

    /// Whether a property is read that could be the function itself: its arguments would be out of sight.
    fn is_taken_by(&self, call: &dyn Crossing) -> bool {
        let property = call.argument(&Which::Place(0));
        property.is_none_or(|property| property.as_str().is_none_or(|name| name == self.function))
    }

    pub(super) fn is_within(&self, parent: &Self) -> bool {
        if self.function != parent.function || self.which != parent.which {
            return true;
        }
        match (&self.condition, &parent.condition) {
            (Condition::Between(low, high), Condition::Between(least, most)) => low >= least && high <= most,
            (Condition::Under(own), Condition::Under(parent)) => own.is_within(parent),
            (Condition::Equals(value), condition) => condition.holds_json(value),
            (Condition::In(values), condition) => values.iter().all(|value| condition.holds_json(value)),
            // A range in a set, a path in a range: nothing that could be told.
            _ => false,
        }
    }
}

impl Condition {
    /// Whether a value is so. What cannot be compared is not.
    pub fn holds(&self, value: &Value<()>) -> bool {
        match self {
            Self::Equals(json) => equal(value, json),
            Self::In(all) => all.iter().any(|json| equal(value, json)),
            Self::Between(low, high) => {
                let within = |order: Option<Ordering>, wanted: Ordering| {
                    order.is_some_and(|order| order == wanted || order == Ordering::Equal)
                };
                within(compare(value, *low), Ordering::Greater)
                    && within(compare(value, *high), Ordering::Less)
            }
            Self::Under(prefix) => match value {
                Value::Text(text) => text.as_str().is_some_and(|text| prefix.covers_text(text)),
                Value::List(names) => {
                    let names: Option<Vec<String>> =
                        names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                    names.is_some_and(|names| prefix.covers(&names))
                }
                _ => false,
            },
        }
    }

    fn holds_json(&self, json: &serde_json::Value) -> bool {
        plain(json).is_some_and(|value| self.holds(&value))
    }
}

/// A value of a rule, as a call would carry it.
fn plain(json: &serde_json::Value) -> Option<Value<()>> {
    Some(match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(flag) => Value::Bool(*flag),
        serde_json::Value::String(text) => Value::text(text.as_str()),
        serde_json::Value::Number(number) => Value::Number(number.as_f64()?),
        _ => return None,
    })
}

fn equal(value: &Value<()>, json: &serde_json::Value) -> bool {
    match (value, json) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(flag), serde_json::Value::Bool(wanted)) => flag == wanted,
        (Value::Text(text), serde_json::Value::String(wanted)) => text.as_str() == Some(wanted),
        (value, serde_json::Value::Number(wanted)) => {
            wanted.as_f64().is_some_and(|wanted| compare(value, wanted) == Some(Ordering::Equal))
        }
        _ => false,
    }
}

/// Compares a number or bigint with a bound, exactly; `None` for anything else, and for NaN.
fn compare(value: &Value<()>, bound: f64) -> Option<Ordering> {
    match value {
        Value::Number(number) => number.partial_cmp(&bound),
        Value::BigInt(integer) => {
            // The bound may have a fraction: compare with the whole number below it first.
            let floor = bound.floor();
            // Bounds are within what a 64-bit integer holds, see `number`.
            let order = integer.cmp(&BigInt::from(floor as i64));
            Some(if order == Ordering::Equal && floor < bound { Ordering::Less } else { order })
        }
        _ => None,
    }
}

impl FromStr for ArgumentRule {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        let shape = || CaveatError::new(text, "write FUNCTION.WHICH and then =, in, between or under");
        let mut words = text.splitn(3, ' ');
        let (Some(place), Some(verb), Some(rest)) = (words.next(), words.next(), words.next()) else {
            return Err(shape());
        };
        let (function, which) = place.rsplit_once('.').ok_or_else(shape)?;
        let condition = match verb {
            "=" => Condition::Equals(scalar(rest)?),
            "in" => set(rest)?,
            "between" => range(rest)?,
            "under" => Condition::Under(rest.trim().parse()?),
            _ => return Err(shape()),
        };
        Ok(Self { function: method(function)?, which: which.parse()?, condition })
    }
}

fn scalar(text: &str) -> Result<serde_json::Value, CaveatError> {
    let json: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        CaveatError::new(text, format!("the value is not JSON ({error}); text needs quotes"))
    })?;
    match &json {
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
            Err(CaveatError::new(text, "a value is text, a number, true, false or null"))
        }
        serde_json::Value::Number(number) => {
            // JSON's reader rounds a fraction in its own way, from which another number is shown and read again.
            let exact = if number.is_f64() { text.trim().parse().ok() } else { number.as_f64() };
            match exact.filter(|exact: &f64| exact.abs() <= LARGEST) {
                Some(exact) if number.is_f64() => Ok(exact.into()),
                Some(_) => Ok(json),
                None => Err(CaveatError::new(text, "the number is too large to be compared")),
            }
        }
        _ => Ok(json),
    }
}

fn set(text: &str) -> Result<Condition, CaveatError> {
    let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(text) else {
        return Err(CaveatError::new(text, "a set is a JSON list, as [\"a\",\"b\"]"));
    };
    if values.is_empty() || values.len() > MOST_VALUES {
        return Err(CaveatError::new(text, format!("a set has 1 to {MOST_VALUES} values")));
    }
    let values: Result<_, _> = values.into_iter().map(|value| scalar(value.get())).collect();
    Ok(Condition::In(values?))
}

fn range(text: &str) -> Result<Condition, CaveatError> {
    let mut bounds = text.split_whitespace();
    let (Some(low), Some(high), None) = (bounds.next(), bounds.next(), bounds.next()) else {
        return Err(CaveatError::new(text, "a range is two numbers, the lower first"));
    };
    let (low, high) = (number(low)?, number(high)?);
    if low > high {
        return Err(CaveatError::new(text, "the range is empty: its lower bound is above its upper one"));
    }
    Ok(Condition::Between(low, high))
}

/// Reads a bound, which is written as in JSON: no sign in front but a minus, no `inf`, no `NaN`.
fn number(text: &str) -> Result<f64, CaveatError> {
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'e' | b'E' | b'+'));
    let number: Option<f64> = if plain && !text.starts_with(['+', '.']) { text.parse().ok() } else { None };
    let fits = number.filter(|number| number.is_finite() && number.abs() <= LARGEST);
    fits.ok_or_else(|| CaveatError::new(text, "a number is needed, and not too large a one"))
}

impl FromStr for Which {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let place = text.parse().ok().filter(|place| *place < 64);
            return place
                .map(Self::Place)
                .ok_or_else(|| CaveatError::new(text, "an argument's place is a number from 0 to 63"));
        }
        let fits = text.len() <= 128
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if fits {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err(CaveatError::new(text, "an argument's name has lower case letters, digits and hyphens"))
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Place(place) => write!(f, "{place}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for ArgumentRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} ", self.function, self.which)?;
        match &self.condition {
            Condition::Equals(value) => write!(f, "= {value}"),
            Condition::In(values) => write!(f, "in {}", serde_json::Value::Array(values.clone())),
            Condition::Between(low, high) => write!(f, "between {low} {high}"),
            Condition::Under(prefix) => write!(f, "under {prefix}"),
        }
    }
}
