//! Somebody else works on a function while it is measured.

use std::collections::BTreeMap;
use std::time::Duration;

use coldwatch::function::change::MARKER;
use coldwatch::function::config::{Environment, FunctionConfig};
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::run::RunReport;
use coldwatch::record::RunRecord;
use local_cloud::Fault;
use serde_json::json;

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

/// The stand-in's stacks, and functions that belong to them.
async fn in_stacks(stacks: &[(&str, &str)]) -> Stage {
    let stage = Stage::set().await;
    let statuses: BTreeMap<_, _> = stacks.iter().copied().filter(|(_, status)| !status.is_empty()).collect();
    stage.converse("POST /_local/stacks HTTP/1.1", &json!({ "stacks": statuses }).to_string()).await;
    for (name, _) in stacks {
        stage.simulated(name, "constant:5", &[]).await;
        let arn = stage.configuration(name).await.arn;
        let tag = stage.sdk().tag_resource().resource(arn).tags("aws:cloudformation:stack-name", *name);
        tag.send().await.expect("tagged");
    }
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_whose_stack_is_being_changed_is_skipped_before_anything_is_changed() {
    let stage = in_stacks(&[("f", "UPDATE_IN_PROGRESS")]).await;
    let before = stage.configuration("f").await;
    assert_eq!(
        refusal(stage.run(SUITE).await),
        "function `f` belongs to the CloudFormation stack `f`, which is being changed (UPDATE_IN_PROGRESS); an update of \
         ours could make that fail, so run again when it has ended"
    );
    assert_eq!(stage.configuration("f").await, before);
    let changes = stage.calls().await.into_iter().filter(|call| call["operation"] == "UpdateFunctionConfiguration");
    assert_eq!(changes.count(), 0);
    // What changes nothing is in nobody's way.
    let idle = only(stage.run("samples = 1\nstart = \"idle\"\n[[targets]]\nfunction = \"f\"\n").await);
    assert_eq!(idle.record.attempted, 1);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stacks_at_rest_or_gone_are_measured_and_one_record_says_that_the_right_is_missing() {
    let stage = in_stacks(&[("f", "UPDATE_COMPLETE"), ("g", "")]).await;
    let suite = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"f\"\n[[targets]]\nfunction = \"g\"\n";
    assert_eq!(notes_on_stacks(stage.run(suite).await), Vec::<String>::new());
    let denied = "reject:cloudformation.DescribeStacks,status=403,code=AccessDenied";
    stage.cloud.inject(Fault::parse(denied).expect("a fault"));
    let [note] = notes_on_stacks(stage.run(suite).await).try_into().expect("one note");
    assert_eq!(
        note,
        "deploys of CloudFormation stacks are not looked for: CloudFormation refused DescribeStacks: AccessDenied"
    );
    stage.cloud.stop().await;
}

/// Warnings about stacks in the records of a run that measured all of its targets.
fn notes_on_stacks(report: RunReport) -> Vec<String> {
    let records = report.targets.into_iter().map(|target| match target.end {
        TargetEnd::Measured(measured) => measured.record,
        other => panic!("not measured: {other:?}"),
    });
    records.flat_map(|record| record.warnings).filter(|warning| warning.contains("CloudFormation")).collect()
}
