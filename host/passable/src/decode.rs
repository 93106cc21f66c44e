//! What reading capdata and smallcaps has in common: walking the nodes of a body without recursion.

use std::marker::PhantomData;

use crate::{
    DecodeError, ErrorValue, Limits, ReadSlot, SlotKind, Symbol, Tagged, Text, Value,
    error::excerpt,
    json::{self, Node},
    number,
};

/// How one format says what JSON alone can not.
pub(crate) trait Format: Sized {
    /// Reads a string that stands for a value.
    fn string<C, S: ReadSlot<C>>(
        reader: &mut Reader<'_, '_, C, S, Self>,
        at: usize,
    ) -> Result<Value<C>, DecodeError>;

    /// Reads the name of a property.
    fn key(node: &mut Node<'_>) -> Result<Text, DecodeError>;

    /// Reads an object that has a property of [`Format::is_mark`], or gives `None` if it is a record all the same.
    fn marked<C, S: ReadSlot<C>>(
        reader: &mut Reader<'_, '_, C, S, Self>,
        object: Object,
    ) -> Result<Step<C>, DecodeError>;

    /// Tells whether a property makes an object mean something other than a record.
    fn is_mark(key: &Node<'_>) -> bool;
}

/// Where the members of an object are.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    first_key: usize,
    members: usize,
}

/// What came of looking at a node.
pub(crate) enum Step<C> {
    /// It is this value.
    Done(Value<C>),
    /// The value depends on that of another node, which is to be read next.
    Enter(Frame<C>, usize),
}

/// A value of which parts have still to be read.
pub(crate) enum Frame<C> {
    List {
        items: Vec<Value<C>>,
        at: usize,
        left: usize,
    },
    /// A record whose members come in the order in which they are to be read.
    Record {
        entries: Vec<(Text, Value<C>)>,
        at: usize,
        left: usize,
    },
    /// A record whose members come otherwise: `left` has the places of the values to be read, the next one last.
    Shuffled {
        entries: Vec<(Text, Value<C>)>,
        at: usize,
        left: Vec<usize>,
    },
    Tagged {
        tag: Text,
    },
    Error(Box<PartialError<C>>),
    HilbertOriginal {
        rest: Option<usize>,
    },
    HilbertRest {
        original: Value<C>,
    },
}

/// A property of an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorPart {
    Name,
    Message,
    Id,
    Cause,
    Errors,
    /// One that does not get into the value, though it must be readable.
    Other,
}

/// An error of which parts have still to be read.
pub(crate) struct PartialError<C> {
    name: Option<Text>,
    message: Option<Text>,
    error_id: Option<Text>,
    cause: Option<Value<C>>,
    errors: Option<Value<C>>,
    reading: ErrorPart,
    left: std::vec::IntoIter<(ErrorPart, usize)>,
}

/// Reads the nodes of one body.
pub(crate) struct Reader<'a, 's, C, S, F> {
    nodes: Vec<Node<'a>>,
    slots: &'s mut S,
    bigint_digits: usize,
    kind: PhantomData<(fn() -> C, F)>,
}

/// Reads JSON that stands for a value in format `F`.
pub(crate) fn decode<C, S: ReadSlot<C>, F: Format>(
    body: &str,
    slots: &mut S,
    limits: &Limits,
) -> Result<Value<C>, DecodeError> {
    let nodes = json::read(body, limits)?;
    Reader::<C, S, F> { nodes, slots, bigint_digits: limits.bigint_digits, kind: PhantomData }.read()
}

