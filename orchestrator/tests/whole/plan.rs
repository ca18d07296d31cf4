//! What `estimate` says a run would do is what a run does.

use std::collections::BTreeMap;

use coldwatch::function::config::FingerprintKey;
use coldwatch::measure::plan::{Known, plan};
use coldwatch::suite::Suite;

use crate::stage::{Stage, only};

/// The calls that the stand-in has had, by `service.operation`.
async fn calls(stage: &Stage) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for call in stage.calls().await {
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
        // The key of the fingerprints is made once, by whichever run is the first.
        let other = stage.connect().await;
        other.store.fingerprint_key(FingerprintKey([7; 32])).await.expect("the key");
        let before = calls(&stage).await;
        let measured = only(stage.run(&suite_text).await);
        assert_eq!(measured.record.shortfall, 0, "{keys}");
        let mut made = calls(&stage).await;
        for (name, n) in before {
            *made.get_mut(&name).expect("calls are not forgotten") -= n;
        }
        made.retain(|_, n| *n > 0);
        assert_eq!(made, planned, "{keys}");
        stage.cloud.stop().await;
    }
}
