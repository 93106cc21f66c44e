//! Values that lie, where they leave the compartment: about their length, their place, their kind, their depth. The
//! host reads them all, and believes none. The control is the same value told truly, or small enough.

use powerbox_captp::Value;
use powerbox_tests::raw::{self, Data, Raw, message, output, problem};

use crate::attack::{Came, Guard, attacks};
use crate::target::{Target, goes_on, outcome, world_on, world_with};

attacks! {
    a_list_longer_than_memory by Word "the plugin crashed: list pointer/length out of bounds of memory",
    a_text_beyond_memory by Word "the plugin crashed: string pointer/length out of bounds of memory",
    a_text_of_four_gibibytes by Word "the plugin crashed: string pointer/length out of bounds of memory",
    bytes_that_are_no_utf8 by Word "the plugin crashed: invalid utf-8",
    halves_of_characters by Word "the plugin crashed: invalid utf-8",
    a_character_that_is_none by Word "the plugin crashed: converted integer out of range for `char`",
    an_unknown_case_of_output by Word "the plugin crashed: discriminant 200 out of range",
    an_unknown_case_of_result by Word "the plugin crashed: discriminant 7 out of range",
    an_unknown_case_of_option by Word "the plugin crashed: discriminant 9 out of range",
    a_list_out_of_line by Word "the plugin crashed: list pointer is not aligned",
    a_result_out_of_line by Word "the plugin crashed: return pointer not aligned",
    a_result_at_the_end_of_the_address_space by Word "the plugin crashed: pointer out of bounds of memory",
    an_argument_beyond_memory by Word "the plugin crashed: string pointer/length out of bounds of memory",
    nesting_of_ten_thousand by Word "levels of nesting",
    an_integer_of_a_million_digits by Word "digits",
    a_million_and_more_small_things by Word "values",
    a_million_slots by Word "the plugin passed too much data: one call or result",
    slots_that_refer_to_nothing by Word "the plugin crashed: unknown handle index 0",
    a_slot_that_is_not_there by Word "slot",
    rows_that_make_cells_of_nothing by Word "the table has more than 1048576 cells",
}

/// Has a plugin give a lie, or else the truth, as what its command says.
async fn gives(
    guard: Guard,
    lie: impl FnOnce(&mut Data) -> u32,
    truth: impl FnOnce(&mut Data) -> u32,
) -> Came {
    let group = raw::group("raw", &["tell"]);
    let raw = if guard.is_up() { Raw::giving(group, lie) } else { Raw::giving(group, truth) };
    let said = told(raw, &[]).await;
    Came::aside(!said.starts_with("error"), said)
}

async fn told(raw: Raw, bind: &[(&str, &str)]) -> String {
    let world = world_on(&Target::open().staged(), |_| {}).await;
    raw.install_with(&world, bind).await.unwrap();
    let said = outcome(&world, "tell").await;
    goes_on(&world).await;
    said
}

/// Puts the words of a result.
fn put(words: Vec<u32>) -> impl FnOnce(&mut Data) -> u32 {
    move |data| data.words(&words)
}

/// Puts a value of this body, without slots.
fn body(body: String) -> impl FnOnce(&mut Data) -> u32 {
    move |data| {
        let [address, length] = data.text(body);
        data.words(&output(6, &[address, length, 0, 0]))
    }
}

fn says(text: &'static [u8]) -> impl FnOnce(&mut Data) -> u32 {
    move |data| {
        let text = data.text(text);
        data.words(&message(text))
    }
}

async fn a_list_longer_than_memory(guard: Guard) -> Came {
    let lines = |count: u32| {
        move |data: &mut Data| {
            let [address, _] = data.texts(&["one", "two"]);
            data.words(&output(4, &[address, count]))
        }
    };
    gives(guard, lines(100_000_000), lines(2)).await
}

async fn a_text_beyond_memory(guard: Guard) -> Came {
    gives(guard, put(message([0xffff_0000, 0x8000])), put(message([0, 8]))).await
}

async fn a_text_of_four_gibibytes(guard: Guard) -> Came {
    gives(guard, put(message([0, u32::MAX])), put(message([0, 8]))).await
}

async fn bytes_that_are_no_utf8(guard: Guard) -> Came {
    gives(guard, says(b"\xff\xfe\xc0\xaf"), says("ÿþ/".as_bytes())).await
}

async fn halves_of_characters(guard: Guard) -> Came {
    gives(guard, says(b"\xed\xa0\x80\xed\xb0\x80"), says("\u{10000}".as_bytes())).await
}

async fn an_unknown_case_of_output(guard: Guard) -> Came {
    gives(guard, put(output(200, &[0, 0])), put(output(0, &[]))).await
}

async fn an_unknown_case_of_result(guard: Guard) -> Came {
    gives(guard, put(vec![7, 0, 0, 0, 0, 0, 0]), put(vec![0, 0, 0, 0, 0, 0, 0])).await
}

async fn an_unknown_case_of_option(guard: Guard) -> Came {
    let denied = |option| {
        move |data: &mut Data| {
            let [address, length] = data.text("no rule of the host's");
            data.words(&problem(0, &[address, length, option, 0, 0]))
        }
    };
    let group = raw::group("raw", &["tell"]);
    let said = told(Raw::giving(group, denied(if guard.is_up() { 9 } else { 0 })), &[]).await;
    Came::aside(said == "error: denied: no rule of the host's", said)
}

async fn a_list_out_of_line(guard: Guard) -> Came {
    let lines = |shift: u32| {
        move |data: &mut Data| {
            let [address, count] = data.texts(&["one", "two", "three"]);
            data.words(&output(4, &[address + shift, count - 1]))
        }
    };
    gives(guard, lines(2), lines(8)).await
}

