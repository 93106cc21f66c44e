//! The caveats, as the model understands them, and what each says.

use std::time::Duration;

use powerbox_authority::caveat::Caveat;

use crate::model::{Arg, NOW};

pub(crate) const MINUTE: u64 = 60_000;

/// What may be called. The last two are no names.
pub(crate) const FUNCTIONS: [&str; 9] =
    ["read", "has", "write", "child", "put", "fetch", "tell", "(apply)", "(get)"];

/// Texts that are passed as names.
pub(crate) const PATHS: [&[&str]; 5] = [&[], &["a"], &["a", "b"], &["b"], &["a", ".."]];

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Rule {
    /// Bits by place in [`FUNCTIONS`].
    Functions(u8),
    ReadOnly,
    Path(&'static [&'static str]),
    /// The first argument of this function is one of these numbers: bits.
    In(usize, u8),
    /// It lies between these.
    Between(usize, i8, i8),
    /// In minutes from the start.
    Expires(u64),
    Calls(u64),
    /// So many in so many minutes.
    Rate(u64, u64),
    /// Nothing fits, or everything does.
    Bytes(bool),
    Confirm,
}

impl Rule {
    /// As the person writes it.
    pub(crate) fn text(&self) -> String {
        let chosen = |bits: u8| (0..8).filter(move |bit| bits & (1 << bit) != 0);
        let join = |items: Vec<String>| items.join(",");
        match self {
            Self::Functions(bits) => {
                format!(
                    "functions {}",
                    join(chosen(*bits).filter(|bit| *bit < 7).map(|bit| FUNCTIONS[bit].into()).collect())
                )
            }
            Self::ReadOnly => "read-only".into(),
            Self::Path(names) => format!("path {}", names.join("/")),
            Self::In(function, bits) => {
                let numbers = join(chosen(*bits).map(|number| number.to_string()).collect());
                format!("arg {}.0 in [{numbers}]", FUNCTIONS[*function])
            }
            Self::Between(function, low, high) => {
                format!("arg {}.0 between {low} {high}", FUNCTIONS[*function])
            }
            Self::Expires(minutes) => {
                Caveat::expires_in(Duration::from_millis(expiry(*minutes)), 0).unwrap().to_string()
            }
            Self::Calls(count) => format!("calls {count}"),
            Self::Rate(calls, minutes) => format!("rate {calls}/{minutes}m"),
            Self::Bytes(false) => "bytes 1".into(),
            Self::Bytes(true) => "bytes 1GiB".into(),
            Self::Confirm => "confirm".into(),
        }
    }

    /// Whether it is over, by the time.
    pub(crate) fn is_over(&self, now: u64) -> bool {
        matches!(self, Self::Expires(minutes) if now >= expiry(*minutes))
    }

    /// Whether it lets a call through that is looked at by itself.
    pub(crate) fn allows(&self, function: &str, args: &[Arg], direct: bool) -> bool {
        let number = || match args.first() {
            Some(Arg::Number(number)) => Some(*number),
            _ => None,
        };
        let argument = |on: usize, fits: &dyn Fn(i8) -> bool| match function {
            "(get)" => args != [Arg::Text(FUNCTIONS[on])],
            function if function == FUNCTIONS[on] => direct && number().is_some_and(fits),
            _ => true,
        };
        match self {
            Self::Functions(bits) => (0..7).any(|bit| bits & (1 << bit) != 0 && FUNCTIONS[bit] == function),
            Self::ReadOnly => matches!(function, "read" | "has"),
            Self::Path(prefix) if direct => {
                let names: Vec<_> =
                    args.iter().map(|arg| if let Arg::Text(name) = arg { name } else { "/" }).collect();
                function == "has" && names.starts_with(prefix) && !names.contains(&"..")
            }
            Self::In(on, bits) => {
                argument(*on, &|number| (0..8).contains(&number) && bits & (1 << number) != 0)
            }
            Self::Between(on, low, high) => argument(*on, &|number| (*low..=*high).contains(&number)),
            Self::Bytes(enough) => *enough,
            _ => true,
        }
    }

    /// Whether a child may say this under a parent that says `above`.
    pub(crate) fn is_within(&self, above: &Self) -> bool {
        match (self, above) {
            (Self::Functions(own), Self::Functions(above)) => own & !above & 0x7f == 0,
            (Self::Path(own), Self::Path(above)) => own.starts_with(above),
            (Self::Expires(own), Self::Expires(above)) => own <= above,
            (Self::Calls(own), Self::Calls(above)) => own <= above,
            (Self::Rate(calls, minutes), Self::Rate(above, per)) => {
                calls <= above && calls * per <= above * minutes
            }
            (Self::Bytes(own), Self::Bytes(above)) => own <= above,
            (Self::In(on, own), Self::In(other, above)) if on == other => own & !above == 0,
            (Self::In(on, own), Self::Between(other, low, high)) if on == other => {
                (0..8).all(|number| own & (1 << number) == 0 || (*low..=*high).contains(&number))
            }
            (Self::Between(on, low, high), Self::Between(other, least, most)) if on == other => {
                low >= least && high <= most
            }
            (Self::Between(on, ..), Self::In(other, _)) => on != other,
            _ => true,
        }
    }
}

/// A quarter of a minute past, so that no step of whole minutes ever hits it.
fn expiry(minutes: u64) -> u64 {
    NOW + minutes * MINUTE + MINUTE / 4
}
