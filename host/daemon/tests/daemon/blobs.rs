use std::sync::atomic::Ordering;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{Object, Value};

use crate::support::{Chunks, Client, Home, next, object, path, pet_names, refusal, string, text};

async fn store(client: &Client, chunks: &[&[u8]], name: &str) -> Object {
    let chunks = Chunks::new(chunks.iter().map(|chunk| text(&STANDARD.encode(chunk))).collect());
    object(client.ok("storeBlob", vec![Object::exo(chunks).into(), path(name)]).await)
}

#[tokio::test]
async fn a_blob_is_taken_in_chunk_by_chunk_and_read_in_every_way() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let blob = store(&client, &[b"{\"n\":", b"1}"], "blob").await;
    assert_eq!(blob.interface().as_deref(), Some("Alleged: Readable file with SHA-256 2bfd14f4..."));
    assert_eq!(object(client.ok("lookup", vec![text("blob")]).await), blob);
    assert_eq!(blob.call("text", vec![]).await.unwrap(), text("{\"n\":1}"));
    assert_eq!(blob.call("json", vec![]).await.unwrap(), Value::record([("n", Value::Number(1.0))]));
    let hash = string(blob.call("sha256", vec![]).await.unwrap());
    assert_eq!(hash, "2bfd14f43d17fc7cea24e0917a8879b4b2f880b8baeec1b9d90fbaad655e71bd");
    assert!(string(client.ok("locate", vec![text("blob")]).await).ends_with("&type=readable-blob"));
    let stream = object(blob.call("streamBase64", vec![]).await.unwrap());
    assert_eq!(stream.interface().as_deref(), Some("Alleged: AsyncIterator"));
    assert_eq!(next(&stream).await, text("eyJuIjoxfQ=="));
    let done = Value::record([("done", Value::Bool(true)), ("value", Value::Undefined)]);
    assert_eq!(stream.call("next", vec![]).await.unwrap(), done);
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    let blob = object(client.ok("lookup", vec![text("blob")]).await);
    assert_eq!(blob.call("text", vec![]).await.unwrap(), text("{\"n\":1}"));
    daemon.stop().await;
}

#[tokio::test]
async fn a_large_blob_streams_in_order_however_many_nexts_are_sent_ahead() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|i| (i.wrapping_mul(i) >> 3) as u8).collect();
    let blob = store(&client, &bytes.chunks(70_001).collect::<Vec<_>>(), "big").await;
    let stream = object(blob.call("streamBase64", vec![]).await.unwrap());
    let answers: Vec<_> = (0..20).map(|_| stream.call("next", vec![])).collect();
    let mut read = Vec::new();
    for answer in answers {
        let result = answer.await.unwrap();
        if let Some(piece) = result.get("value").and_then(Value::as_str) {
            read.extend(STANDARD.decode(piece).unwrap());
        }
    }
    assert_eq!(read.len(), bytes.len());
    assert!(read == bytes);

    let stream = object(blob.call("streamBase64", vec![]).await.unwrap());
    next(&stream).await;
    let returned = stream.call("return", vec![text("enough")]).await.unwrap();
    assert_eq!(returned, Value::record([("done", Value::Bool(true)), ("value", text("enough"))]));
    assert_eq!(stream.call("next", vec![]).await.unwrap().get("done"), Some(&Value::Bool(true)));
    daemon.stop().await;
}

#[tokio::test]
async fn an_empty_blob_and_one_that_is_no_json_or_text() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let empty = store(&client, &[], "empty").await;
    assert_eq!(empty.call("text", vec![]).await.unwrap(), text(""));
    let stream = object(empty.call("streamBase64", vec![]).await.unwrap());
    assert_eq!(stream.call("next", vec![]).await.unwrap().get("done"), Some(&Value::Bool(true)));
    let odd = store(&client, &[b"\xef\xbb\xbfa\xff"], "odd").await;
    assert_eq!(odd.call("text", vec![]).await.unwrap(), text("a\u{fffd}"));
    assert!(refusal(odd.call("json", vec![]).await).starts_with("SyntaxError: "));
    daemon.stop().await;
}

#[tokio::test]
async fn a_reader_that_misbehaves_stores_nothing_and_is_told_to_end() {
    let home = Home::with_limits(|limits| {
        limits.chunk_chars = 64;
        limits.blob_bytes = 100;
    });
    let daemon = home.start();
    let client = home.client().await;
    let full = text(&STANDARD.encode([0; 48]));
    let cases = [
        (vec![text("AAA")], "Error: Invalid base64 in a chunk of a reader"),
        (vec![text("A A=")], "Error: Invalid base64 in a chunk of a reader"),
        (vec![1.0.into()], "Error: a reader must give each chunk as a string of base64"),
        (vec![text(&"A".repeat(68))], "RangeError: the daemon allows at most 64 characters in a chunk"),
        (vec![full; 3], "RangeError: the daemon allows at most 100 bytes in a blob"),
    ];
    for (chunks, expected) in cases {
        let reader = Chunks::new(chunks);
        let args = vec![Object::exo(reader.clone()).into(), text("blob")];
        assert_eq!(client.refusal("storeBlob", args).await, expected);
        // Sent before the answer, so it has arrived.
        assert_eq!(reader.returned.load(Ordering::SeqCst), 1, "{expected}");
    }
    assert_eq!(pet_names(&client).await, Vec::<String>::new());
    let incoming = home.state().join("incoming");
    assert_eq!(std::fs::read_dir(incoming).unwrap().count(), 0);

    let reader = Chunks::new(vec![]);
    for name in [Value::Undefined, Value::List(vec![])] {
        let args = vec![Object::exo(reader.clone()).into(), name];
        assert_eq!(client.refusal("storeBlob", args).await, "Error: Invalid name path");
    }
    assert_eq!(reader.asked.load(Ordering::SeqCst), 0, "a reader is not asked in vain");
    daemon.stop().await;
}
