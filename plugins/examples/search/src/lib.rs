//! An example of a plugin without slots of its own but its output: it searches the texts in the directory that its user
//! names, and reaches nothing else.

mod found;

use powerbox_sdk::passable::Value as Passed;
use powerbox_sdk::{Object, Output, Problem, Value, command};

use crate::found::Wanted;

powerbox_sdk::group! {
    /// Searching texts
    search: [search]
}

/// The largest text that is searched, in bytes; of a longer one nothing is.
const LARGEST: usize = 1 << 20;

/// Search the texts in a directory
///
/// Texts and blobs in the directory itself are searched, in whatever case; what cannot be read is left out. Each line that
/// is found is shown at once.
#[command(effect = reads)]
async fn search(
    /// What to search for
    text: String,
    /// The directory
    #[methods("list", "lookup")]
    directory: Object,
    /// Show only the names of what has it
    #[option(short = 'l')]
    names_only: bool,
    /// Stop after so many
    #[option(short = 'm')]
    #[default = "1000"]
    most: u64,
) -> Result<Output, Problem> {
    let wanted = Wanted::new(&text);
    let names = directory.call_with("list", Vec::new()).await?;
    let names: Vec<&str> = names.as_list().unwrap_or_default().iter().filter_map(Value::as_str).collect();
    let total = u64::try_from(names.len()).ok();
    let mut count = 0;
    for (done, name) in (0..).zip(names) {
        powerbox_sdk::progress(done, total, name);
        let Some(content) = content(&directory, name).await? else { continue };
        for (number, line) in wanted.lines(&content) {
            let shown = if names_only { name.to_owned() } else { format!("{name}:{number}: {line}") };
            powerbox_sdk::emit(Output::text(shown)).await?;
            count += 1;
            if count >= most {
                return Ok(Output::message(format!("There may be more: {most} are shown")));
            }
            if names_only {
                break;
            }
        }
    }
    if count == 0 {
        return Err(Problem::NotFound(text));
    }
    Ok(Output::Nothing)
}

/// The text that a name holds, if it is text. What has just gone, or is no text, has none; that the right was taken back
/// ends the command.
async fn content(directory: &Object, name: &str) -> Result<Option<String>, Problem> {
    let held = match directory.call_with("lookup", vec![Passed::list([Passed::text(name)])]).await {
        Ok(held) => held,
        Err(
            problem @ (Problem::Denied(_) | Problem::Revoked | Problem::Disconnected | Problem::Cancelled),
        ) => {
            return Err(problem);
        }
        Err(_) => return Ok(None),
    };
    let text = match held {
        Value::Capability(blob) => match blob.object().call_with("text", Vec::new()).await {
            Ok(text) => text.as_str().map(str::to_owned),
            Err(problem @ (Problem::Revoked | Problem::Disconnected | Problem::Cancelled)) => {
                return Err(problem);
            }
            Err(_) => None,
        },
        held => held.as_str().map(str::to_owned),
    };
    Ok(text.filter(|text| text.len() <= LARGEST))
}
