//! The table of cases: each recorded command of the groups storage and system.
//!
//! Before a name is changed our commands look whether something would be lost, which the recorded clients do not: they
//! ask where it leads (`locate`) and which directories are on the way (`identify`).
//!
//! Not here, because what was recorded is not what a person wants:
//!
//! | recording | why | what stands for it |
//! |---|---|---|
//! | `master/show-path` | the CLI spreads the path into `lookup`, which takes the first name only | nothing: no client of `master` asks for a path rightly |
//! | `llm/cancel` | the CLI gives the reason as text, which the daemon refuses | `llm/chat-cancel` |
//! | `llm/chat-list-path` | the chat has the host list the path, the CLI looks the directory up and lists that; we do as the CLI | `llm/list-directory` |
//! | `llm/chat-show`, the call `identify` | the chat wants the identifier for its inspector | the rest of that session |
//! | `…/store-bigint`, `…/store-iterator` | no command of ours stores a bare bigint or a stream | `sessions.rs` plays the latter's calls as `api-blob` |
//! | `…/list-verbose` | no such flag | |

use base64::prelude::{BASE64_STANDARD, Engine};
use powerbox_tests::transcript::Recording;
use serde_json::Value;

use crate::cases::case;

macro_rules! plays {
    ($($(#[$attribute:meta])* $name:ident: $case:expr;)*) => {
        $(
            #[test]
            $(#[$attribute])*
            fn $name() {
                $case.play();
            }
        )*
    };
}

/// What the recorded clients stored and printed as `blob`, taken from the chunk that went over the wire.
fn blob(recording: &str) -> Vec<u8> {
    let recording = Recording::named(recording).unwrap();
    let chunk = recording.messages().find_map(|(_, message)| {
        let result: Value = serde_json::from_str(message["result"]["body"].as_str()?).ok()?;
        result.get("value")?.as_str().map(str::to_owned)
    });
    BASE64_STANDARD.decode(chunk.unwrap()).unwrap()
}

fn blob_text(recording: &str) -> String {
    // A line, since output as JSON spells the line breaks otherwise.
    String::from_utf8(blob(recording)).unwrap().lines().next().unwrap().to_owned()
}

const MASTER_NAMES: [&str; 10] =
    ["AGENT", "APPS", "ENDO", "INFO", "MAIL", "MAIN", "NETS", "NONE", "PINS", "SELF"];

const LLM_NAMES: [&str; 11] =
    ["@agent", "@endo", "@host", "@info", "@mail", "@main", "@nets", "@node", "@none", "@pins", "@self"];

mod master {
    use super::*;

    plays! {
        list: case("master/list", &["list"]).prints(MASTER_NAMES);
        list_of_an_inventory: case("master/list-inventory", &["ls"]).prints(["blob", "forty-two", "sub-host-agent"]);
        list_of_a_directory: case("master/list-directory", &["list", "dir"]).prints(["txt-copy"]);
        list_follow: case("master/list-follow", &["list", "--follow"]).prints(["AGENT", "wkr", "followed"]).until_interrupted();
        show: case("master/show", &["show", "rec"]).prints(["two"]);
        show_of_a_remotable: case("master/show-remotable", &["show", "thing"]).prints(["Thing"]);
        show_of_an_absent_name: case("master/show-unknown", &["show", "nosuch"]).fails(&["nosuch"]);
        remove: case("master/remove", &["remove", "big"]);
        remove_of_a_path: case("master/remove-path", &["rm", "dir/jsn"]);
        remove_of_an_absent_name: case("master/remove-unknown", &["remove", "nosuch"]).fails(&["nosuch"]);
        rename: case("master/move", &["move", "jsn", "jsn-moved"]);
        move_into_a_directory: case("master/move-into-directory", &["mv", "jsn-moved", "dir/jsn"]);
        copy: case("master/copy", &["copy", "txt", "dir/txt-copy"]);
        mkdir: case("master/mkdir", &["mkdir", "dir"]);
        store_text: case("master/store-text", &["store", "txt", "--text", "hello"]);
        store_json: case("master/store-json", &["store", "jsn", "--json", r#"{"n":1,"list":["a",2]}"#]);
        store_number: case("master/store-answer", &["store", "forty-two", "--json", "42"]);
        store_file: case("master/store-blob", &["store", "blob", "--file", "index.js"])
            .with_file("index.js", blob("master/store-blob"));
        cat: case("master/cat", &["cat", "blob"]).prints([blob_text("master/cat")]);
        cancel: case("master/cancel", &["cancel", "counter", "because"]).looks_before_cancelling();
        cancel_without_a_reason: case("master/cancel-no-reason", &["cancel", "counter"]).looks_before_cancelling();
        cancel_of_a_worker: case("master/cancel-worker", &["cancel", "wkr2"]).looks_before_cancelling();
    }
}

mod llm {
    use super::*;

    plays! {
        list: case("llm/list", &["list"]).prints(LLM_NAMES);
        list_of_an_inventory: case("llm/list-inventory", &["ls"]).prints(["blob", "forty-two", "sub-host-agent"]);
        list_of_a_directory: case("llm/list-directory", &["list", "dir"]).prints(["txt-copy"]);
        list_follow: case("llm/list-follow", &["list", "--follow"]).prints(["@agent", "wkr", "followed"]).until_interrupted();
        show: case("llm/show", &["show", "rec"]).prints(["two"]);
        show_of_a_path: case("llm/show-path", &["show", "dir/txt-copy"]).prints(["hello"]);
        show_of_a_remotable: case("llm/show-remotable", &["show", "thing"]).prints(["Thing"]);
        show_through_a_tree: case("llm/show-tree", &["show", "tree/caplet/package.json"]).prints(["SnapshotBlob a60e2870"]);
        show_of_an_absent_name: case("llm/show-unknown", &["show", "nosuch"]).fails(&["nosuch"]);
        remove: case("llm/remove", &["remove", "big"]);
        remove_of_a_path: case("llm/remove-path", &["rm", "dir/jsn"]);
        remove_of_an_absent_name: case("llm/remove-unknown", &["remove", "nosuch"]).fails(&["nosuch"]);
        rename: case("llm/move", &["move", "jsn", "jsn-moved"]);
        move_into_a_directory: case("llm/move-into-directory", &["mv", "jsn-moved", "dir/jsn"]);
        copy: case("llm/copy", &["copy", "txt", "dir/txt-copy"]);
        mkdir: case("llm/mkdir", &["mkdir", "dir"]);
        store_text: case("llm/store-text", &["store", "txt", "--text", "hello"]);
        store_json: case("llm/store-json", &["store", "jsn", "--json", r#"{"n":1,"list":["a",2]}"#]);
        store_number: case("llm/store-answer", &["store", "forty-two", "--json", "42"]);
        store_file: case("llm/store-blob", &["store", "blob", "--file", "index.js"])
            .with_file("index.js", blob("llm/store-blob"));
        cat: case("llm/cat", &["cat", "blob"]).prints([blob_text("llm/cat")]);
        cat_through_a_tree: case("llm/cat-tree", &["cat", "tree/caplet/package.json"]).prints(["fixture-caplet"]);
        cancel_without_a_reason: case("llm/cancel-no-reason", &["cancel", "counter"]).looks_before_cancelling();
        cancel_of_a_worker: case("llm/cancel-worker", &["cancel", "wkr2"]).looks_before_cancelling();
    }
}

/// The command executor of Endo's chat: the same commands by another client.
mod chat {
    use super::*;

    plays! {
        list: case("llm/chat-list", &["list"]).prints(["gus-agent", "sub", "txt"]);
        show: case("llm/chat-show", &["show", "dir/answer"]).prints(["42"]).without("identify");
        show_of_an_absent_name: case("llm/chat-show-unknown", &["show", "nosuch"]).fails(&["nosuch"]);
        remove_of_two: case("llm/chat-remove", &["remove", "txt3", "dir/answer"]);
        move_out_of_a_directory: case("llm/chat-move", &["move", "dir/txt2", "txt3"]);
        copy: case("llm/chat-copy", &["copy", "txt", "dir/txt2"]);
        mkdir: case("llm/chat-mkdir", &["mkdir", "dir"]);
        cancel: case("llm/chat-cancel", &["cancel", "wkr", "because"]).looks_before_cancelling();
    }
}
