//! From the outcome of a crossing to the WIT value that the plugin receives.

use powerbox_passable::Value;
use powerbox_sandbox::{HostError, Type, Val};

use super::handle::Handle;
use super::problem::Problem;
use crate::bridge::to_wit;

/// Puts an outcome into a function's result type.
///
/// A function whose type is a `result` gets its problems in there. One whose type has no room for a problem ends the
/// whole invocation with it, since anything else would be a lie.
pub(super) fn answer(
    ty: Option<&Type>,
    outcome: Result<Value<Handle>, Problem>,
) -> Result<Option<Val<Handle>>, HostError> {
    match (ty, outcome) {
        (None, Ok(_)) => Ok(None),
        (Some(Type::Result(types)), Ok(value)) => match &types.ok {
            None => Ok(Some(Val::ok(None))),
            Some(ty) => match to_wit(ty, &value) {
                Ok(val) => Ok(Some(Val::ok(Some(val)))),
                Err(mismatch) => {
                    let problem = Problem::Invalid(format!("the answer does not fit its type: {mismatch}"));
                    rejected(types.err.as_ref(), problem)
                }
            },
        },
        (Some(Type::Result(types)), Err(problem)) => rejected(types.err.as_ref(), problem),
        (Some(ty), Ok(value)) => to_wit(ty, &value)
            .map(Some)
            .map_err(|mismatch| HostError::new(format!("the answer does not fit its type: {mismatch}"))),
        (_, Err(problem)) => Err(fatal(problem)),
    }
}

fn rejected(ty: Option<&Type>, problem: Problem) -> Result<Option<Val<Handle>>, HostError> {
    let payload = match ty {
        None => None,
        Some(Type::String) => Some(Val::String(problem.to_string())),
        Some(ty) => {
            let value = if ty.case(problem.case()).is_some() {
                problem.to_value()
            } else {
                // An error type of the plugin's own: say it in words, if there is a case for that.
                Value::record([("other", Value::text(problem.to_string()))])
            };
            Some(to_wit(ty, &value).map_err(|_| fatal(problem))?)
        }
    };
    Ok(Some(Val::err(payload)))
}

fn fatal(problem: Problem) -> HostError {
    HostError::caused_by(problem.to_string(), problem)
}
