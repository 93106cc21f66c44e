use powerbox_core::Host;
use powerbox_core::text::clean_line;
use serde_json::json;

use crate::exit::{Failure, Status};
use crate::render::print;

pub(super) fn restore(host: &Host, name: &str, json: bool) -> Result<(), Failure> {
    if host.registry().plugin(name).is_none() {
        return Err(Failure::new(Status::Failed, format!("there is no plugin named `{}`", clean_line(name)))
            .hinted("`powerbox plugin list` lists the plugins"));
    }
    let had_failed = host.restore_plugin(name);
    let had_failed =
        had_failed.map_err(|error| Failure::new(Status::Failed, format!("cannot restore it: {error}")))?;
    if json {
        return print(&json!({ "plugin": name, "hadFailed": had_failed }).to_string());
    }
    if had_failed {
        eprintln!("the plugin `{name}` may run again");
    } else {
        eprintln!("the plugin `{name}` was not put aside");
    }
    Ok(())
}
