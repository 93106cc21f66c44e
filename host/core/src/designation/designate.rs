use std::sync::Arc;

use powerbox_captp::{Object, Value as OuterValue};
use powerbox_passable::Value;

use super::words::{Word, Words};
use crate::daemon::{Dialect, HeldKind, locate, located};
use crate::local::FrontEnd;
use crate::membrane::{Blob, DESIGNATED, Grant, Handle, Name, Problem, Rights};
use crate::registry::{Command, ParameterKind};

/// Something that the user named cannot be handed over.
#[derive(Debug, thiserror::Error)]
pub enum DesignationError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    File {
        /// Which.
        path: String,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// Looking up an object failed.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// Makes the invocation of a command, in the form of `powerbox:plugin/commands.invocation`.
///
/// Names are resolved for `agent`, the one whose names count for the principal; it must be there if a word designates
/// something in a directory. Files are opened by the front end, in which the user named them.
pub async fn designate(
    command: &Command,
    words: Words,
    agent: Option<(&Object, Dialect)>,
    grant: &Arc<Grant>,
    front_end: &dyn FrontEnd,
) -> Result<Value<Handle>, DesignationError> {
    let mut arguments = Vec::new();
    for (parameter, given) in words.given {
        let mut values = Vec::with_capacity(given.len());
        for word in given {
            values.push(value(&parameter.kind, word, agent, grant, front_end).await?);
        }
        arguments.push(Value::record([
            ("name", Value::text(parameter.name.as_str())),
            ("values", Value::List(values)),
        ]));
    }
    Ok(Value::record([
        ("command", Value::text(command.name.as_str())),
        ("arguments", Value::List(arguments)),
    ]))
}

impl Words {
    /// Whether anything in a directory is designated.
    pub fn needs_agent(&self) -> bool {
        self.given.iter().flat_map(|(_, values)| values).any(|word| matches!(word, Word::Path { .. }))
    }
}

async fn value(
    kind: &ParameterKind,
    word: Word,
    agent: Option<(&Object, Dialect)>,
    grant: &Arc<Grant>,
    front_end: &dyn FrontEnd,
) -> Result<Value<Handle>, DesignationError> {
    let case = |name: &str, payload| Value::record([(name, payload)]);
    Ok(match word {
        Word::Text(text) => case("text", Value::text(text)),
        Word::Integer(number) => case("integer", Value::bigint(number)),
        Word::Bool(flag) => case("boolean", Value::Bool(flag)),
        // `parse` has checked that it fits.
        Word::Duration(time) => {
            case("duration", Value::bigint(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
        }
        Word::MessageNumber(number) => case("messageNumber", Value::bigint(number)),
        // `read_secrets` has put what was read in its place.
        Word::Unread(_) => return Err(Problem::Invalid("the secret was not read".to_owned()).into()),
        Word::File(path) => {
            let right = of(grant, &path);
            match front_end.open(&path).await {
                Ok(source) => case("blob", Value::Capability(Handle::blob(Blob::new(source, right)))),
                Err(error) => return Err(DesignationError::File { path, error }),
            }
        }
        Word::Path { text, names } => {
            let (agent, dialect) = agent.ok_or(Problem::Disconnected)?;
            match kind {
                ParameterKind::Object(methods) => {
                    let object = lookup(agent, dialect, names.clone(), &text).await?;
                    if text.ends_with('/') {
                        directory(agent, &dialect.path(names), &text).await?;
                    }
                    let rights = Rights::Methods(methods.as_slice().into());
                    case("object", Value::Capability(Handle::object(object, rights, of(grant, &text))))
                }
                kind => {
                    let rights = kind.name_rights().unwrap_or_default().to_vec();
                    let name = Name::new(agent.clone(), dialect, names, text, rights, Arc::clone(grant));
                    case("name", Value::Capability(Handle::name(name)))
                }
            }
        }
    })
}

/// The right to one of the things that the user names, under what he called it: who is asked about a call, or reads of
/// it later, must know which of them it was.
fn of(grant: &Arc<Grant>, text: &str) -> Arc<Grant> {
    grant.child(format!("{DESIGNATED} `{}`", crate::text::clean_line(text)))
}

/// Checks that what the user ended with a slash can be a directory.
async fn directory(agent: &Object, path: &[String], text: &str) -> Result<(), Problem> {
    match located(&locate(agent, path).await?) {
        Some(held @ (HeldKind::Value | HeldKind::Blob | HeldKind::Handle | HeldKind::Worker)) => {
            let text = text.trim_end_matches('/');
            Err(Problem::Invalid(format!("`{text}` is {}, not a directory", held.in_words())))
        }
        _ => Ok(()),
    }
}

/// Looks up an object in an agent's names.
pub(crate) async fn lookup(
    agent: &Object,
    dialect: Dialect,
    names: Vec<String>,
    text: &str,
) -> Result<Object, Problem> {
    let path = OuterValue::texts(dialect.path(names));
    let answer = dialect
        .call(agent, "endo:daemon/directory", "lookup", vec![path])
        .map_err(|mismatch| Problem::Invalid(mismatch.to_string()))?;
    match answer.await? {
        OuterValue::Capability(object) => Ok(object),
        other => {
            let found = crate::bridge::kind(&other);
            Err(Problem::Invalid(format!("`{text}` is {found}, not an object")))
        }
    }
}
