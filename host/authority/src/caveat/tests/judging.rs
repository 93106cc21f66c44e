//! What caveats say to calls.

use powerbox_passable::Value;

use super::*;

/// A call as a test tells it.
struct Told {
    function: &'static str,
    is_direct: bool,
    args: Vec<Value<()>>,
}

impl Crossing for Told {
    fn function(&self) -> &str {
        self.function
    }

    fn is_direct(&self) -> bool {
        self.is_direct
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        paths_named(self.function, &self.args)
    }

    fn argument(&self, which: &Which) -> Option<Value<()>> {
        match which {
            Which::Place(place) => self.args.get(*place).cloned(),
            Which::Name(_) => None,
        }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn digest(&self) -> String {
        String::new()
    }
}

fn allows(caveat: &str, function: &'static str, args: Vec<Value<()>>) -> bool {
    read(caveat).unwrap().check(&Told { function, is_direct: true, args }).is_ok()
}

#[test]
fn numbers_are_compared_exactly() {
    let number = |number: f64| vec![Value::Number(number)];
    let integer = |integer: i64| vec![Value::bigint(integer)];
    let exact = "arg f.0 = 9007199254740991";
    assert!(allows(exact, "f", number(9_007_199_254_740_991.0)));
    assert!(allows(exact, "f", integer(9_007_199_254_740_991)));
    assert!(!allows(exact, "f", number(9_007_199_254_740_992.0)));
    assert!(!allows(exact, "f", integer(9_007_199_254_740_990)));
    let range = "arg f.0 between -2.5 2.5";
    for (value, allowed) in [(-2.5, true), (2.5, true), (-2.500_000_1, false), (2.6, false), (-0.0, true)] {
        assert_eq!(allows(range, "f", number(value)), allowed, "{value}");
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(!allows(range, "f", number(value)));
    }
    for (value, allowed) in
        [(-2, true), (2, true), (-3, false), (3, false), (i64::MAX, false), (i64::MIN, false)]
    {
        assert_eq!(allows(range, "f", integer(value)), allowed, "{value}");
    }
    assert!(!allows(range, "f", vec![Value::text("1")]));
    assert!(!allows("arg f.0 = 1", "f", vec![Value::text("1")]));
    assert!(!allows("arg f.0 = \"1\"", "f", number(1.0)));
    assert!(!allows("arg f.0 = null", "f", vec![Value::Undefined]));
    assert!(!allows("arg f.0 = null", "f", vec![]));
    assert!(allows("arg f.0 = null", "f", vec![Value::Null]));
}

#[test]
fn a_rule_on_an_argument_is_no_on_what_it_cannot_judge() {
    let caveat = read("arg send.0 = \"bob\"").unwrap();
    let told = |function, is_direct| Told { function, is_direct, args: vec![Value::text("bob")] };
    assert!(caveat.check(&told("send", true)).is_ok());
    assert!(caveat.check(&told("send", false)).is_err(), "another object's function");
    assert!(caveat.check(&told("list", false)).is_ok());
    assert!(!allows("arg send.0 = \"bob\"", GET, vec![Value::text("send")]));
    assert!(allows("arg send.0 = \"bob\"", GET, vec![Value::text("length")]));
}

#[test]
fn paths_are_compared_name_by_name() {
    let has = |names: &[&str]| names.iter().map(|name| Value::text(*name)).collect::<Vec<_>>();
    let caveat = "path notes/work";
    assert!(allows(caveat, "has", has(&["notes", "work"])));
    assert!(allows(caveat, "has", has(&["notes", "work", "a b"])));
    for names in [
        &[][..],
        &["notes"],
        &["notes", "Work"],
        &["notes", "work\0"],
        &["notes", "work", ""],
        &["notes", "work", ".."],
        &["notes", "work", "a/../.."],
        &["notes/work"],
        &["notes", "w\u{43e}rk"],
    ] {
        assert!(!allows(caveat, "has", has(names)), "{names:?}");
    }
    assert!(!allows(caveat, "copy", vec![Value::texts(["notes", "work", "a"]), Value::texts(["other"])]));
    assert!(allows(
        caveat,
        "copy",
        vec![Value::texts(["notes", "work", "a"]), Value::texts(["notes", "work", "b"])]
    ));
    assert!(!allows(caveat, "unheardOf", has(&["notes", "work"])));
    let indirect = Told { function: "unheardOf", is_direct: false, args: vec![] };
    assert!(read(caveat).unwrap().check(&indirect).is_ok(), "it was reached by a path that was allowed");
}

#[test]
fn the_names_of_methods_pass_only_where_they_are_filtered() {
    let told = Told { function: METHOD_NAMES, is_direct: true, args: vec![] };
    assert!(read("functions list").unwrap().check(&told).is_err());
    assert!(read("functions __getMethodNames__").unwrap().check(&told).is_ok());
    assert!(read("read-only").unwrap().check(&told).is_ok());
}
