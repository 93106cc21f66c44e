use powerbox_authority::forward::{Refusing, Rule};
use powerbox_authority::grant::{Grant, Record, Refusal, Target};
use powerbox_authority::identifiers::described;
use powerbox_captp::CallError;
use powerbox_passable::Value;

use crate::text::{clean, word};

/// Why a call of a plugin failed; `powerbox:plugin/types.problem`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The reference or slot does not carry the right.
    #[error("denied: {rule}{}", .remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default())]
    Denied {
        /// The rule that decided.
        rule: String,
        /// How to allow it.
        remedy: Option<String>,
    },
    /// The grant was taken back.
    #[error("the grant was revoked")]
    Revoked,
    /// There is nothing by this name.
    #[error("there is nothing named `{0}`")]
    NotFound(String),
    /// The arguments do not fit.
    #[error("{0}")]
    Invalid(String),
    /// The object ended the call with an error.
    #[error("{name}: {message}")]
    Remote {
        /// The error's class.
        name: String,
        /// What happened.
        message: String,
    },
    /// A limit was reached.
    #[error("limit reached: {0}")]
    Limit(String),
    /// The command was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The session ended before the answer came.
    #[error("the connection to the daemon ended before the answer came; the call may have taken effect")]
    Disconnected,
    /// The slot is bound to nothing.
    #[error("the slot `{0}` is bound to nothing")]
    Unbound(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl Problem {
    /// A refusal without a remedy.
    pub fn denied(rule: impl Into<String>) -> Self {
        Self::Denied { rule: rule.into(), remedy: None }
    }

    /// Puts a refusal of a grant into words, with the command that would allow it.
    pub(crate) fn refused(refusal: Refusal, grant: &Grant) -> Self {
        let holder = grant.holder_now();
        let again = match (holder.plugin_name(), holder.agent_name()) {
            (Some(plugin), agent) => {
                // The rule may be that of a grant further up.
                let ruled = match &refusal {
                    Refusal::Denied { grant: Some(id), .. } => {
                        grant.chain().find(|link| link.number() == Some(*id))
                    }
                    _ => None,
                };
                if let (Some(ruled), Some(agent)) = (ruled, agent)
                    && ruled.what() == Record::AGENT
                {
                    return Self::denied_by(
                        refusal,
                        format!(
                            "the person can grant it anew with `powerbox grant add @agent --as {}`",
                            word(agent)
                        ),
                    );
                }
                let listed = grant.chain().find(|link| link.is_listed());
                let slot = listed.map_or_else(|| grant.what(), Grant::what);
                let as_agent = agent.map(|agent| format!(" --as {}", word(agent))).unwrap_or_default();
                // What the host itself serves, and what is named in commands, takes no name.
                let binding = match grant.target() {
                    Some(Target::Object { name, .. }) => word(&format!("{slot}={}", name.join("/"))),
                    _ => word(slot),
                };
                let plugin = word(plugin);
                let limited = grant.chain().any(|link| !link.caveats().is_empty());
                let limits = if limited { ", with the limits you want" } else { "" };
                format!(
                    "the person can grant it anew with `powerbox grant add {plugin} {binding}{as_agent}`{limits}"
                )
            }
            _ => "the person can grant it anew with `powerbox grant add`".to_owned(),
        };
        Self::denied_by(refusal, again)
    }

    fn denied_by(refusal: Refusal, remedy: String) -> Self {
        match refusal {
            Refusal::Ended { .. } => Self::Revoked,
            Refusal::Denied { grant, rule } => Self::Denied {
                rule: match grant {
                    Some(id) => format!("{rule} (grant {id})"),
                    None => rule,
                },
                remedy: Some(remedy),
            },
            Refusal::Ledger(reason) => Self::Other(format!("{reason}, so nothing is allowed")),
        }
    }

    /// Whether the call was refused, rather than made and failed.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::Revoked | Self::Unbound(_))
    }

    /// The case's name in the contract.
    pub fn case(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "denied",
            Self::Revoked => "revoked",
            Self::NotFound(_) => "not-found",
            Self::Invalid(_) => "invalid",
            Self::Remote { .. } => "remote",
            Self::Limit(_) => "limit",
            Self::Cancelled => "cancelled",
            Self::Disconnected => "disconnected",
            Self::Unbound(_) => "unbound",
            Self::Other(_) => "other",
        }
    }

    /// The passable form, by the bridge's rule for variants.
    pub fn to_value<C>(&self) -> Value<C> {
        let payload = match self {
            Self::Denied { rule, remedy } => Value::record([
                ("rule", Value::text(rule.as_str())),
                ("remedy", remedy.as_deref().map_or(Value::Undefined, Value::text)),
            ]),
            Self::Remote { name, message } => Value::record([
                ("name", Value::text(name.as_str())),
                ("message", Value::text(message.as_str())),
            ]),
            Self::NotFound(text)
            | Self::Invalid(text)
            | Self::Limit(text)
            | Self::Unbound(text)
            | Self::Other(text) => Value::text(text.as_str()),
            Self::Revoked | Self::Cancelled | Self::Disconnected => return Value::text(self.case()),
        };
        Value::record([(crate::bridge::camel_case(self.case()), payload)])
    }

    /// Reads the passable form.
    pub fn from_value<C>(value: &Value<C>) -> Self {
        let text = |value: &Value<C>| value.as_str().map(clean).unwrap_or_default();
        if let Some(case) = value.as_str() {
            return match case {
                "revoked" => Self::Revoked,
                "cancelled" => Self::Cancelled,
                "disconnected" => Self::Disconnected,
                other => Self::Other(clean(other)),
            };
        }
        let entry = value.as_record().and_then(|record| record.iter().next());
        let Some((case, payload)) = entry else { return Self::Other("an unknown problem".to_owned()) };
        match case.as_str().unwrap_or_default() {
            "denied" => Self::Denied {
                rule: payload.get("rule").map(text).unwrap_or_default(),
                remedy: payload.get("remedy").filter(|remedy| !remedy.is_undefined()).map(text),
            },
            "remote" => Self::Remote {
                name: payload.get("name").map(text).unwrap_or_default(),
                message: payload.get("message").map(text).unwrap_or_default(),
            },
            "notFound" => Self::NotFound(text(payload)),
            "invalid" => Self::Invalid(text(payload)),
            "limit" => Self::Limit(text(payload)),
            "unbound" => Self::Unbound(text(payload)),
            _ => Self::Other(text(payload)),
        }
    }
}

