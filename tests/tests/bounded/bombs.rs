//! Components that cost far more than their size says.

use std::fmt::Write as _;

/// A component whose one function has this many locals and nested loops: the compiler looks at each local in each loop.
pub(crate) fn loops(locals: usize, loops: usize) -> Vec<u8> {
    let mut body = format!("(func (param i32) (local{})\n", " i64".repeat(locals));
    body.push_str(&"loop\n".repeat(loops));
    for local in 1..=locals {
        writeln!(body, "local.get {local} i64.const 1 i64.add local.set {local}").unwrap();
    }
    body.push_str(&"local.get 0 br_if 0 end\n".repeat(loops));
    body.push(')');
    core(&body)
}

/// A component with one core module, given as text.
pub(crate) fn core(module: &str) -> Vec<u8> {
    wat::parse_str(format!("(component (core module {module}))")).unwrap()
}

/// A component that exports a function whose type is this many lists, one in the other.
pub(crate) fn deep(levels: usize) -> Vec<u8> {
    let mut text = "(component (type $t0 (list u8))".to_owned();
    for level in 1..levels {
        write!(text, "(type $t{level} (list $t{}))", level - 1).unwrap();
    }
    let top = levels - 1;
    write!(text, "(import \"f\" (func (param \"x\" $t{top}))))").unwrap();
    wat::parse_str(text).unwrap()
}

/// A component with many records of many fields.
pub(crate) fn wide(types: usize, fields: usize) -> Vec<u8> {
    let mut text = "(component ".to_owned();
    for ty in 0..types {
        text.push_str("(type (record");
        for field in 0..fields {
            write!(text, "(field \"f{ty}-{field}\" u8)").unwrap();
        }
        text.push_str("))");
    }
    text.push(')');
    wat::parse_str(text).unwrap()
}

/// A component with this many data segments.
pub(crate) fn segments(count: usize) -> Vec<u8> {
    core(&format!("(memory 1) {}", "(data (i32.const 0) \"x\")".repeat(count)))
}

/// A component that exports the contract's `describe`, in which this runs, and this when it is instantiated.
pub(crate) fn describing(start: &str, describe: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (func $start {start})
                (start $start)
                (func (export "describe") (result i32) {describe} i32.const 0))
            (core instance $i (instantiate $m))
            (func $describe (result (list u8)) (canon lift (core func $i "describe") (memory (core memory $i "memory"))))
            (instance $commands (export "describe" (func $describe)))
            (export "powerbox:plugin/commands@0.1.0" (instance $commands)))"#
    );
    wat::parse_str(text).unwrap()
}