impl<'a, C, S: ReadSlot<C>, F: Format> Reader<'a, '_, C, S, F> {
    fn read(mut self) -> Result<Value<C>, DecodeError> {
        let mut frames: Vec<Frame<C>> = Vec::new();
        let mut at = 0;
        loop {
            let mut value = match self.open(at)? {
                Step::Done(value) => value,
                Step::Enter(frame, next) => {
                    frames.push(frame);
                    at = next;
                    continue;
                }
            };
            at = loop {
                let Some(frame) = frames.pop() else { return Ok(value) };
                match self.resume(frame, value)? {
                    Step::Done(complete) => value = complete,
                    Step::Enter(frame, next) => {
                        frames.push(frame);
                        break next;
                    }
                }
            };
        }
    }

    /// Looks at a node for the first time.
    fn open(&mut self, at: usize) -> Result<Step<C>, DecodeError> {
        Ok(match *self.node(at)? {
            Node::Null => Step::Done(Value::Null),
            Node::Bool(value) => Step::Done(Value::Bool(value)),
            Node::Number(value) => Step::Done(Value::Number(value)),
            Node::Plain(_) | Node::Escaped(_) => Step::Done(F::string(self, at)?),
            Node::List { items: 0, .. } => Step::Done(Value::List(Vec::new())),
            Node::List { items, .. } => {
                let at = at + 1;
                Step::Enter(Frame::List { items: Vec::with_capacity(items), at, left: items }, at)
            }
            Node::Object { members, .. } => {
                let object = Object { first_key: at + 1, members };
                if self.keys(object).any(|(_, key)| F::is_mark(key)) {
                    F::marked(self, object)?
                } else {
                    self.record(object)
                }
            }
        })
    }

    /// Gives a frame the value that it waited for.
    fn resume(&mut self, frame: Frame<C>, value: Value<C>) -> Result<Step<C>, DecodeError> {
        Ok(match frame {
            Frame::List { mut items, at, left } => {
                items.push(value);
                if left <= 1 {
                    Step::Done(Value::List(items))
                } else {
                    let at = self.after(at);
                    Step::Enter(Frame::List { items, at, left: left - 1 }, at)
                }
            }
            Frame::Record { mut entries, at, left } => {
                entries.push((self.key_of(at)?, value));
                if left <= 1 {
                    Step::Done(Value::Record(entries.into_iter().collect()))
                } else {
                    let at = self.after(at) + 1;
                    Step::Enter(Frame::Record { entries, at, left: left - 1 }, at)
                }
            }
            Frame::Shuffled { mut entries, at, mut left } => {
                entries.push((self.key_of(at)?, value));
                match left.pop() {
                    None => Step::Done(Value::Record(entries.into_iter().collect())),
                    Some(at) => Step::Enter(Frame::Shuffled { entries, at, left }, at),
                }
            }
            Frame::Tagged { tag } => Step::Done(Value::Tagged(Box::new(Tagged { tag, payload: value }))),
            Frame::Error(mut error) => {
                error.take(value)?;
                error.error_id = error.error_id.take().and_then(|id| self.slots.error_id(id));
                error.go_on()?
            }
            Frame::HilbertOriginal { rest: Some(rest) } => {
                Step::Enter(Frame::HilbertRest { original: value }, rest)
            }
            Frame::HilbertOriginal { rest: None } => Step::Done(Value::record([(MARK, value)])),
            Frame::HilbertRest { original } => {
                let Value::Record(rest) = value else {
                    return Err(DecodeError::Type {
                        what: "the rest of a record",
                        expected: "a record",
                        found: "something else",
                    });
                };
                if rest.get(MARK).is_some() {
                    return Err(DecodeError::Property { of: "the rest of a record", name: MARK.to_owned() });
                }
                let marked = (Text::from(MARK), original);
                Step::Done(Value::Record(rest.into_iter().chain([marked]).collect()))
            }
        })
    }

    /// Reads an object as a record.
    pub(crate) fn record(&self, object: Object) -> Step<C> {
        let Object { first_key, members } = object;
        if members == 0 {
            return Step::Done(Value::record::<Text>([]));
        }
        let mut previous = None;
        let in_order = self.keys(object).all(|(_, key)| {
            let ascends = previous.is_none_or(|previous: &Node<'_>| previous.compare_text(key).is_lt());
            previous = Some(key);
            ascends && array_index(key).is_none()
        });
        let at = first_key + 1;
        let entries = Vec::with_capacity(members);
        if in_order {
            return Step::Enter(Frame::Record { entries, at, left: members }, at);
        }
        let mut left = self.shuffle(object);
        match left.pop() {
            Some(at) => Step::Enter(Frame::Shuffled { entries, at, left }, at),
            None => Step::Enter(Frame::Record { entries, at, left: members }, at),
        }
    }

    /// Gives the places of the values of an object in the reverse of the order in which JavaScript goes through
    /// them: array indexes by number and then other names by first mention, each with the value mentioned last.
    fn shuffle(&self, object: Object) -> Vec<usize> {
        let mut entries: Vec<_> = self.keys(object).map(|(at, key)| (at, at + 1, key)).collect();
        // A stable sort keeps equal keys in the order of the text.
        entries.sort_by(|(_, _, a), (_, _, b)| a.compare_text(b));
        entries.dedup_by(|(_, later, a), (_, value, b)| {
            let same = a.compare_text(b).is_eq();
            if same {
                *value = *later;
            }
            same
        });
        entries.sort_by_key(|(first, _, key)| {
            let index = array_index(key);
            std::cmp::Reverse((index.is_none(), index, *first))
        });
        entries.into_iter().map(|(_, value, _)| value).collect()
    }

    /// Reads an error, of which the format has told what the properties mean.
    pub(crate) fn error(
        &mut self,
        object: Object,
        mut part_of: impl FnMut(&Node<'_>) -> Option<ErrorPart>,
    ) -> Result<Step<C>, DecodeError> {
        let mut parts: Vec<(ErrorPart, usize)> = Vec::new();
        for at in self.shuffle(object).into_iter().rev() {
            let (Some(key), Some(value)) = (self.nodes.get(at - 1), self.nodes.get(at)) else { continue };
            let Some(part) = part_of(key) else { continue };
            // JavaScript does not look at these when they are empty.
            let optional = matches!(part, ErrorPart::Cause | ErrorPart::Errors);
            if !(optional && value.is_falsy()) {
                parts.push((part, at));
            }
        }
        parts.sort_by_key(|(part, _)| *part as u8);
        let error = PartialError {
            name: None,
            message: None,
            error_id: None,
            cause: None,
            errors: None,
            reading: ErrorPart::Other,
            left: parts.into_iter(),
        };
        Box::new(error).go_on()
    }

    /// Reads the property `name` of an object of which only that matters.
    pub(crate) fn member(&self, object: Object, name: &str) -> Option<usize> {
        self.keys(object).filter(|(_, key)| key.as_str() == Some(name)).last().map(|(at, _)| at + 1)
    }

    /// Iterates over the keys of an object and their places; the value of each comes right after it.
    pub(crate) fn keys(&self, object: Object) -> impl Iterator<Item = (usize, &Node<'a>)> {
        let mut at = object.first_key;
        (0..object.members).map_while(move |_| {
            let key = (at, self.nodes.get(at)?);
            at = self.after(at + 1);
            Some(key)
        })
    }

    pub(crate) fn node(&self, at: usize) -> Result<&Node<'a>, DecodeError> {
        // Places come from the nodes themselves, so this does not fail.
        self.nodes.get(at).ok_or(DecodeError::Missing("value"))
    }

    pub(crate) fn node_mut(&mut self, at: usize) -> Option<&mut Node<'a>> {
        self.nodes.get_mut(at)
    }

    pub(crate) fn take_text(&mut self, at: usize) -> Result<Text, DecodeError> {
        self.nodes.get_mut(at).and_then(Node::take_text).ok_or(DecodeError::Missing("text"))
    }

    /// Gives the place of the node after a value.
    fn after(&self, at: usize) -> usize {
        match self.nodes.get(at) {
            Some(Node::List { end, .. } | Node::Object { end, .. }) => *end,
            _ => at + 1,
        }
    }

    fn key_of(&mut self, value: usize) -> Result<Text, DecodeError> {
        let key = value.checked_sub(1).and_then(|key| self.nodes.get_mut(key));
        F::key(key.ok_or(DecodeError::Missing("key"))?)
    }

    pub(crate) fn bigint(&self, digits: &str) -> Result<Value<C>, DecodeError> {
        number::read_bigint(digits, self.bigint_digits).map(Value::BigInt)
    }

    pub(crate) fn slot(
        &mut self,
        index: f64,
        kind: Option<SlotKind>,
        iface: Option<&str>,
    ) -> Result<Value<C>, DecodeError> {
        if !number::is_natural(index) {
            return Err(DecodeError::SlotIndex(index.to_string()));
        }
        // Where addresses are too small for the index, there is no such slot either.
        let index = usize::try_from(index as u64).unwrap_or(usize::MAX);
        Ok(Value::Capability(self.slots.read_slot(index, kind, iface)?))
    }
}

