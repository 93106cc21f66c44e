//! What a command put out, as text for a person or as JSON for a program.

mod value;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use comfy_table::presets::NOTHING;
use powerbox_core::local::{Output, Table};
use powerbox_core::text::{clean, clean_json, clean_line};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::exit::{Failure, Status};

/// Writes to standard output, cleaned: what `println!` does here. Whoever closes the pipe has seen enough.
pub(crate) fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    if let Err(error) = stdout.write_all(clean(text).as_bytes())
        && error.kind() == io::ErrorKind::BrokenPipe
    {
        std::process::exit(0);
    }
}

/// Writes to standard error, cleaned: what `eprintln!` does here. Nothing can be done if that fails.
pub(crate) fn err(text: &str) {
    let _ = io::stderr().lock().write_all(clean(text).as_bytes());
}

/// The same, after a mark of the program's own, which may be coloured.
pub(crate) fn out_marked(mark: &'static str, text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{mark} {}", clean(text));
}

/// Shows help, the version, or what is wrong with the program's own words, in which there may be anything.
pub(crate) fn usage(error: &clap::Error) {
    let shown = error.to_string();
    // Cleaned, it has no colours.
    if clean(&shown) == shown {
        let _ = error.print();
    } else if error.use_stderr() {
        err(&shown);
    } else {
        out(&shown);
    }
}

/// Prints text of the program's own, and ends the line. Whoever closes the pipe has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match writeln!(stdout, "{}", clean(text)).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => written
            .map_err(|error| Failure::new(Status::Failed, format!("the output cannot be written: {error}"))),
    }
}

/// Prints something as JSON, its parts in the order in which they are declared.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value);
    let json = json.map_err(|error| Failure::new(Status::Failed, format!("this is no JSON: {error}")))?;
    print(&clean_json(&json))
}

/// JSON as it is printed: what a terminal could take for commands is spelled out in it, too.
pub(crate) fn spelled(json: &Json) -> String {
    clean_json(&json.to_string())
}

/// What is said on standard error, where the program's own errors and hints begin each on a line of their own: no
/// further line of it can pass for one.
pub(crate) fn sentence(text: &str) -> String {
    clean(text.trim_end()).replace('\n', "\n  ")
}

/// Writes output as text. What a terminal could take for commands is spelled out; bytes go to anything else as they
/// are.
pub(crate) fn text(output: &Output, terminal: bool, out: &mut dyn Write) -> io::Result<()> {
    match output {
        Output::Nothing => Ok(()),
        Output::Message(text) | Output::Other(text) => writeln!(out, "{}", clean(text)),
        Output::Text(text) => {
            let text = clean(text);
            if text.ends_with('\n') { write!(out, "{text}") } else { writeln!(out, "{text}") }
        }
        Output::Bytes(bytes) if terminal => write!(out, "{}", clean(&String::from_utf8_lossy(bytes))),
        Output::Bytes(bytes) => out.write_all(bytes),
        Output::Lines(lines) => lines.iter().try_for_each(|line| writeln!(out, "{}", clean_line(line))),
        Output::Table(table) => writeln!(out, "{}", aligned(table)),
        Output::Value(value) => writeln!(out, "{}", value::text(value)),
    }
}

/// Spells output as JSON. Nothing to say is `null` at the end, and no line before it.
pub(crate) fn json(output: &Output, last: bool) -> Option<Json> {
    Some(match output {
        Output::Nothing if last => Json::Null,
        Output::Nothing => return None,
        Output::Message(message) => json!({ "message": message }),
        Output::Text(text) | Output::Other(text) => json!(text),
        Output::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => json!(text),
            Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
        },
        Output::Lines(lines) => json!(lines),
        Output::Table(table) => {
            let row = |row: &Vec<String>| -> Json {
                table
                    .columns
                    .iter()
                    .cloned()
                    .zip(row.iter().map(|cell| json!(cell)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            };
            table.rows.iter().map(row).collect()
        }
        Output::Value(value) => value::json(value),
    })
}

/// Sets a table in columns.
pub(crate) fn aligned(table: &Table) -> String {
    let mut grid = comfy_table::Table::new();
    grid.load_preset(NOTHING);
    grid.set_header(table.columns.iter().map(|cell| clean_line(cell).to_uppercase()));
    for row in &table.rows {
        grid.add_row(row.iter().map(|cell| clean(cell)));
    }
    for column in grid.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let trimmed: Vec<_> = grid.lines().map(|line| line.trim_end().to_owned()).collect();
    trimmed.join("\n")
}
