use powerbox_core::{Host, passed};
use serde_json::json;

use crate::exit::Failure;
use crate::render::print_json;

pub(super) async fn remove(host: &Host, name: &str, json: bool) -> Result<(), Failure> {
    let before = host.registry();
    host.remove_plugin(name).await?;
    if json {
        return print_json(&json!({ "plugin": name, "removed": true }));
    }
    eprintln!("the plugin `{name}` was removed and all it was granted was taken back");
    for (word, owner) in passed(&before, &host.registry()) {
        eprintln!("`{word}` calls a command of the plugin `{owner}` now");
    }
    Ok(())
}
