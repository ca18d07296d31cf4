//! Somebody else works on a function while it is measured.

use std::time::Duration;

use coldwatch::function::change::MARKER;
use coldwatch::function::config::{Environment, FunctionConfig};
use coldwatch::record::RunRecord;
use local_cloud::Fault;

use crate::stage::{Stage, check_counts, only, refusal};

const SUITE: &str = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"f\"\n";

fn is_marked(config: &FunctionConfig) -> bool {
    matches!(&config.environment, Environment::Readable(variables) if variables.contains(MARKER))
}

async fn invokes(stage: &Stage) -> usize {
    stage.calls().await.iter().filter(|call| call["operation"] == "Invoke").count()
}

/// A run, during whose first burst a pipeline publishes a version.
async fn run_while_published(stage: &Stage) -> RunRecord {
    let before = invokes(stage).await;
    let publish = async {
        while invokes(stage).await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stage.sdk().publish_version().function_name("f").send().await.expect("published");
    };
    let (report, ()) = tokio::join!(Box::pin(stage.run(SUITE)), publish);
    let measured = only(report);
    check_counts(&measured);
    measured.record
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_published_with_our_change_in_it_is_named() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:600", &[]).await;
    let quiet = only(stage.run(SUITE).await).record;
    assert_eq!(quiet.warnings, Vec::<String>::new());
    let calls = stage.calls().await;
    assert!(calls.iter().all(|call| call["operation"] != "ListVersionsByFunction"), "only after a sign of others");
    let record = run_while_published(&stage).await;
    let text: Vec<_> = record.warnings.iter().filter(|w| w.starts_with("version ")).collect();
    assert!(text.len() == 1 && text[0].starts_with("version 1 was published during the run"), "{:?}", record.warnings);
    let now = stage.configuration("f").await;
    assert!(!is_marked(&now), "$LATEST is put back");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_list_versions_the_record_says_so() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:600", &[]).await;
    let denied = "reject:lambda.ListVersionsByFunction,status=403,code=AccessDeniedException";
    stage.cloud.inject(Fault::parse(denied).expect("a fault"));
    let record = run_while_published(&stage).await;
    let text = record.warnings.iter().filter(|w| w.contains("not known whether a new version has our change in it"));
    assert_eq!((text.count(), record.proven), (1, 2), "{:?}", record.warnings);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_stack_is_being_deployed_is_skipped_with_the_name_of_the_stack() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let arn = stage.configuration("f").await.arn;
    let tag = stage.sdk().tag_resource().resource(arn).tags("aws:cloudformation:stack-name", "shop");
    tag.send().await.expect("tagged");
    stage.cloud.inject(Fault::parse("slow-update:f,ms=5000").expect("a fault"));
    stage.sdk().update_function_configuration().function_name("f").description("theirs").send().await.expect("updated");
    let text = refusal(stage.run(SUITE).await);
    assert_eq!(
        text,
        "function `f` has an update in progress, perhaps by a deploy of its CloudFormation stack `shop`; run again when \
         it has ended"
    );
    stage.cloud.stop().await;
}
