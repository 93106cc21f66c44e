//! The player against a raw client, which writes JSON and has no protocol library of any kind.

use std::{io::BufReader, os::unix::net::UnixStream, path::Path, time::Duration};

use serde_json::{Value, json};

use super::{Extra, Player, Recording, Script, Verdict, read_frame, write_frame};

fn script(name: &str) -> Script {
    Script::new(Recording::named(name).unwrap())
}

/// Sends messages to a script, and gives what it sent, with its verdict.
fn converse(mut script: Script, messages: &[Value]) -> (Vec<Value>, Verdict) {
    let sent = messages.iter().flat_map(|message| script.receive(message)).collect();
    (sent, script.finish())
}

fn bootstrap(question: &str) -> Value {
    json!({"type": "CTP_BOOTSTRAP", "epoch": 0, "questionID": question})
}

fn call(question: &str, target: &str, method: Value) -> Value {
    call_with(question, target, method, &[])
}

fn call_with(question: &str, target: &str, method: Value, slots: &[&str]) -> Value {
    let method = json!({"body": method.to_string(), "slots": slots});
    json!({"type": "CTP_CALL", "epoch": 0, "questionID": question, "target": target, "method": method})
}

fn answer(question: &str, result: Value) -> Value {
    let result = json!({"body": result.to_string(), "slots": []});
    json!({"type": "CTP_RETURN", "epoch": 0, "answerID": question, "result": result})
}

fn disconnect() -> Value {
    json!({"type": "CTP_DISCONNECT", "epoch": 0})
}

fn slot(index: usize) -> Value {
    json!({"@qclass": "slot", "index": index})
}

fn answered<'a>(sent: &'a [Value], question: &str) -> &'a Value {
    sent.iter().find(|message| message["answerID"] == question).unwrap()
}

#[test]
fn every_recording_plays_to_its_own_client() {
    let names = Recording::all().unwrap();
    assert!(names.len() > 60, "only {} recordings", names.len());
    for name in names {
        let recording = Recording::named(&name).unwrap();
        let messages: Vec<Value> =
            recording.messages().filter(|(client, _)| *client).map(|(_, raw)| raw.clone()).collect();
        let mut expected: Vec<String> =
            recording.messages().filter(|(client, _)| !*client).map(|(_, raw)| raw.to_string()).collect();
        let (sent, verdict) = converse(Script::new(recording), &messages);
        assert!(verdict.is_clean() && verdict.disconnected, "{verdict}");
        assert!(verdict.left_out.is_empty() && verdict.extra.is_empty(), "{verdict}");
        let mut sent: Vec<String> = sent.iter().map(Value::to_string).collect();
        expected.sort();
        sent.sort();
        assert_eq!(sent, expected, "{name}");
    }
}

