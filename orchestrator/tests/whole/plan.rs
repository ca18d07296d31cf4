//! What `estimate` says a run would do is what a run does.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use coldwatch::estimate::{Known, plan};
use coldwatch::suite::Suite;
use serde_json::Value;

use crate::stage::{Stage, only};

/// The calls that the stand-in has answered, by `service.operation`.
fn calls(stage: &Stage) -> BTreeMap<String, u32> {
    let host = stage.cloud.endpoint().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).expect("connected");
    write!(stream, "GET /_local/calls HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("received");
    let body = &reply[reply.find("\r\n\r\n").expect("a body")..];
    let body = &body[body.find(['[', '{']).expect("JSON")..=body.rfind([']', '}']).expect("JSON")];
    let document: Value = serde_json::from_str(body).expect("JSON");
    let list = document.as_array().or_else(|| document["calls"].as_array()).expect("a list").clone();
    let mut counts = BTreeMap::new();
    for call in list {
        let text = |key: &str| call[key].as_str().expect("text").to_owned();
        *counts.entry(format!("{}.{}", text("service"), text("operation"))).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_a_plan_are_those_of_a_run() {
    for keys in [
        "samples = 4\nburst = 2\n",
        "samples = 4\nburst = 2\ninvalidate = \"description\"\n",
        "samples = 4\nburst = 2\ninvalidate = \"memory\"\n",
        "start = \"idle\"\n",
    ] {
        let stage = Stage::set().await;
        stage.simulated("f", "constant:5", &[]).await;
        let suite_text = format!("{keys}[[targets]]\nfunction = \"f\"\n");
        let suite = Suite::from_toml(&suite_text).expect("valid");
        let provenance = stage.configuration("f").await.provenance;
        let known = Known { label: "f".to_owned(), provenance, last: None };
        let mut planned = plan(&suite, &[known], 1_000).calls;
        // The stage has asked for the account's limit in no way; the program does.
        planned.remove("lambda.GetAccountSettings");
        let before = calls(&stage);
        let measured = only(stage.run(&suite_text).await);
        assert_eq!(measured.record.shortfall, 0, "{keys}");
        let mut made = calls(&stage);
        for (name, n) in before {
            *made.get_mut(&name).expect("calls are not forgotten") -= n;
        }
        made.retain(|_, n| *n > 0);
        assert_eq!(made, planned, "{keys}");
        stage.cloud.stop().await;
    }
}