async fn a_result_out_of_line(guard: Guard) -> Came {
    let at = |shift: u32| move |data: &mut Data| data.words(&[0; 9]) + shift;
    gives(guard, at(2), at(4)).await
}

async fn a_result_at_the_end_of_the_address_space(guard: Guard) -> Came {
    gives(guard, |_| 0xffff_fff0, put(output(0, &[]))).await
}

async fn an_argument_beyond_memory(guard: Guard) -> Came {
    let mut raw = Raw::giving(raw::group("raw", &["tell"]), put(output(0, &[])));
    let length = if guard.is_up() { 0x7fff_0000 } else { 8 };
    raw.world = "import powerbox:plugin/log@0.1.0;".to_owned();
    raw.core = format!(
        r#"(import "powerbox:plugin/log@0.1.0" "write" (func $write (param i32 i32 i32)))
           {}"#,
        raw.core.replace(
            "(result i32)",
            &format!("(result i32) (call $write (i32.const 0) (i32.const 0x70000000) (i32.const {length}))")
        )
    );
    if !guard.is_up() {
        raw.core = raw.core.replace("0x70000000", "8");
    }
    let said = told(raw, &[]).await;
    Came::aside(said.is_empty(), said)
}

/// A plugin with a slot of an interface that it made up, whose function takes a character and a number.
fn odd(letter: u32, number: u64) -> Raw {
    let mut raw = Raw::giving(raw::group("raw", &["tell"]), put(output(0, &[])));
    raw.packages = "package test:odd@1.0.0;
        interface sink { take: async func(letter: char, number: f64) -> result<_, string>; }"
        .to_owned();
    raw.world = "import odd: test:odd/sink@1.0.0;".to_owned();
    let call = format!(
        "(result i32) (call $take (i32.const {letter}) (f64.reinterpret_i64 (i64.const {number})) (i32.const 64))"
    );
    raw.core = format!(
        r#"(import "odd" "take" (func $take (param i32 f64 i32))) {}"#,
        raw.core.replace("(result i32)", &call)
    );
    raw
}

async fn a_character_that_is_none(guard: Guard) -> Came {
    let said = told(odd(if guard.is_up() { 0xd800 } else { 'a'.into() }, 0), &[("odd", "it")]).await;
    Came::aside(said.is_empty(), said)
}

async fn nesting_of_ten_thousand(guard: Guard) -> Came {
    let nested = |depth| body(format!("#{}{}", "[".repeat(depth), "]".repeat(depth)));
    gives(guard, nested(10_000), nested(1_000)).await
}

async fn an_integer_of_a_million_digits(guard: Guard) -> Came {
    let digits = |count| body(format!("#\"+{}\"", "7".repeat(count)));
    gives(guard, digits(1_000_000), digits(10_000)).await
}

async fn a_million_and_more_small_things(guard: Guard) -> Came {
    let zeros = |count| body(format!("#[{}0]", "0,".repeat(count)));
    gives(guard, zeros(1_100_000), zeros(100_000)).await
}

fn slots(count: usize) -> impl FnOnce(&mut Data) -> u32 {
    move |data| {
        let slots = data.words(&vec![0; count]);
        let [address, length] = data.text("#\"none of them is mentioned\"");
        data.words(&output(6, &[address, length, slots, count.try_into().unwrap()]))
    }
}

async fn a_million_slots(guard: Guard) -> Came {
    gives(guard, slots(1_000_000), slots(0)).await
}

async fn slots_that_refer_to_nothing(guard: Guard) -> Came {
    gives(guard, slots(1_000), slots(0)).await
}

async fn a_slot_that_is_not_there(guard: Guard) -> Came {
    gives(guard, body("#\"$5.Alleged: Admin\"".to_owned()), body("#\"5 Alleged: Admin\"".to_owned())).await
}

/// Rows that are short of cells are filled up: a hundred kilobytes would become a hundred million cells.
async fn rows_that_make_cells_of_nothing(guard: Guard) -> Came {
    let table = |columns: usize, rows: usize| {
        move |data: &mut Data| {
            let [names, columns] = data.list(&vec![vec![0, 0]; columns]);
            let [cells, rows] = data.list(&vec![vec![0, 0]; rows]);
            data.words(&output(5, &[names, columns, cells, rows]))
        }
    };
    gives(guard, table(10_000, 10_000), table(100, 100)).await
}

/// What an attacker hides in the bits of a number that is none goes nowhere.
#[tokio::test]
async fn nothing_is_smuggled_in_a_nan() {
    let target = Target::open();
    let world = world_on(&target.staged(), |_| {}).await;
    odd('é'.into(), 0x7ff4_dead_beef_0001).install_with(&world, &[("odd", "it")]).await.unwrap();
    assert_eq!(outcome(&world, "tell").await, "");
    let taken = target.taken();
    assert_eq!(taken[0], Value::text("é"));
    let Value::Number(number) = taken[1] else { panic!("{taken:?}") };
    assert!(number.is_nan() && number.to_bits() & 0xffff_ffff == 0, "{:x}", number.to_bits());
}

/// JavaScript knows texts with half a character in them, and so do its objects. They are shown as something readable.
#[tokio::test]
async fn half_a_character_in_a_body_is_shown_as_a_whole_one() {
    let world = world_with(|_| {}).await;
    let group = raw::group("raw", &["tell"]);
    Raw::giving(group, body(r##"#"a\ud800b""##.to_owned())).install(&world).await.unwrap();
    assert!(!outcome(&world, "tell").await.starts_with("error"));
}
