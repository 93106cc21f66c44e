use powerbox_captp::Value;

use crate::support::{Home, names, path, text};

#[tokio::test]
async fn refusals_have_the_classes_and_words_of_endo() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("x"), text("txt")]).await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    let id = "1".repeat(64);
    let cases: Vec<(&str, Vec<Value>, &str)> = vec![
        ("lookup", vec![text("absent")], "TypeError: Unknown pet name: \"absent\""),
        ("lookup", vec![path("dir/absent")], "TypeError: Unknown pet name: \"absent\""),
        ("lookup", vec![path("absent/x")], "TypeError: Unknown pet name: \"absent\""),
        ("lookup", vec![Value::List(vec![])], "Error: Invalid name path"),
        ("has", vec![], "Error: Invalid name path"),
        ("lookup", vec![text("a/b")], "Error: Invalid name \"a/b\""),
        ("lookup", vec![path("dir/@self")], "Error: Invalid pet name \"@self\""),
        (
            "lookup",
            vec![text("@nobody")],
            "Error: Invalid pet name \"@nobody\" and not one of @agent, @self, @host, @endo, @nets, @pins, @info, @none",
        ),
        ("remove", names("absent"), "Error: Formula does not exist for pet name \"absent\""),
        ("remove", names("dir/absent"), "Error: Formula does not exist for pet name \"absent\""),
        ("remove", names("@self"), "Error: Invalid pet name \"@self\""),
        ("remove", vec![], "Error: Invalid name path"),
        ("move", vec![path("absent"), path("x")], "Error: Formula does not exist for pet name \"absent\""),
        ("move", vec![path("absent"), path("dir/x")], "Error: Unknown name: [\"absent\"]"),
        ("move", vec![path("@self"), path("x")], "Error: Invalid pet name \"@self\""),
        ("copy", vec![path("dir/absent"), path("x")], "Error: Unknown name: [\"dir\",\"absent\"]"),
        ("copy", vec![path("absent"), path("no/x")], "Error: Unknown name: [\"absent\"]"),
        ("copy", vec![path("txt"), path("no/x")], "TypeError: Unknown pet name: \"no\""),
        ("copy", vec![path("txt"), path("@x")], "Error: Invalid pet name \"@x\""),
        ("makeDirectory", vec![path("no/x")], "TypeError: Unknown pet name: \"no\""),
        ("makeDirectory", vec![text("@x")], "Error: Invalid pet name \"@x\""),
        ("storeValue", vec![1.0.into(), text("Not/Valid")], "Error: Invalid name \"Not/Valid\""),
        (
            "storeIdentifier",
            vec![text("x"), text("nonsense")],
            "Error: Invalid formula identifier \"nonsense\"",
        ),
        (
            "storeLocator",
            vec![text("x"), text("http://x")],
            "Error: storeLocator requires an endo:// locator, got \"http://x\"",
        ),
        (
            "storeLocator",
            vec![text("x"), text("endo://x")],
            "Error: Invalid locator \"endo://x\": Invalid node identifier.",
        ),
        ("reverseLocate", vec![text("nonsense")], "Error: Invalid locator \"nonsense\": Invalid URL."),
        ("lookupById", vec![text("nonsense")], "Error: Invalid formula identifier \"nonsense\""),
        (
            "copy",
            vec![text("txt"), text("copy")],
            "Error: In \"copy\" method of (EndoHost): arg 0: string (a string) - Must be a copyArray",
        ),
        (
            "lookup",
            vec![text("dir"), text("extra")],
            "Error: \"In \\\"lookup\\\" method of (EndoHost)\" accepts at most 1 arguments, not 2: (an object)",
        ),
        (
            "cancel",
            vec![text("txt"), text("because")],
            "Error: In \"cancel\" method of (EndoHost): arg 1?: string (a string) - Must be a error",
        ),
        (
            "storeBlob",
            vec![text("txt"), text("because")],
            "Error: In \"storeBlob\" method of (EndoHost): arg 0: string (a string) - Must be a remotable",
        ),
    ];
    for (method, args, expected) in cases {
        assert_eq!(client.refusal(method, args.clone()).await, expected, "{method} {args:?}");
    }
    let node = super::support::string(client.bootstrap.call("nodeId", vec![]).await.unwrap());
    assert_eq!(
        client.refusal("lookupById", vec![text(&format!("{id}:{node}"))]).await,
        format!("ReferenceError: No formula exists for number \"{id}\"")
    );
    let refusal = client.refusal("noSuchMethod", vec![]).await;
    assert!(
        refusal
            .starts_with("TypeError: target has no method \"noSuchMethod\", has [\"__getInterfaceGuard__\",")
    );
    assert!(client.refusal("lookup", vec![path("txt/x")]).await.starts_with("TypeError: "));
    daemon.stop().await;
}
