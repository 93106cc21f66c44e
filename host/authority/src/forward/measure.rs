use powerbox_passable::{Symbol, Text, Value};

/// Shows each value in some values, a whole before its parts and these in order, whatever the depth.
pub(super) fn each<'a, C>(values: &'a [Value<C>], mut visit: impl FnMut(&'a Value<C>)) {
    let mut left: Vec<&Value<C>> = values.iter().rev().collect();
    while let Some(value) = left.pop() {
        visit(value);
        let parts = left.len();
        match value {
            Value::List(items) => left.extend(items),
            Value::Record(record) => left.extend(record.iter().map(|(_, value)| value)),
            Value::Tagged(tagged) => left.push(&tagged.payload),
            Value::Error(error) => left.extend(error.cause.iter().chain(error.errors.iter().flatten())),
            _ => {}
        }
        if let Some(parts) = left.get_mut(parts..) {
            parts.reverse();
        }
    }
}

/// About how many bytes values take on the wire. No value takes none.
pub(super) fn bytes<C>(values: &[Value<C>]) -> u64 {
    let mut bytes = 0_usize;
    each(values, |value| {
        let own = match value {
            Value::Undefined | Value::Null | Value::Bool(_) => 4,
            Value::Number(_) => 8,
            Value::BigInt(integer) => usize::try_from(integer.bits() / 8).unwrap_or(usize::MAX),
            Value::Text(text) | Value::Symbol(Symbol::Registered(text) | Symbol::WellKnown(text)) => {
                length(text)
            }
            Value::List(_) => 2,
            Value::Record(record) => record.iter().map(|(key, _)| length(key) + 4).sum(),
            Value::Tagged(tagged) => length(&tagged.tag),
            Value::Error(error) => length(&error.name) + length(&error.message),
            Value::Capability(_) => 16,
        };
        bytes = bytes.saturating_add(own).saturating_add(2);
    });
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn length(text: &Text) -> usize {
    match text.as_str() {
        Some(text) => text.len(),
        None => 2 * text.utf16_units().count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_many_values_count_and_deep_ones_do_not_overflow_the_stack() {
        assert!(bytes::<()>(&[Value::text("x".repeat(1000))]) >= 1000);
        assert!(bytes::<()>(&[Value::list((0..1000).map(|_| Value::Null))]) >= 1000);
        assert!(
            bytes::<()>(&[Value::record([("k".repeat(500), Value::error("Error", "m".repeat(500)))])])
                >= 1000
        );
        let mut deep = Value::<()>::Null;
        for _ in 0..1000 {
            deep = Value::list([deep]);
        }
        assert!(bytes(std::slice::from_ref(&deep)) >= 2000);
    }

    #[test]
    fn values_are_shown_in_order() {
        let values: [Value<()>; 2] = [
            Value::list([Value::Number(1.0), Value::list([Value::Number(2.0)]), Value::Number(3.0)]),
            Value::Number(4.0),
        ];
        let mut seen = Vec::new();
        each(&values, |value| seen.extend(value.as_f64()));
        assert_eq!(seen, [1.0, 2.0, 3.0, 4.0]);
    }
}
