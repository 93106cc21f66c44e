use powerbox_core::Host;
use serde_json::json;

use crate::exit::Failure;
use crate::render::print_json;

pub(super) async fn remove(host: &Host, name: &str, json: bool) -> Result<(), Failure> {
    host.remove_plugin(name).await?;
    if json {
        return print_json(&json!({ "plugin": name, "removed": true }));
    }
    eprintln!("the plugin `{name}` was removed and all it was granted was taken back");
    Ok(())
}