/// The beginnings of what Endo's daemons say when a name is absent; what follows is the name.
const ABSENT: &[&str] =
    &["Unknown pet name: ", "Unknown pet name ", "Unknown name: ", "Formula does not exist for pet name "];

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        if let Some(refusing) = Refusing::of(&error) {
            return Self::by_reference(&refusing);
        }
        match error {
            CallError::Thrown(thrown) => Self::thrown(&thrown),
            CallError::Disconnected(_) => Self::Disconnected,
            CallError::Deadline => Self::Limit("no answer came in time".to_owned()),
            CallError::Cancelled => Self::Cancelled,
            CallError::Limit(limit) => Self::Limit(limit.into_owned()),
            CallError::Invalid(message) => Self::Invalid(clean(&message)),
        }
    }
}

impl Problem {
    /// A refusal by an attenuated reference, wherever it stands. Its rule is the forwarder's; the advice is the host's.
    fn by_reference(refusing: &Refusing) -> Self {
        let rule = described(&clean(&refusing.words)).into_owned();
        let Some(grant) = refusing.grant else {
            return Self::Denied {
                rule,
                remedy: Some("the person can make another reference with `powerbox attenuate`".to_owned()),
            };
        };
        let remedy = match &refusing.rule {
            Rule::Unasked(digest) => {
                return Self::Denied {
                    rule: "the reference wants the person to confirm each call, and they cannot be asked here"
                        .to_owned() + &format!(" (grant {grant})"),
                    remedy: Some(format!("allow this one call with `powerbox grant allow {grant} {digest}`")),
                };
            }
            Rule::Denied => format!(
                "`powerbox grant show {grant}` shows what the reference allows; `powerbox attenuate` makes another"
            ),
            Rule::Ended => format!(
                "`powerbox grant show {grant}` shows what it was; `powerbox attenuate` makes another reference"
            ),
        };
        let rule = match refusing.rule {
            Rule::Ended => rule,
            _ => format!("{rule} (grant {grant})"),
        };
        Self::Denied { rule, remedy: Some(remedy) }
    }

    fn thrown<C: std::fmt::Debug>(thrown: &Value<C>) -> Self {
        match thrown {
            Value::Error(error) => {
                let message = clean(&error.message.to_string_lossy());
                match ABSENT.iter().find_map(|beginning| message.strip_prefix(beginning)) {
                    Some(name) => Self::NotFound(name_of(name)),
                    None => Self::Remote { name: clean(&error.name.to_string_lossy()), message },
                }
            }
            Value::Text(text) => {
                Self::Remote { name: "thrown".to_owned(), message: clean(&text.to_string_lossy()) }
            }
            other => Self::Remote {
                name: "thrown".to_owned(),
                message: format!("{} was thrown", crate::bridge::kind(other)),
            },
        }
    }
}

/// Takes a name out of its quotes, and a path out of its list: `["a","b"]` is `a/b`.
fn name_of(quoted: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(quoted) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Array(names)) => {
            names.iter().filter_map(|name| name.as_str()).collect::<Vec<_>>().join("/")
        }
        _ => quoted.trim_matches('"').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_names_are_recognised_in_every_wording() {
        for (message, name) in [
            (r#"Unknown pet name: "x""#, "x"),
            (r#"Unknown pet name "x""#, "x"),
            (r#"Unknown name: ["a","b"]"#, "a/b"),
            (r#"Formula does not exist for pet name "x""#, "x"),
        ] {
            let problem = Problem::from(CallError::Thrown(Value::error("Error", message)));
            assert_eq!(problem, Problem::NotFound(name.into()), "{message}");
        }
        let other = Problem::from(CallError::type_error("target has no method \"x\""));
        assert!(matches!(other, Problem::Remote { .. }));
    }

    #[test]
    fn every_case_survives_its_passable_form() {
        let all = [
            Problem::Denied { rule: "r".into(), remedy: Some("m".into()) },
            Problem::denied("r"),
            Problem::Revoked,
            Problem::NotFound("n".into()),
            Problem::Invalid("i".into()),
            Problem::Remote { name: "TypeError".into(), message: "m".into() },
            Problem::Limit("l".into()),
            Problem::Cancelled,
            Problem::Disconnected,
            Problem::Unbound("s".into()),
            Problem::Other("o".into()),
        ];
        for problem in all {
            assert_eq!(Problem::from_value(&problem.to_value::<()>()), problem);
        }
    }
}
