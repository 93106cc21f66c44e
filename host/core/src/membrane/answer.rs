//! From the outcome of a crossing to the WIT value that the plugin receives.

use powerbox_passable::Value;
use powerbox_sandbox::{HostError, Type, Val};

use super::handle::Handle;
use super::problem::Problem;
use crate::bridge::{camel_case, to_wit};

/// Puts an outcome into a function's result type.
///
/// A function whose type is a `result` gets its problems in there. One whose type has no room for a problem ends the
/// whole invocation with it, since anything else would be a lie.
pub(crate) fn answer(
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
            } else if let Some(case) = own_case(ty, &problem) {
                Value::text(camel_case(case))
            } else {
                // An error type of the plugin's own: say it in words, if there is a case for that.
                Value::record([("other", Value::text(problem.to_string()))])
            };
            Some(to_wit(ty, &value).map_err(|_| fatal(problem))?)
        }
    };
    Ok(Some(Val::err(payload)))
}

/// The case of a plugin's own type of errors that an object's error is named after, as `access-denied` in WASI's.
fn own_case<'a>(ty: &'a Type, problem: &Problem) -> Option<&'a str> {
    let Problem::Remote { name, .. } = problem else { return None };
    match ty {
        Type::Enum(cases) => cases.iter().map(|case| &**case).find(|case| case == name),
        Type::Variant(cases) => cases
            .iter()
            .find(|case| *case.name == **name && case.ty.as_ref().is_none())
            .map(|case| &*case.name),
        _ => None,
    }
}

fn fatal(problem: Problem) -> HostError {
    HostError::caused_by(problem.to_string(), problem)
}
