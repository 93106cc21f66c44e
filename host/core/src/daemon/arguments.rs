use powerbox_passable::{ErrorValue, Value};

use super::Put;
use crate::bridge::{Mismatch, kind};

/// Puts arguments as a binding says.
///
/// # Errors
///
/// A [`Mismatch`] if an argument is not what its place in the binding takes.
pub fn put<C>(args: Vec<Value<C>>, how: &[Put]) -> Result<Vec<Value<C>>, Mismatch> {
    let mut out = Vec::with_capacity(args.len());
    for (index, arg) in args.into_iter().enumerate() {
        match (how.get(index).copied().unwrap_or(Put::Same), arg) {
            (Put::Same, arg) => out.push(arg),
            (Put::Rest, Value::List(items)) => out.extend(items),
            (Put::NameOrPath | Put::Name, Value::List(mut items)) if items.len() == 1 => {
                out.extend(items.pop())
            }
            (Put::NameOrPath, arg @ Value::List(_)) => out.push(arg),
            (Put::Name, Value::List(items)) => {
                let found = format!("a path of {} names", items.len());
                return Err(Mismatch::new("one name, since this daemon takes no path here", found));
            }
            (Put::Error, Value::Undefined) => out.push(Value::Undefined),
            (Put::Error, Value::Text(message)) => {
                out.push(Value::Error(Box::new(ErrorValue::new("Error", message))));
            }
            (_, arg) => return Err(Mismatch::new("an argument of another kind", kind(&arg))),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    type V = Value<()>;

    fn path(names: &[&str]) -> V {
        V::texts(names.iter().copied())
    }

    #[test]
    fn each_way_of_putting() {
        let two = || path(&["a", "b"]);
        assert_eq!(put(vec![two()], &[Put::Rest]).unwrap(), [V::text("a"), V::text("b")]);
        assert_eq!(put(vec![two()], &[]).unwrap(), [two()]);
        assert_eq!(put(vec![two()], &[Put::NameOrPath]).unwrap(), [two()]);
        assert_eq!(put(vec![path(&["a"])], &[Put::NameOrPath]).unwrap(), [V::text("a")]);
        assert!(put(vec![two()], &[Put::Name]).is_err());
        assert_eq!(put(vec![V::text("x")], &[Put::Error]).unwrap(), [V::error("Error", "x")]);
        assert_eq!(put(vec![V::Undefined], &[Put::Error]).unwrap(), [V::Undefined]);
        assert!(put(vec![V::Null], &[Put::Rest]).is_err());
    }
}
