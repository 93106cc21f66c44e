use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::OnceLock;

use powerbox_captp::{Object, Value};
use powerbox_passable::{Symbol, Text};
use sha2::{Digest as _, Sha256};

use super::measure::each;

/// What a reference is called in a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// The object that was granted.
    Root,
    /// An object that the grant led to, by a number that no other object of this process has.
    Number(u64),
    /// An object of the holder's own. Which one means nothing to anybody else.
    Own,
}

/// The SHA-256 of one exact call, in hexadecimal: its target, function, arguments, and which references are in them.
///
/// It is the same for the same call in every process, unless references but the granted object are in it.
pub(super) fn digest(
    target: Named,
    function: &str,
    arguments: &[Value],
    mut name: impl FnMut(&Object) -> Named,
) -> String {
    let mut call = Call(Sha256::new());
    call.0.update(b"powerbox call 1");
    call.named(target);
    call.text(&Text::from(function));
    call.count(arguments.len());
    each(arguments, |value| match value {
        Value::Undefined => call.tag(b'u'),
        Value::Null => call.tag(b'n'),
        Value::Bool(flag) => call.tag(if *flag { b'y' } else { b'f' }),
        Value::Number(number) => {
            call.tag(b'd');
            let number = if number.is_nan() { f64::NAN } else { *number };
            call.0.update(number.to_bits().to_le_bytes());
        }
        Value::BigInt(integer) => {
            call.tag(b'i');
            let bytes = integer.to_signed_bytes_le();
            call.count(bytes.len());
            call.0.update(bytes);
        }
        Value::Text(text) => call.text(text),
        Value::Symbol(Symbol::Registered(name)) => {
            call.tag(b's');
            call.text(name);
        }
        Value::Symbol(Symbol::WellKnown(name)) => {
            call.tag(b'w');
            call.text(name);
        }
        Value::List(items) => {
            call.tag(b'l');
            call.count(items.len());
        }
        Value::Record(record) => {
            call.tag(b'r');
            call.count(record.len());
            for (key, _) in record.iter() {
                call.text(key);
            }
        }
        Value::Tagged(tagged) => {
            call.tag(b'g');
            call.text(&tagged.tag);
        }
        Value::Error(error) => {
            call.tag(b'e');
            call.text(&error.name);
            call.text(&error.message);
            call.count(usize::from(error.cause.is_some()));
            // An empty list of parts is another thing than none.
            call.count(error.errors.as_ref().map_or(0, |errors| errors.len() + 1));
        }
        Value::Capability(object) => call.named(name(object)),
    });
    call.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A call on its way into the digest. What has parts is preceded by their number, so no two calls look alike.
struct Call(Sha256);

impl Call {
    fn tag(&mut self, tag: u8) {
        self.0.update([tag]);
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_le_bytes());
    }

    fn text(&mut self, text: &Text) {
        match text.as_str() {
            Some(text) => {
                self.tag(b't');
                self.count(text.len());
                self.0.update(text);
            }
            None => {
                self.tag(b'T');
                let units: Vec<u8> = text.utf16_units().flat_map(u16::to_le_bytes).collect();
                self.count(units.len());
                self.0.update(units);
            }
        }
    }

    fn named(&mut self, name: Named) {
        /// Other processes count from the same number, but their objects are others.
        static PROCESS: OnceLock<[u64; 2]> = OnceLock::new();
        match name {
            Named::Root => self.tag(b'R'),
            Named::Own => self.tag(b'O'),
            Named::Number(number) => {
                let random = || RandomState::new().build_hasher().finish();
                let process = PROCESS.get_or_init(|| [random(), random()]);
                self.tag(b'N');
                process.iter().chain([&number]).for_each(|part| self.0.update(part.to_le_bytes()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(function: &str, arguments: &[Value]) -> String {
        digest(Named::Root, function, arguments, |_| Named::Own)
    }

    #[test]
    fn calls_that_differ_have_different_digests() {
        let text = |text: &str| Value::text(text);
        let lone = Value::Text(Text::from_utf16(&[0xd800]));
        let calls: Vec<Vec<Value>> = vec![
            vec![],
            vec![text("a"), text("b")],
            vec![text("ab")],
            vec![text(""), text("ab")],
            vec![Value::list([text("a"), text("b")])],
            vec![Value::list([text("a")]), text("b")],
            vec![Value::list([]), text("a"), text("b")],
            vec![Value::record([("a", text("b"))])],
            vec![Value::Number(0.0)],
            vec![Value::Number(-0.0)],
            vec![Value::bigint(0)],
            vec![Value::Null],
            vec![Value::Undefined],
            vec![Value::Bool(false)],
            vec![Value::Bool(true)],
            vec![lone],
            vec![text("\u{fffd}")],
            vec![Value::error("Error", "a")],
        ];
        let mut digests: Vec<_> = calls.iter().map(|args| of("f", args)).collect();
        digests.push(of("g", &[]));
        digests.push(digest(Named::Number(1), "f", &[], |_| Named::Own));
        digests.push(digest(Named::Number(2), "f", &[], |_| Named::Own));
        let count = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), count);
    }

    #[test]
    fn the_same_call_has_the_same_digest() {
        assert_eq!(of("f", &[Value::text("a")]), of("f", &[Value::text("a")]));
        assert_eq!(of("f", &[]).len(), 64);
    }
}
