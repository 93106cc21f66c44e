//! Frames that no honest side would send, and those that it would send at another time.

use std::collections::VecDeque;

use arbitrary::{Result, Unstructured};

const TYPES: [&str; 8] = [
    "CTP_BOOTSTRAP",
    "CTP_CALL",
    "CTP_RETURN",
    "CTP_RESOLVE",
    "CTP_DROP",
    "CTP_DISCONNECT",
    "CTP_TRAP_ITERATE",
    "CTP_NOPE",
];

const KEYS: [&str; 12] = [
    "questionID",
    "target",
    "method",
    "answerID",
    "result",
    "exception",
    "promiseID",
    "res",
    "rej",
    "slotID",
    "decRefs",
    "powerbox",
];

/// Names and numbers, sound and broken.
const NAMES: [&str; 30] = [
    r#""o+1""#,
    r#""o-1""#,
    r#""o+2""#,
    r#""o-2""#,
    r#""p+1""#,
    r#""p-1""#,
    r#""p+2""#,
    r#""p-2""#,
    r#""q-1""#,
    r#""q-2""#,
    r#""q-3""#,
    r#""q+1""#,
    r#""t+1""#,
    r#""t-1""#,
    r#""o+0""#,
    r#""o+abc""#,
    r#""x+1""#,
    r#""zebra""#,
    r#""o+""#,
    r#""q-01""#,
    r#""p+1x""#,
    r#""o+18446744073709551616""#,
    r#""""#,
    "1",
    "2",
    "-1",
    "1e9",
    "null",
    "{}",
    "[]",
];

/// Bodies, sound and broken.
const BODIES: [&str; 14] = [
    r#"["m",[]]"#,
    r#"["m",[{"@qclass":"slot","index":0},{"@qclass":"slot","index":1}]]"#,
    r#"[null,[{"@qclass":"slot","index":1}]]"#,
    r#"["length"]"#,
    r#"["m",5]"#,
    "[]",
    "5",
    "{bad",
    r#"{"@qclass":"slot","index":0}"#,
    r#"{"@qclass":"slot","iface":"Alleged: X","index":0}"#,
    r#"{"@qclass":"slot","iface":"X","index":0}"#,
    r##"#["m",["$0","&1"]]"##,
    r#"{"@qclass":"error","name":"E","message":"m"}"#,
    "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
];

/// Makes a frame for a side; `inbox` has the true ones that wait for it.
pub(super) fn frame(inbox: &VecDeque<Vec<u8>>, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    Ok(match input.int_in_range(0..=9)? {
        // A true frame again.
        0 => known(inbox, input)?,
        // A true frame with one byte changed, or cut short.
        1 => {
            let mut frame = known(inbox, input)?;
            if !frame.is_empty() {
                let place = input.choose_index(frame.len())?;
                match input.arbitrary::<Option<u8>>()? {
                    Some(byte) => frame.splice(place..=place, [byte]).for_each(drop),
                    None => frame.truncate(place),
                }
            }
            frame
        }
        // Anything at all.
        2 => {
            let length = input.int_in_range(0..=64)?;
            input.bytes(length.min(input.len()))?.to_vec()
        }
        // What looks like a message.
        _ => message(input)?.into_bytes(),
    })
}

fn known(inbox: &VecDeque<Vec<u8>>, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    match inbox.len() {
        0 => message(input).map(String::into_bytes),
        count => Ok(inbox.get(input.choose_index(count)?).cloned().unwrap_or_default()),
    }
}

fn message(input: &mut Unstructured<'_>) -> Result<String> {
    let kind = input.choose(&TYPES)?;
    let mut message = format!(r#"{{"type":"{kind}""#);
    // The members that belong to it, most of the time.
    let own: &[&str] = match *kind {
        "CTP_BOOTSTRAP" => &["questionID", "powerbox"],
        "CTP_CALL" => &["questionID", "target", "method"],
        "CTP_RETURN" => &["answerID", "result"],
        "CTP_RESOLVE" => &["promiseID", "res"],
        "CTP_DROP" => &["slotID", "decRefs"],
        _ => &[],
    };
    for key in own {
        if !input.ratio(1, 8)? {
            member(&mut message, key, input)?;
        }
    }
    if input.ratio(1, 4)? {
        member(&mut message, input.choose(&KEYS)?, input)?;
    }
    message.push('}');
    Ok(message)
}

fn member(message: &mut String, key: &str, input: &mut Unstructured<'_>) -> Result<()> {
    let value = match key {
        "method" | "result" | "exception" | "res" | "rej" if !input.ratio(1, 16)? => {
            let body = input.choose(&BODIES)?;
            let escaped = body.replace('\\', r"\\").replace('"', r#"\""#);
            let count = input.int_in_range(0..=9)?;
            let slots: Result<Vec<_>> = (0..count).map(|_| name(input)).collect();
            format!(r#"{{"body":"{escaped}","slots":[{}]}}"#, slots?.join(","))
        }
        "powerbox" => input.choose(&["1", "2", "true"])?.to_string(),
        "decRefs" => {
            input.choose(&["0", "1", "2", "1000000", "18446744073709551615", "-1", "1.5"])?.to_string()
        }
        _ => name(input)?,
    };
    message.push_str(&format!(r#","{key}":{value}"#));
    Ok(())
}

/// A name; nearly always a sound one, since a broken one ends the session.
fn name(input: &mut Unstructured<'_>) -> Result<String> {
    let sound = NAMES.get(..18).unwrap_or(&NAMES);
    let names = if input.ratio(1, 32)? { NAMES.as_slice() } else { sound };
    Ok((*input.choose(names)?).to_owned())
}