#[test]
fn a_client_that_numbers_otherwise_and_never_calls_ahead_is_the_same_client() {
    let mut script = script("llm/list-directory");
    let sent = script.receive(&bootstrap("q-70"));
    assert_eq!(answered(&sent, "q-70")["result"]["slots"], json!(["o+1"]));
    let sent = script.receive(&call("q-71", "o-1", json!(["host", []])));
    assert_eq!(answered(&sent, "q-71")["result"]["slots"], json!(["o+2"]));
    let sent = script.receive(&call("q-90", "o-2", json!(["lookup", ["dir"]])));
    assert_eq!(answered(&sent, "q-90")["result"]["slots"], json!(["o+3"]));
    let sent = script.receive(&call("q-91", "o-3", json!(["list", [{"@qclass": "undefined"}]])));
    assert_eq!(answered(&sent, "q-91")["result"]["body"], json!(r#"["txt-copy"]"#));
    assert!(script.all_called());
    assert_eq!(script.receive(&disconnect()), [disconnect()]);
    let verdict = script.finish();
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.made, [r"Endo.host()", r#"EndoHost.lookup(["dir"])"#, "EndoDirectory.list()"]);
}

#[test]
fn a_call_sent_ahead_where_the_recorded_client_waited_is_the_same_call() {
    let (sent, verdict) = converse(
        script("master/show"),
        &[
            bootstrap("q-1"),
            call("q-2", "q-1", json!(["host", []])),
            call("q-3", "q-2", json!(["lookup", [["rec"]]])),
        ],
    );
    assert!(verdict.is_clean() && !verdict.disconnected, "{verdict}");
    assert_eq!(sent.len(), 3);
}

#[test]
fn other_arguments_methods_and_targets_are_unexpected_and_answered_with_an_error() {
    let calls = [
        ("q-2", json!(["lookup", [["rec", "more"]]])),
        ("q-2", json!(["lookup", [["rek"]]])),
        ("q-2", json!(["lookup", ["rec", "more"]])),
        ("q-2", json!(["lookup"])),
        ("q-2", json!(["maybeLookup", ["rec"]])),
        ("o-1", json!(["lookup", ["rec"]])),
        ("o-7", json!(["lookup", ["rec"]])),
        ("q-77", json!(["lookup", ["rec"]])),
    ];
    for (target, method) in calls {
        let (sent, verdict) = converse(
            script("master/show"),
            &[bootstrap("q-1"), call("q-2", "o-1", json!(["host", []])), call("q-3", target, method.clone())],
        );
        assert_eq!(verdict.unexpected.len(), 1, "{target} {method}: {verdict}");
        assert_eq!(verdict.missing, [r#"EndoHost.lookup("rec")"#]);
        assert!(answered(&sent, "q-3")["exception"].is_object(), "{target} {method}");
    }
}

#[test]
fn calls_in_another_order_are_unexpected() {
    let (_, verdict) = converse(
        script("llm/chat-remove"),
        &[
            bootstrap("q-1"),
            call("q-2", "o-1", json!(["host", []])),
            call("q-3", "q-2", json!(["remove", ["dir", "answer"]])),
            call("q-4", "q-2", json!(["remove", ["txt3"]])),
        ],
    );
    assert_eq!(verdict.unexpected, [r#"EndoHost.remove("dir", "answer")"#]);
    assert_eq!(verdict.missing, [r#"EndoHost.remove("dir", "answer")"#]);
}

#[test]
fn only_calls_on_the_list_are_extra() {
    let allowed = script("llm/list").allowing(Extra::new("Alleged: Endo", "nodeId", json!("00")));
    let (sent, verdict) = converse(
        allowed,
        &[
            bootstrap("q-1"),
            call("q-2", "o-1", json!(["__getMethodNames__", []])),
            call("q-3", "o-1", json!(["nodeId", []])),
            call("q-4", "o-1", json!(["host", []])),
            call("q-5", "o-2", json!(["list", []])),
            call("q-6", "o-1", json!(["ping", []])),
        ],
    );
    assert_eq!(verdict.extra, ["Endo.__getMethodNames__()", "Endo.nodeId()"]);
    assert_eq!(verdict.unexpected, ["Endo.ping()"]);
    assert_eq!(answered(&sent, "q-3")["result"]["body"], json!(r#""00""#));
    let names: Vec<String> =
        serde_json::from_str(answered(&sent, "q-2")["result"]["body"].as_str().unwrap()).unwrap();
    assert!(names.contains(&"nodeId".to_owned()) && names.is_sorted());
}

#[test]
fn a_call_that_may_be_left_out_is_not_missing() {
    let to_lookup = [
        bootstrap("q-1"),
        call("q-2", "o-1", json!(["host", []])),
        call("q-3", "q-2", json!(["lookup", [["dir", "answer"]]])),
    ];
    let (_, verdict) = converse(script("llm/chat-show").without("identify"), &to_lookup);
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(verdict.left_out, [r#"EndoHost.identify("dir", "answer")"#]);
    let (_, verdict) = converse(script("llm/chat-show"), &to_lookup);
    assert_eq!(verdict.missing, [r#"EndoHost.identify("dir", "answer")"#]);
}

#[test]
fn a_call_after_one_that_is_left_out_still_gets_its_answer() {
    let (sent, verdict) = converse(
        script("llm/chat-remove").without("remove"),
        &[
            bootstrap("q-1"),
            call("q-2", "o-1", json!(["host", []])),
            call("q-3", "q-2", json!(["remove", ["dir", "answer"]])),
        ],
    );
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!(answered(&sent, "q-3")["result"]["body"], json!(r#"{"@qclass":"undefined"}"#));
}

#[test]
fn the_daemon_calls_what_the_client_exported_under_the_client_s_number() {
    let mut script = script("llm/api-blob");
    script.receive(&bootstrap("q-1"));
    script.receive(&call("q-2", "o-1", json!(["host", []])));
    let sent = script.receive(&call_with("q-3", "o-2", json!(["storeBlob", [slot(0), ["blob"]]]), &["o+9"]));
    assert_eq!(sent.len(), 1, "nothing but the first question: {sent:?}");
    assert_eq!(sent[0]["target"], "o-9");
    let question = |sent: &[Value]| sent[0]["questionID"].as_str().unwrap().to_owned();
    let sent = script.receive(&answer(&question(&sent), json!({"done": false, "value": "eyJuIjo="})));
    let sent = script.receive(&answer(&question(&sent), json!({"done": false, "value": "MX0="})));
    let sent =
        script.receive(&answer(&question(&sent), json!({"done": true, "value": {"@qclass": "undefined"}})));
    assert_eq!(answered(&sent, "q-3")["result"]["slots"], json!(["o+3"]));
}

#[test]
fn another_answer_to_a_call_of_the_daemon_is_wrong() {
    let mut script = script("llm/api-blob");
    script.receive(&bootstrap("q-1"));
    script.receive(&call("q-2", "o-1", json!(["host", []])));
    script.receive(&call_with("q-3", "o-2", json!(["storeBlob", [slot(0), ["blob"]]]), &["o+1"]));
    script.receive(&answer("q-1", json!({"done": false, "value": "AAAA"})));
    let verdict = script.finish();
    assert_eq!(verdict.wrong.len(), 1, "{verdict}");
}

/// Plays `llm/api-names` up to the call that passes the pending answer of the one before.
fn names_up_to_lookup() -> Script {
    let recording = Recording::named("llm/api-names").unwrap();
    let before: Vec<Value> =
        recording.messages().filter(|(client, _)| *client).map(|(_, raw)| raw.clone()).collect();
    let before = before.into_iter().take_while(|message| message["questionID"] != "q-13");
    let mut script = script("llm/api-names");
    for message in before {
        script.receive(&message);
    }
    script
}

#[test]
fn an_object_in_place_of_a_promise_for_it_is_the_same_argument() {
    let mut script = names_up_to_lookup();
    let sent = script.receive(&call_with("q-13", "o-2", json!(["reverseLookup", [slot(0)]]), &["o-3"]));
    assert_eq!(answered(&sent, "q-13")["result"]["body"], json!(r#"["dir"]"#));
}

#[test]
fn a_promise_must_come_to_what_was_recorded() {
    for (slot_of_result, clean) in [("o-3", true), ("o-2", false)] {
        let mut script = names_up_to_lookup();
        script.receive(&call_with("q-13", "o-2", json!(["reverseLookup", [slot(0)]]), &["p+40"]));
        let result = json!({"body": slot(0).to_string(), "slots": [slot_of_result]});
        script.receive(&json!({"type": "CTP_RESOLVE", "promiseID": "p-40", "res": result}));
        let verdict = script.finish();
        assert_eq!(verdict.wrong.is_empty(), clean, "{verdict}");
    }
}

#[test]
fn a_daemon_that_ends_says_so_after_the_call_that_ends_it() {
    let mut script = script("master/api-terminate");
    script.receive(&bootstrap("q-1"));
    script.receive(&call("q-2", "o-1", json!(["host", []])));
    let sent = script.receive(&call("q-3", "o-1", json!(["terminate", []])));
    assert_eq!(sent, [disconnect()]);
    assert!(script.daemon_left());
    assert!(script.receive(&disconnect()).is_empty());
    assert!(script.finish().is_clean());
}

/// A connection to a player.
struct Client {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Client {
    fn connect(path: &Path) -> Self {
        let writer = UnixStream::connect(path).unwrap();
        Self { reader: BufReader::new(writer.try_clone().unwrap()), writer }
    }

    fn send(&mut self, message: &Value) {
        write_frame(&mut self.writer, message.to_string().as_bytes()).unwrap();
    }

    fn receive(&mut self) -> Option<Value> {
        read_frame(&mut self.reader).unwrap().map(|frame| serde_json::from_slice(&frame).unwrap())
    }
}

#[test]
fn a_session_over_a_socket_is_played_and_judged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let player = Player::start(script("master/list"), &path).unwrap();
    assert_eq!(player.address(), format!("unix:{}", path.display()));
    let mut client = Client::connect(&path);
    client.send(&bootstrap("q-1"));
    assert_eq!(client.receive().unwrap()["answerID"], "q-1");
    client.send(&call("q-2", "o-1", json!(["host", []])));
    assert!(!player.wait_until_all_called(Duration::ZERO));
    client.send(&call("q-3", "q-2", json!(["list", []])));
    assert!(player.wait_until_all_called(Duration::from_secs(10)));
    assert_eq!(client.receive().unwrap()["answerID"], "q-2");
    assert_eq!(client.receive().unwrap()["answerID"], "q-3");
    client.send(&disconnect());
    assert_eq!(client.receive(), Some(disconnect()));
    drop(client);
    let verdict = player.finish();
    assert!(verdict.is_clean() && verdict.disconnected, "{verdict}");
}

#[test]
fn a_client_that_never_came_leaves_all_calls_missing() {
    let folder = tempfile::tempdir().unwrap();
    let player = Player::start(script("master/list"), &folder.path().join("s")).unwrap();
    let verdict = player.finish();
    assert_eq!(verdict.missing, ["Endo.host()", "EndoHost.list()"]);
    assert!(!verdict.is_clean());
}

#[test]
fn a_second_connection_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let player = Player::start(script("npm/bootstrap"), &path).unwrap();
    let mut client = Client::connect(&path);
    client.send(&bootstrap("q-1"));
    assert_eq!(client.receive().unwrap()["answerID"], "q-1");
    drop(client);
    let mut again = Client::connect(&path);
    assert_eq!(again.receive(), None);
    let verdict = player.finish();
    assert_eq!(verdict.wrong, ["the client connected once more"]);
}
