use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Exo, Reply, Value};

use super::FrontEnd;
use crate::membrane::Pace;

/// What a command says; `powerbox:plugin/output.output`. Texts are as the plugin gave them: a front end cleans them
/// for whatever it shows them on.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Nothing.
    Nothing,
    /// A sentence about what was done.
    Message(String),
    /// Text to print as it is.
    Text(String),
    /// Bytes to print as they are.
    Bytes(Vec<u8>),
    /// Lines of one kind.
    Lines(Vec<String>),
    /// Rows under headings.
    Table(Table),
    /// A value.
    Value(Value),
    /// What a later version of the contract adds.
    Other(String),
}

/// How many cells a table may have. Rows that are short of cells are filled up, so that columns and rows without any
/// would make many of little.
const MOST_CELLS: usize = 1 << 20;

/// Rows under headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The headings.
    pub columns: Vec<String>,
    /// The rows; each has as many cells as there are headings.
    pub rows: Vec<Vec<String>>,
}

impl Output {
    /// Reads the passable form, by the bridge's rule for variants.
    ///
    /// # Errors
    ///
    /// Says what does not fit.
    pub fn from_value(value: &Value) -> Result<Self, String> {
        if let Some(case) = value.as_str() {
            return Ok(if case == "nothing" { Self::Nothing } else { Self::Other(case.to_owned()) });
        }
        let entry = value.as_record().and_then(|record| record.iter().next());
        let (case, payload) = entry.ok_or("the output is not a variant")?;
        let text = || payload.as_str().map(str::to_owned).ok_or("the output is not text");
        Ok(match case.as_str().unwrap_or_default() {
            "message" => Self::Message(text()?),
            "text" => Self::Text(text()?),
            "bytes" => {
                let bytes = STANDARD.decode(text()?).map_err(|_| "the output is not bytes")?;
                Self::Bytes(bytes)
            }
            "lines" => Self::Lines(texts(payload).ok_or("the output is not a list of lines")?),
            "value" => Self::Value(payload.clone()),
            "table" => {
                let columns = payload.get("columns").and_then(texts).ok_or("the table has no columns")?;
                let rows = payload.get("rows").and_then(Value::as_list).ok_or("the table has no rows")?;
                if columns.len().saturating_mul(rows.len()) > MOST_CELLS {
                    return Err(format!("the table has more than {MOST_CELLS} cells"));
                }
                let rows = rows
                    .iter()
                    .map(|row| {
                        let mut row = texts(row)?;
                        row.resize(columns.len(), String::new());
                        Some(row)
                    })
                    .collect::<Option<Vec<_>>>()
                    .ok_or("a row of the table is not a list of texts")?;
                Self::Table(Table { columns, rows })
            }
            other => Self::Other(other.to_owned()),
        })
    }

    /// Writes the passable form, which [`from_value`](Self::from_value) reads.
    pub fn to_value(&self) -> Value {
        let case = |name: &str, payload| Value::record([(name, payload)]);
        let texts = |texts: &[String]| Value::texts(texts.iter().map(String::as_str));
        match self {
            Self::Nothing => Value::text("nothing"),
            Self::Other(other) => Value::text(other.as_str()),
            Self::Message(text) => case("message", Value::text(text.as_str())),
            Self::Text(text) => case("text", Value::text(text.as_str())),
            Self::Bytes(bytes) => case("bytes", Value::text(STANDARD.encode(bytes))),
            Self::Lines(lines) => case("lines", texts(lines)),
            Self::Value(value) => case("value", value.clone()),
            Self::Table(table) => {
                let rows = Value::list(table.rows.iter().map(|row| texts(row)));
                case("table", Value::record([("columns", texts(&table.columns)), ("rows", rows)]))
            }
        }
    }

    /// About how many bytes it takes, for limits.
    pub fn size(&self) -> u64 {
        let lines = |lines: &[String]| lines.iter().map(|line| line.len() as u64 + 1).sum::<u64>();
        match self {
            Self::Nothing => 0,
            Self::Message(text) | Self::Text(text) | Self::Other(text) => text.len() as u64 + 1,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Lines(texts) => lines(texts),
            Self::Table(table) => {
                lines(&table.columns) + table.rows.iter().map(|row| lines(row)).sum::<u64>()
            }
            Self::Value(_) => 64,
        }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_list()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

/// The power behind an `output` slot, for one invocation.
pub struct OutputPower {
    front_end: Arc<dyn FrontEnd>,
    limit: u64,
    written: AtomicU64,
    /// In KiB.
    pace: Pace,
}

impl OutputPower {
    /// Makes one that ends after `limit` bytes, and takes no more than so many KiB a second.
    pub fn new(front_end: Arc<dyn FrontEnd>, limit: u64, kib_per_second: u32) -> Self {
        let pace = Pace::new(kib_per_second, kib_per_second);
        Self { front_end, limit, written: AtomicU64::new(0), pace }
    }
}

impl Exo for OutputPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Output".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["emit", "progress"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        if method == "progress" {
            let number = |index: usize| match args.get(index) {
                Some(Value::BigInt(number)) => u64::try_from(number).ok(),
                _ => None,
            };
            let what = args.get(2).and_then(Value::as_str).unwrap_or_default();
            self.front_end.progress(number(0).unwrap_or_default(), number(1), &crate::text::clean_line(what));
            return Reply::undefined();
        }
        let piece = match args.first().map(Output::from_value) {
            Some(Ok(piece)) => piece,
            Some(Err(reason)) => return Reply::error(CallError::Invalid(reason.to_owned())),
            None => return Reply::error(CallError::Invalid("there is no output".to_owned())),
        };
        let size = piece.size();
        if self.written.fetch_add(size, Ordering::Relaxed).saturating_add(size) > self.limit {
            let limit = format!("a command may put out {} MiB", self.limit >> 20);
            return Reply::error(CallError::Limit(limit.into()));
        }
        let wait = self.pace.take_some(u32::try_from(size >> 10).unwrap_or(u32::MAX));
        let this = Arc::clone(self);
        Reply::pending(async move {
            if let Some(wait) = wait {
                tokio::time::sleep(wait).await;
            }
            this.front_end.emit(piece).await;
            Ok(Value::Undefined)
        })
    }
}
