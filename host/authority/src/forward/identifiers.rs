//! What is there only to tell identifiers, which do not cross: see [`crate::identifiers`].

use powerbox_captp::Value;

/// The methods of Endo's objects that tell identifiers.
const TELLING: &[&str] =
    &["followLocatorNameChanges", "identify", "listIdentifiers", "listLocators", "locate", "reverseIdentify"];

/// Whether a method is there to tell identifiers.
pub(super) fn tells(method: &str) -> bool {
    TELLING.contains(&method)
}

/// Takes the identifier out of a step of following names: `{ done, value: { add, value: { number, node } } }`.
///
/// Without this the names would be told with a hole beside each.
pub(super) fn without(step: Value) -> Value {
    let identity = step.get("value").and_then(|change| change.get("value"));
    if !identity.is_some_and(is_identity) {
        return step;
    }
    let Value::Record(step) = step else { return step };
    Value::record(step.iter().map(|(key, value)| match value {
        Value::Record(change) if *key == "value" => {
            let told = change.iter().filter(|(key, _)| **key != "value");
            (key.clone(), Value::record(told.map(|(key, value)| (key.clone(), value.clone()))))
        }
        value => (key.clone(), value.clone()),
    }))
}

fn is_identity(value: &Value) -> bool {
    ["number", "node"].iter().all(|key| value.get(key).is_some_and(|part| part.as_str().is_some()))
        || value.get("id").is_some_and(|id| id.as_str().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_keeps_all_but_the_identifier() {
        let step = |change: Vec<(&'static str, Value)>| {
            Value::record([("done", Value::Bool(false)), ("value", Value::record(change))])
        };
        let identity = || Value::record([("node", Value::text("n")), ("number", Value::text("1"))]);
        let added = step(vec![("add", Value::text("a")), ("value", identity())]);
        assert_eq!(without(added), step(vec![("add", Value::text("a"))]));
        for other in [step(vec![("remove", Value::text("a"))]), identity(), Value::text("a")] {
            assert_eq!(without(other.clone()), other);
        }
    }
}
