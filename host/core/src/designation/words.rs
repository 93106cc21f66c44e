//! From the words of a command line to the values of a command's declared parameters.

use std::time::Duration;

use super::secrets::SecretSource;
use crate::registry::{Command, CommandGroup, DescribeError, Parameter, ParameterKind, ParameterStyle};

/// What was given for each parameter that got a value, in the order in which the command declares them.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// The parameters with their values.
    pub given: Vec<(Parameter, Vec<Word>)>,
}

/// One value, parsed as far as it can be without a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Text of any kind.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A boolean.
    Bool(bool),
    /// A length of time.
    Duration(Duration),
    /// The number of a message.
    MessageNumber(u64),
    /// The path of something to designate: names, none of them empty, and the text that the user wrote. If that ends
    /// with a slash, the user says that it is a directory.
    Path {
        /// What the user wrote.
        text: String,
        /// The names.
        names: Vec<String>,
    },
    /// A file's path, or `-`.
    File(String),
    /// A secret that is read before the command runs.
    Unread(SecretSource),
}

/// The words do not fit the command's parameters. Exit status 2.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{message}")]
pub struct UsageError {
    /// What is wrong with which word.
    pub message: String,
    /// How the command is called.
    pub usage: String,
}

/// Parses words by a command's parameters. After `--` nothing is an option.
pub fn parse(command: &Command, words: &[String]) -> Result<Words, UsageError> {
    let error = |message: String| UsageError { message, usage: command.usage() };
    let mut given: Vec<Vec<Word>> = command.parameters.iter().map(|_| Vec::new()).collect();
    let mut bare: Vec<&String> = Vec::new();
    let mut words = words.iter();
    let mut options_end = false;

    while let Some(word) = words.next() {
        if options_end || !word.starts_with('-') || word == "-" {
            bare.push(word);
            continue;
        }
        if word == "--" {
            options_end = true;
            continue;
        }
        let (name, mut attached) = match word.strip_prefix("--") {
            Some(long) => match long.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (long.to_owned(), None),
            },
            None => {
                let mut letters = word.chars().skip(1);
                let letter = letters.next().unwrap_or_default();
                let rest: String = letters.collect();
                let name = command
                    .parameters
                    .iter()
                    .find(|p| p.style == ParameterStyle::Option(Some(letter)))
                    .map(|p| p.name.clone());
                let Some(name) = name else {
                    return Err(error(format!("`{}` has no option `-{letter}`", command.name)));
                };
                (name, if rest.is_empty() { None } else { Some(rest) })
            }
        };
        let found = command
            .parameters
            .iter()
            .zip(&mut given)
            .find(|(p, _)| p.name == name && !matches!(p.style, ParameterStyle::Positional));
        let Some((parameter, values)) = found else {
            return Err(error(format!("`{}` has no option `--{name}`", command.name)));
        };
        let value = if parameter.kind == ParameterKind::Boolean {
            attached.take().unwrap_or_else(|| "true".to_owned())
        } else {
            match attached.take().or_else(|| words.next().cloned()) {
                Some(value) => value,
                None => return Err(error(format!("`--{name}` needs a value"))),
            }
        };
        if !values.is_empty() && !parameter.repeated {
            return Err(error(format!("`--{name}` is given twice")));
        }
        values.push(parse_value(parameter, &value).map_err(&error)?);
    }

    let mut bare = bare.into_iter();
    for (parameter, values) in command.parameters.iter().zip(&mut given) {
        if parameter.style != ParameterStyle::Positional {
            continue;
        }
        let take = if parameter.repeated { usize::MAX } else { 1 };
        for word in bare.by_ref().take(take) {
            values.push(parse_value(parameter, word).map_err(&error)?);
        }
    }
    if let Some(word) = bare.next() {
        return Err(error(format!("`{}` takes no further word, and `{word}` is one", command.name)));
    }

    let mut parsed = Vec::new();
    for (parameter, mut values) in command.parameters.iter().cloned().zip(given) {
        if values.is_empty()
            && let Some(default) = &parameter.default
        {
            values.push(parse_value(&parameter, default).map_err(&error)?);
        }
        if values.is_empty() && parameter.required {
            if parameter.kind != ParameterKind::Secret {
                return Err(needed(command, &parameter));
            }
            values.push(Word::Unread(SecretSource::Terminal));
        }
        if !values.is_empty() {
            parsed.push((parameter, values));
        }
    }
    Ok(Words { given: parsed })
}

/// Checks that each default is what a user could have typed in its place.
///
/// # Errors
///
/// Names the first default that is not.
pub fn check_defaults(group: &CommandGroup) -> Result<(), DescribeError> {
    for command in &group.commands {
        for parameter in &command.parameters {
            let Some(default) = &parameter.default else { continue };
            parse_value(parameter, default).map_err(|reason| DescribeError::Default {
                command: command.name.clone(),
                parameter: parameter.name.clone(),
                reason,
            })?;
        }
    }
    Ok(())
}

/// The error for a parameter without a value.
pub(super) fn needed(command: &Command, parameter: &Parameter) -> UsageError {
    let name = match parameter.style {
        ParameterStyle::Positional => parameter.name.to_uppercase(),
        _ => format!("--{}", parameter.name),
    };
    let message = format!("`{}` needs {name}: {}", command.name, parameter.help);
    UsageError { message, usage: command.usage() }
}

