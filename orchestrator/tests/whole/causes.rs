//! What a run keeps of what it depended on, and what is shown of it.

use aws_sdk_lambda::types::{Environment, VpcConfig};
use coldwatch::function::config::{FingerprintKey, Provenance, UpdateStatus};

use crate::stage::{Stage, only};

const SUITE: &str = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"f\"\n";

async fn provenance(stage: &Stage) -> Provenance {
    only(stage.run(SUITE).await).record.provenance
}

/// Changes the function as its owner would.
async fn token(stage: &Stage, value: &str) {
    let simulated = [("SIMULATED_INIT_MS", "constant:5"), ("TOKEN", value)];
    let variables = simulated.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let environment = Environment::builder().set_variables(Some(variables)).build();
    let update = stage.sdk().update_function_configuration().function_name("f").environment(environment);
    update.vpc_config(VpcConfig::builder().subnet_ids("subnet-1").build()).timeout(20).send().await.expect("updated");
    while stage.aws.lambda.function("f").await.expect("the function").update == UpdateStatus::InProgress {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_a_variable_is_seen_and_its_value_is_not() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    token(&stage, "hunter2").await;
    let (first, second) = (provenance(&stage).await, provenance(&stage).await);
    assert_eq!(first, second, "our own marker is not a change");
    let print = first.variables.clone().expect("it is recorded");
    assert!(print.len() == 8 && print.bytes().all(|b| b.is_ascii_hexdigit()), "{print}");
    token(&stage, "hunter3").await;
    let third = provenance(&stage).await;
    assert_ne!(third.variables, first.variables);
    assert_eq!(Provenance { variables: None, ..third }, Provenance { variables: None, ..first.clone() });
    let settings = (first.vpc.as_deref(), first.file_systems.as_deref(), first.kms_key_arn.as_deref());
    assert_eq!(settings, (Some("subnet-1"), Some("none"), Some("none")));
    assert_eq!(
        (first.timeout_s, first.ephemeral_storage_mb, first.tracing.as_deref()),
        (Some(20), Some(512), Some("PassThrough"))
    );
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_the_fingerprints_is_made_once_by_whoever_comes_first() {
    let stage = Stage::set().await;
    let mut keys = Vec::new();
    for program in [1, 2, 3] {
        keys.push(stage.connect().await.store.fingerprint_key(FingerprintKey([program; 32])).await.expect("a key"));
    }
    assert_eq!(keys, [FingerprintKey([1; 32]); 3]);
    stage.cloud.stop().await;
}
