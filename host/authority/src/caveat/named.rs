use powerbox_passable::Value;

/// Where a method of Endo's directories takes paths.
enum Places {
    /// All arguments together are one path.
    Rest,
    /// These arguments are each a path: a list of names, or one name as text.
    At(&'static [usize]),
}

/// What is known. A method that is not here names paths in a way that nobody can tell.
const METHODS: &[(&str, Places)] = &[
    ("cancel", Places::At(&[0])),
    ("copy", Places::At(&[0, 1])),
    ("has", Places::Rest),
    ("identify", Places::Rest),
    ("list", Places::Rest),
    ("lookup", Places::At(&[0])),
    ("makeDirectory", Places::At(&[0])),
    ("maybeLookup", Places::At(&[0])),
    ("maybeReadText", Places::At(&[0])),
    ("move", Places::At(&[0, 1])),
    ("readText", Places::At(&[0])),
    ("remove", Places::Rest),
    ("storeBlob", Places::At(&[1])),
    ("storeValue", Places::At(&[1])),
    ("writeText", Places::At(&[0])),
];

/// The paths that a call of a directory's method names, as it goes over the wire; `None` if that is not known.
pub fn paths_named<C>(method: &str, args: &[Value<C>]) -> Option<Vec<Vec<String>>> {
    let (_, places) = METHODS.iter().find(|(known, _)| *known == method)?;
    match places {
        Places::Rest => Some(vec![names(args)?]),
        Places::At(places) => places.iter().map(|place| path(args.get(*place)?)).collect(),
    }
}

fn path<C>(value: &Value<C>) -> Option<Vec<String>> {
    match value {
        Value::Text(_) => names(std::slice::from_ref(value)),
        Value::List(items) => names(items),
        _ => None,
    }
}

fn names<C>(values: &[Value<C>]) -> Option<Vec<String>> {
    values.iter().map(|value| value.as_str().map(str::to_owned)).collect()
}
