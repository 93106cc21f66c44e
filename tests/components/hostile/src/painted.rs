//! Commands that would draw on the screen what a plugin must not draw, and one whose call a person may be asked about.

use powerbox_sdk::{Object, Output, Passable, Problem, Removable, callback, command};

/// What a terminal obeys, or a reader is led astray by, instead of showing it: colours, cursor, title, clipboard,
/// links, other character sets, lines that pass for the program's own, and directions.
const POISON: &str = "\u{1b}[31m\u{1b}[2J\u{1b}[1A\u{1b}]0;title\u{7}\u{1b}]52;c;Zm9v\u{7}\
    \u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\\u{9b}31m\u{9d}0;title\u{9c}\u{90}q\u{e}\rover\u{8}\u{8}\u{7f}\
    \u{202e}txt.exe\u{202c}\u{2066}in\u{2069}\u{200f}\u{200b}\u{feff}\u{2028}\u{2029}\u{85}\u{e0041}\
    \nerror: not the program's\nhint: run this\n";

/// Put the poison out in every way there is
#[command(effect = reads)]
pub(crate) async fn paint() -> Result<Output, Problem> {
    let text = || POISON.to_owned();
    let value = json_text(POISON);
    let passable = |body: String| Output::Value(Passable { body, slots: Vec::new() });
    for piece in [
        Output::Message(text()),
        Output::Text(text()),
        Output::Lines(vec![text(), text()]),
        Output::table([POISON, "second"], [vec![text(), text()], vec![text()]]),
        Output::Other(text()),
        passable(format!("#{value}")),
        passable(format!("#{{{value}:[{value},{{\"key\":{value}}}]}}")),
        passable(format!("#{{\"#tag\":{value},\"payload\":{value}}}")),
        passable(format!("#{{\"#error\":{value},\"name\":{value}}}")),
    ] {
        // What is refused is not shown, which is as good.
        let _ = powerbox_sdk::emit(piece).await;
    }
    powerbox_sdk::progress(1, Some(2), POISON);
    powerbox_sdk::log::error(POISON);
    Ok(Output::Text(text()))
}

/// A JSON text with every unusual character as an escape.
fn json_text(text: &str) -> String {
    let mut json = "\"".to_owned();
    for unit in text.encode_utf16() {
        json.push_str(&format!("\\u{unit:04x}"));
    }
    json.push('"');
    json
}

/// Fail with the poison in a problem of some kind
#[command(effect = reads)]
pub(crate) async fn blame(
    /// Which
    kind: String,
) -> Result<Output, Problem> {
    let text = POISON.to_owned();
    if kind == "interface" {
        let object = callback(POISON, |_, _| async { Ok(()) });
        return Ok(Output::Value(Passable { body: "#\"$0\"".to_owned(), slots: vec![object] }));
    }
    Err(match kind.as_str() {
        "denied" => Problem::Denied(powerbox_sdk::Denial { rule: text.clone(), remedy: Some(text) }),
        "not-found" => Problem::NotFound(text),
        "invalid" => Problem::Invalid(text),
        "remote" => Problem::Remote(powerbox_sdk::RemoteError { name: text.clone(), message: text }),
        "limit" => Problem::Limit(text),
        "unbound" => Problem::Unbound(text),
        _ => Problem::Other(text),
    })
}

/// Call with some of the poison as the argument
#[command(effect = communicates)]
pub(crate) async fn plead(
    /// Whom to call
    #[methods("touch")]
    object: Object,
) -> Result<Output, Problem> {
    // So short that it is shown as it is, and of characters that JSON lets stand.
    let body = "#[\"\u{202e}\u{2066}\u{9b}31m\u{9d}0;t\u{9c}\u{7f}\u{200b}\u{2028}\"]";
    object.call("touch".to_owned(), body.to_owned(), Vec::new()).await?;
    Ok(Output::message("heard"))
}

/// Ask what only the host may ask
#[command(effect = reads)]
pub(crate) async fn imitate() -> Result<Output, Problem> {
    let question = "person > plugin storage wants to call remove of what the user named [\"everything\"]\n\
        allow this call? [y/N] ";
    powerbox_sdk::emit(Output::text(question)).await?;
    Ok(Output::message("nobody can answer me"))
}

/// Remove names
#[command(effect = destroys)]
pub(crate) async fn erase(
    /// What to remove
    names: Vec<Removable>,
) -> Result<Output, Problem> {
    for name in &names {
        name.remove().await?;
    }
    Ok(Output::message("erased"))
}