fn parse_value(parameter: &Parameter, word: &str) -> Result<Word, String> {
    let name = &parameter.name;
    if !parameter.choices.is_empty() && !parameter.choices.iter().any(|choice| choice == word) {
        return Err(format!(
            "`{word}` is no value of {name}; choose one of {}",
            parameter.choices.join(", ")
        ));
    }
    Ok(match &parameter.kind {
        ParameterKind::Integer => {
            Word::Integer(word.parse().map_err(|_| format!("{name} must be a whole number, not `{word}`"))?)
        }
        ParameterKind::Boolean => match word {
            "true" | "yes" | "on" => Word::Bool(true),
            "false" | "no" | "off" => Word::Bool(false),
            _ => return Err(format!("{name} must be true or false, not `{word}`")),
        },
        ParameterKind::Duration => Word::Duration(
            parse_duration(word)
                .ok_or_else(|| format!("{name} must be a time such as 30s or 1h30m, not `{word}`"))?,
        ),
        ParameterKind::MessageNumber => {
            let digits = word.strip_prefix('#').unwrap_or(word);
            let number =
                digits.parse().map_err(|_| format!("{name} must be a message number, not `{word}`"))?;
            Word::MessageNumber(number)
        }
        ParameterKind::Json => {
            serde_json::from_str::<serde::de::IgnoredAny>(word)
                .map_err(|error| format!("{name} must be JSON: {error}"))?;
            Word::Text(word.to_owned())
        }
        ParameterKind::File => Word::File(word.to_owned()),
        ParameterKind::Secret if word == "-" => Word::Unread(SecretSource::StandardInput),
        kind if kind.is_pet_name() => {
            let path = word.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(word);
            let names = parse_path(path).map_err(|reason| format!("{name}: {reason}"))?;
            Word::Path { text: word.to_owned(), names }
        }
        ParameterKind::Other(kind) => {
            return Err(format!(
                "{name} is of the kind `{kind}`, which this version of powerbox does not know"
            ));
        }
        _ => Word::Text(word.to_owned()),
    })
}

/// Splits a path at `/`. Every segment is a name: there is no root, no `.` and no `..` to climb with.
pub fn parse_path(path: &str) -> Result<Vec<String>, String> {
    if path.is_empty() {
        return Err("a name must not be empty".to_owned());
    }
    let names: Vec<String> = path.split('/').map(str::to_owned).collect();
    for name in &names {
        if name.is_empty() {
            return Err(format!("`{path}` has an empty name in it"));
        }
        if name == "." || name == ".." {
            return Err(format!("`{name}` in `{path}` is not a name; paths here do not climb"));
        }
        if name.contains('\0') {
            return Err("a name must not hold the character NUL".to_owned());
        }
        if name.encode_utf16().count() > 255 {
            return Err("a name must not be longer than 255 characters".to_owned());
        }
    }
    Ok(names)
}

/// Parses `1h30m`, `250ms` and the like. Units are h, m, s, ms; zero is allowed, overflow is not.
fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let part = match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        rest = tail;
    }
    // The contract counts nanoseconds in 64 bits.
    u64::try_from(total.as_nanos()).ok().map(|_| total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{Effect, NameRight};

    fn parameter(name: &str, kind: ParameterKind, style: ParameterStyle) -> Parameter {
        Parameter {
            name: name.into(),
            label: name.into(),
            kind,
            style,
            required: false,
            repeated: false,
            default: None,
            choices: vec![],
            help: "help".into(),
        }
    }

    fn command(parameters: Vec<Parameter>) -> Command {
        Command {
            name: "try".into(),
            aliases: vec![],
            summary: String::new(),
            details: String::new(),
            category: String::new(),
            effect: Effect::Reads,
            parameters,
        }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn options_stand_anywhere_and_end_at_two_hyphens() {
        let flag = parameter("follow", ParameterKind::Boolean, ParameterStyle::Option(Some('f')));
        let mut rest =
            parameter("names", ParameterKind::Name(vec![NameRight::Remove]), ParameterStyle::Positional);
        rest.repeated = true;
        let command = command(vec![flag, rest]);
        let parsed = parse(&command, &words(&["a", "-f", "b/c", "--", "--odd"])).unwrap();
        assert_eq!(parsed.given[0].1, [Word::Bool(true)]);
        let names: Vec<_> = parsed.given[1].1.iter().map(|word| format!("{word:?}")).collect();
        assert_eq!(names.len(), 3);
        assert!(names[2].contains("--odd"), "{names:?}");
    }

    #[test]
    fn wrong_words_are_named() {
        let mut name = parameter("name", ParameterKind::NewName, ParameterStyle::Positional);
        name.required = true;
        let mut size = parameter("size", ParameterKind::Integer, ParameterStyle::Option(None));
        size.choices = vec![];
        let command = command(vec![name, size]);
        for (given, part) in [
            (&["--bogus"][..], "no option `--bogus`"),
            (&[], "needs NAME"),
            (&["a", "b"], "no further word"),
            (&["a", "--size"], "needs a value"),
            (&["a", "--size", "x"], "whole number"),
            (&["a", "--size=1", "--size=2"], "given twice"),
            (&["a//b"], "empty name"),
            (&["../b"], "do not climb"),
            (&["/b"], "empty name"),
            (&["/"], "empty name"),
            (&["b//"], "empty name"),
        ] {
            let error = parse(&command, &words(given)).unwrap_err();
            assert!(error.message.contains(part), "{given:?}: {}", error.message);
            assert!(error.usage.starts_with("try"), "{}", error.usage);
        }
    }

    #[test]
    fn durations_have_units_and_do_not_overflow() {
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("250ms"), Some(Duration::from_millis(250)));
        for odd in ["", "5", "-1s", "1d", "s", "99999999999999999h", "1000000000000s"] {
            assert_eq!(parse_duration(odd), None, "{odd}");
        }
    }
}
