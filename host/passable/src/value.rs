use num_bigint::BigInt;

use crate::Text;

/// A passable value whose capabilities are of type `C`.
///
/// The kinds are those of `@endo/pass-style`. Two values are equal if they have the same structure; numbers compare
/// as `Object.is` does, so `NaN` equals itself and `0` does not equal `-0`.
#[derive(Clone, Debug)]
pub enum Value<C> {
    /// JavaScript's `undefined`: also what a method without a result answers.
    Undefined,
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A double, `NaN` and the infinities included.
    Number(f64),
    /// An integer of any size.
    BigInt(BigInt),
    /// A string.
    Text(Text),
    /// A registered or well-known symbol.
    Symbol(Symbol),
    /// A copyArray.
    List(Vec<Value<C>>),
    /// A copyRecord.
    Record(Record<C>),
    /// A tagged value: copySets, patterns, guards and the like.
    Tagged(Box<Tagged<C>>),
    /// An error, as data.
    Error(Box<ErrorValue<C>>),
    /// An object or a promise.
    Capability(C),
}

/// A symbol that can be passed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// `Symbol.for(name)`
    Registered(Text),
    /// `Symbol[name]`, such as `asyncIterator`.
    WellKnown(Text),
}

/// A copyRecord: properties in UTF-16 order of their keys, each key once.
#[derive(Clone, Debug)]
pub struct Record<C>(Vec<(Text, Value<C>)>);

/// A tag and its payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagged<C> {
    /// What kind of value the payload stands for, for instance `copySet`.
    pub tag: Text,
    /// The value that is tagged.
    pub payload: Value<C>,
}

/// An error as data: what is left of a JavaScript error on the wire.
#[derive(Clone, Debug)]
pub struct ErrorValue<C> {
    /// The class, for instance `TypeError`. A class that JavaScript does not know reads as `Error`.
    pub name: Text,
    /// What happened, for people.
    pub message: Text,
    /// Identifies the error in the logs of the side that made it; not part of its value.
    pub error_id: Option<Text>,
    /// The error that caused this one.
    pub cause: Option<Value<C>>,
    /// The parts of an AggregateError.
    pub errors: Option<Vec<Value<C>>>,
}

impl<C> Value<C> {
    /// Makes a string.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a list.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// Makes a list of strings.
    pub fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::List(items.into_iter().map(Self::text).collect())
    }

    /// Makes a record; of a key given twice the last value counts.
    pub fn record<K: Into<Text>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Record(entries.into_iter().collect())
    }

    /// Makes an error of class `name`.
    pub fn error(name: &str, message: impl Into<Text>) -> Self {
        Self::Error(Box::new(ErrorValue::new(name, message)))
    }

    /// Makes a bigint.
    pub fn bigint(integer: impl Into<BigInt>) -> Self {
        Self::BigInt(integer.into())
    }

    /// Gives the text, if this is a well-formed string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => text.as_str(),
            _ => None,
        }
    }

    /// Gives the items, if this is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Gives the record, if this is one.
    pub fn as_record(&self) -> Option<&Record<C>> {
        match self {
            Self::Record(record) => Some(record),
            _ => None,
        }
    }

    /// Gives the boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Gives the number, if this is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// Gives the capability, if this is one.
    pub fn as_capability(&self) -> Option<&C> {
        match self {
            Self::Capability(capability) => Some(capability),
            _ => None,
        }
    }

    /// Gives the value of a property, if this is a record that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_record()?.get(key)
    }

    /// Tells whether this is `undefined`.
    pub fn is_undefined(&self) -> bool {
        matches!(self, Self::Undefined)
    }
}

impl<C> Record<C> {
    /// Gives the value of a property.
    pub fn get(&self, key: &str) -> Option<&Value<C>> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<(&Text, &Value<C>)> {
        self.iter().find(|(k, _)| **k == key)
    }

    pub(crate) fn entries(&self) -> &[(Text, Value<C>)] {
        &self.0
    }

    /// Iterates over the properties in UTF-16 order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Text, &Value<C>)> {
        self.0.iter().map(|(k, v)| (k, v))
    }

    /// Iterates over the values, which may be exchanged, in the same order.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value<C>> {
        self.0.iter_mut().map(|(_, value)| value)
    }

    /// Gives the number of properties.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is no property.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<C> IntoIterator for Record<C> {
    type Item = (Text, Value<C>);
    type IntoIter = std::vec::IntoIter<(Text, Value<C>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of a key given twice the last value counts.
impl<C, K: Into<Text>> FromIterator<(K, Value<C>)> for Record<C> {
    fn from_iter<I: IntoIterator<Item = (K, Value<C>)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().map(|(k, v)| (k.into(), v)).collect();
        if entries.is_sorted_by(|(a, _), (b, _)| a < b) {
            return Self(entries);
        }
        // A stable sort keeps equal keys in the order given; the last of each run then survives.
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries.reverse();
        entries.dedup_by(|(later, _), (earlier, _)| later == earlier);
        entries.reverse();
        Self(entries)
    }
}

impl<C> ErrorValue<C> {
    /// Makes an error without id, cause or parts.
    pub fn new(name: &str, message: impl Into<Text>) -> Self {
        Self { name: name.into(), message: message.into(), error_id: None, cause: None, errors: None }
    }
}

impl<C: PartialEq> PartialEq for Value<C> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => (a.is_nan() && b.is_nan()) || a.to_bits() == b.to_bits(),
            (Self::BigInt(a), Self::BigInt(b)) => a == b,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Symbol(a), Self::Symbol(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Tagged(a), Self::Tagged(b)) => a == b,
            (Self::Error(a), Self::Error(b)) => a == b,
            (Self::Capability(a), Self::Capability(b)) => a == b,
            _ => false,
        }
    }
}

impl<C: PartialEq> PartialEq for Record<C> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// Errors are equal if class, message, cause and parts are; the id is for logs only.
impl<C: PartialEq> PartialEq for ErrorValue<C> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.message == other.message
            && self.cause == other.cause
            && self.errors == other.errors
    }
}

impl<C> From<bool> for Value<C> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl<C> From<f64> for Value<C> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl<C> From<&str> for Value<C> {
    fn from(value: &str) -> Self {
        Self::text(value)
    }
}

impl<C> From<String> for Value<C> {
    fn from(value: String) -> Self {
        Self::text(value)
    }
}

impl<C> From<BigInt> for Value<C> {
    fn from(value: BigInt) -> Self {
        Self::BigInt(value)
    }
}
