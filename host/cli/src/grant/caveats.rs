//! Caveats on a command line.

use std::str::FromStr;
use std::time::Duration;

use powerbox_authority::caveat::{
    ArgumentRule, ByteBudget, CallCount, Caveat, CaveatError, Expiry, Functions, PathPrefix, Rate,
};
use powerbox_core::text::clean_line;

/// What a grant shall not allow. With several caveats it allows only what all of them do.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Caveats")]
pub(crate) struct CaveatFlags {
    /// Only these functions, as in `list,lookup`
    #[arg(long, alias = "methods", value_name = "NAMES", value_parser = part::<Functions>)]
    functions: Option<Functions>,
    /// Only functions that are known to change nothing
    #[arg(long)]
    read_only: bool,
    /// Only what has a path that begins with this one
    #[arg(long, value_name = "PREFIX", value_parser = part::<PathPrefix>)]
    path: Option<PathPrefix>,
    /// Only calls of FUNCTION whose argument WHICH (a name, or a place from 0) is so; can be repeated
    ///
    /// Write `FUNCTION.WHICH = JSON`, `FUNCTION.WHICH in [JSON, …]`, `FUNCTION.WHICH between LOW HIGH` or
    /// `FUNCTION.WHICH under PATH`.
    #[arg(long = "arg", value_name = "RULE", value_parser = part::<ArgumentRule>)]
    arguments: Vec<ArgumentRule>,
    /// Only until then: `10m` from now, or `2026-12-01T00:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = Until::parse, allow_hyphen_values = true)]
    expires: Option<Until>,
    /// Only so many calls
    #[arg(long, value_name = "N", value_parser = part::<CallCount>, allow_hyphen_values = true)]
    calls: Option<CallCount>,
    /// Only so many calls in a while, as in `5/1m`
    #[arg(long, value_name = "N/TIME", value_parser = part::<Rate>, allow_hyphen_values = true)]
    rate: Option<Rate>,
    /// Only so many bytes in all calls and answers, as in `64KiB` or `1MiB`
    #[arg(long, value_name = "SIZE", value_parser = part::<ByteBudget>, allow_hyphen_values = true)]
    bytes: Option<ByteBudget>,
    /// Only what you agree to, call by call
    #[arg(long)]
    confirm: bool,
    /// A caveat as lists show it, as in `calls 10`; can be repeated
    #[arg(long = "caveat", value_name = "TEXT", value_parser = TypedCaveat::parse)]
    typed: Vec<TypedCaveat>,
}

/// When a grant shall end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Until {
    /// So long from now.
    In(Duration),
    /// At this moment.
    At(Expiry),
}

/// A caveat as text, where the time of an `expires` may count from now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TypedCaveat {
    /// It ends then.
    Expires(Until),
    /// Any other.
    Other(Caveat),
}

impl CaveatFlags {
    /// The caveats; times count from `now`, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// If a time is beyond what can be written.
    pub(crate) fn at(&self, now: u64) -> Result<Vec<Caveat>, CaveatError> {
        let mut caveats = Vec::new();
        caveats.extend(self.functions.clone().map(Caveat::Functions));
        caveats.extend(self.read_only.then_some(Caveat::ReadOnly));
        caveats.extend(self.path.clone().map(Caveat::Path));
        caveats.extend(self.arguments.iter().cloned().map(Caveat::Argument));
        if let Some(until) = self.expires {
            caveats.push(until.at(now)?);
        }
        caveats.extend(self.calls.map(Caveat::Calls));
        caveats.extend(self.rate.map(Caveat::Rate));
        caveats.extend(self.bytes.map(Caveat::Bytes));
        caveats.extend(self.confirm.then_some(Caveat::Confirm));
        for typed in &self.typed {
            caveats.push(typed.at(now)?);
        }
        Ok(caveats)
    }
}

impl Until {
    fn parse(text: &str) -> Result<Self, String> {
        let right = "write `10m` (so long from now) or a moment as `2026-12-01T00:00:00Z`";
        if let Ok(wait) = humantime::parse_duration(text) {
            // The clock is not asked yet; this only finds what can never be right.
            return Expiry::after(wait, 0)
                .map(|_| Self::In(wait))
                .map_err(|error| format!("{}; {right}", error.reason));
        }
        text.parse().map(Self::At).map_err(|_| right.to_owned())
    }