/// The property that marks what is not a record in capdata.
pub(crate) const MARK: &str = "@qclass";

impl<C> PartialError<C> {
    /// Takes the part that was being read.
    fn take(&mut self, value: Value<C>) -> Result<(), DecodeError> {
        let text = |what, value| match value {
            Value::Text(text) => Ok(Some(text)),
            other => Err(DecodeError::Type { what, expected: "a string", found: type_of(&other) }),
        };
        match self.reading {
            ErrorPart::Name => self.name = text("the name of an error", value)?,
            ErrorPart::Message => self.message = text("the message of an error", value)?,
            // JavaScript makes a text of it, which works for all but symbols.
            ErrorPart::Id => match value {
                Value::Text(id) => self.error_id = Some(id),
                Value::Symbol(_) => {
                    return Err(DecodeError::Type {
                        what: "the id of an error",
                        expected: "a string",
                        found: "symbol",
                    });
                }
                _ => {}
            },
            ErrorPart::Cause => self.cause = Some(value),
            ErrorPart::Errors => self.errors = Some(value),
            ErrorPart::Other => {}
        }
        Ok(())
    }

    fn go_on(mut self: Box<Self>) -> Result<Step<C>, DecodeError> {
        match self.left.next() {
            Some((part, at)) => {
                self.reading = part;
                Ok(Step::Enter(Frame::Error(self), at))
            }
            None => Ok(Step::Done(Value::Error(Box::new(self.finish()?)))),
        }
    }

