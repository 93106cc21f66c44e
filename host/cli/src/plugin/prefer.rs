use powerbox_core::Host;
use serde_json::json;

use crate::exit::Failure;
use crate::render::print_json;

/// Lets a word call a plugin's command that another plugin had, or that nobody has.
pub(super) async fn prefer(host: &Host, plugin: &str, word: &str, json: bool) -> Result<(), Failure> {
    let had = host.prefer(plugin, word).await?;
    if json {
        return print_json(&json!({ "plugin": plugin, "word": word, "had": had }));
    }
    match had {
        Some(had) => {
            eprintln!("`{word}` calls a command of `{plugin}` now; `{had}:{word}` calls the one of `{had}`")
        }
        None => eprintln!("`{word}` calls a command of `{plugin}`"),
    }
    Ok(())
}