    fn at(self, now: u64) -> Result<Caveat, CaveatError> {
        match self {
            Self::In(wait) => Caveat::expires_in(wait, now),
            Self::At(expiry) => Ok(Caveat::Expires(expiry)),
        }
    }
}

impl TypedCaveat {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and what is right.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            Some(("expires", until)) => Until::parse(until.trim()).map(Self::Expires),
            _ => part(text).map(Self::Other),
        }
    }

    /// The caveat; a time counts from `now`, in milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// If a time is beyond what can be written.
    pub(crate) fn at(&self, now: u64) -> Result<Caveat, CaveatError> {
        match self {
            Self::Expires(until) => until.at(now),
            Self::Other(caveat) => Ok(caveat.clone()),
        }
    }
}

/// Reads a part of a caveat. The program says itself what was given; the error says what is wrong with it.
fn part<T: FromStr<Err = CaveatError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: CaveatError| {
        if error.text == text || error.text.is_empty() {
            error.reason
        } else {
            format!("`{}`: {}", clean_line(&error.text), error.reason)
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        caveats: CaveatFlags,
    }

    fn read(words: &[&str]) -> Result<Vec<String>, String> {
        let words = Words::try_parse_from([&["powerbox"], words].concat());
        let words = words.map_err(|error| error.to_string())?;
        let caveats = words.caveats.at(1_000).map_err(|error| error.to_string())?;
        Ok(caveats.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_flag_makes_its_caveat() {
        let words = [
            "--functions",
            "list,make-directory",
            "--read-only",
            "--path",
            "notes/work",
            "--arg",
            "send.to = \"bob\"",
            "--arg",
            "send.0 under a/b",
            "--expires",
            "10m",
            "--calls",
            "3",
            "--rate",
            "5/1m",
            "--bytes",
            "1MiB",
            "--confirm",
            "--caveat",
            "calls 2",
            "--caveat",
            "expires 1s",
        ];
        assert_eq!(
            read(&words).unwrap(),
            [
                "functions list,makeDirectory",
                "read-only",
                "path notes/work",
                "arg send.to = \"bob\"",
                "arg send.0 under a/b",
                "expires 1970-01-01T00:10:01.000Z",
                "calls 3",
                "rate 5/1m",
                "bytes 1MiB",
                "confirm",
                "calls 2",
                "expires 1970-01-01T00:00:02.000Z",
            ]
        );
        assert_eq!(read(&["--methods", "list"]).unwrap(), ["functions list"]);
        assert_eq!(
            read(&["--expires", "2026-12-01T00:00:00Z"]).unwrap(),
            ["expires 2026-12-01T00:00:00.000Z"]
        );
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_with_the_flag_and_what_is_right() {
        for (flag, odd, right) in [
            ("--functions", "", "no name of a function"),
            ("--functions", "list,,has", "no name of a function"),
            ("--path", "a//b", "a name is empty"),
            ("--path", "../a", "lead nowhere"),
            ("--arg", "send.to", "write FUNCTION.WHICH"),
            ("--arg", "send.to = bob", "text needs quotes"),
            ("--expires", "soon", "2026-12-01T00:00:00Z"),
            ("--expires", "0s", "at once"),
            ("--expires", "-5m", "2026-12-01T00:00:00Z"),
            ("--calls", "0", "whole number above zero"),
            ("--calls", "-1", "whole number above zero"),
            ("--calls", "99999999999999999999", "whole number above zero"),
            ("--rate", "5", "5/1m"),
            ("--rate", "0/1m", "whole number above zero"),
            ("--bytes", "-1", "whole number above zero"),
            ("--bytes", "99999999999GiB", "too many bytes"),
            ("--caveat", "call 3", "known are functions"),
            ("--caveat", "expires", "needs a value"),
            ("--caveat", "expires never", "2026-12-01T00:00:00Z"),
        ] {
            let error = read(&[flag, odd]).unwrap_err();
            assert!(error.contains(flag) && error.contains(right), "{flag} {odd}: {error}");
        }
    }

    #[test]
    fn a_flag_that_can_say_one_thing_is_given_once() {
        assert!(read(&["--calls", "1", "--calls", "2"]).unwrap_err().contains("multiple times"));
    }
}