    fn finish(self) -> Result<ErrorValue<C>, DecodeError> {
        const CLASSES: [&str; 8] = [
            "Error",
            "EvalError",
            "RangeError",
            "ReferenceError",
            "SyntaxError",
            "TypeError",
            "URIError",
            "AggregateError",
        ];
        let missing = |what| DecodeError::Type { what, expected: "a string", found: "undefined" };
        let name = self.name.ok_or_else(|| missing("the name of an error"))?;
        let message = self.message.ok_or_else(|| missing("the message of an error"))?;
        let name = if CLASSES.iter().any(|class| name == *class) { name } else { "Error".into() };
        let aggregate = name == "AggregateError";
        // Only errors can be causes and parts; JavaScript drops what is not.
        let is_error = |value: &Value<C>| matches!(value, Value::Error(_));
        let errors = match self.errors {
            Some(Value::List(errors)) if errors.iter().all(is_error) => Some(errors),
            Some(Value::List(_) | Value::Text(_)) | None => None,
            Some(other) if aggregate => {
                let found = type_of(&other);
                return Err(DecodeError::Type { what: "the errors of an error", expected: "a list", found });
            }
            Some(_) => None,
        };
        let errors = if aggregate { Some(errors.unwrap_or_default()) } else { errors };
        Ok(ErrorValue { name, message, error_id: self.error_id, cause: self.cause.filter(is_error), errors })
    }
}

/// Reads the name under which a symbol is passed.
pub(crate) fn symbol<C>(name: Text) -> Result<Value<C>, DecodeError> {
    let Some(suffix) = name.strip_prefix("@@") else {
        return Ok(Value::Symbol(Symbol::Registered(name)));
    };
    if suffix.strip_prefix("@@").is_some() {
        return Ok(Value::Symbol(Symbol::Registered(suffix)));
    }
    if !is_well_known(&suffix) {
        let found = excerpt(&suffix.to_string_lossy());
        return Err(DecodeError::Unrecognized { what: "well-known symbol", found });
    }
    Ok(Value::Symbol(Symbol::WellKnown(suffix)))
}

/// Tells whether a name is that of one of JavaScript's well-known symbols.
pub(crate) fn is_well_known(name: &Text) -> bool {
    const NAMES: [&str; 15] = [
        "asyncDispose",
        "asyncIterator",
        "dispose",
        "hasInstance",
        "isConcatSpreadable",
        "iterator",
        "match",
        "matchAll",
        "replace",
        "search",
        "species",
        "split",
        "toPrimitive",
        "toStringTag",
        "unscopables",
    ];
    name.as_str().is_some_and(|name| NAMES.binary_search(&name).is_ok())
}

/// Gives the number that a key is as an array index, if it is one.
fn array_index(key: &Node<'_>) -> Option<u32> {
    key.as_str().and_then(number::array_index)
}

/// Gives the JavaScript type of a value.
fn type_of<C>(value: &Value<C>) -> &'static str {
    match value {
        Value::Undefined => "undefined",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::BigInt(_) => "bigint",
        Value::Text(_) => "string",
        Value::Symbol(_) => "symbol",
        _ => "object",
    }
}
