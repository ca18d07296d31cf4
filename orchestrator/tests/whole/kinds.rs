//! Kinds of function that are refused by name, or measured with a warning.

use std::fs;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::{DurableConfig, SnapStart, SnapStartApplyOn, UpdateRuntimeOn};
use chrono::{DateTime, Utc};
use coldwatch::function::config::UpdateStatus;
use local_cloud::{Fault, FunctionCode, FunctionSpec};

use crate::stage::{Stage, check_counts, only, refusal};

const SUITE: &str = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"f\"\n";

async fn settled(stage: &Stage) {
    while stage.aws.lambda.function("f").await.expect("the function").update == UpdateStatus::InProgress {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A function in Python of the given version, whatever Python this machine has.
async fn python(stage: &Stage, runtime: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("app.py"), "def handler(event, context): return {}\n").expect("written");
    let code = FunctionCode::Folder {
        runtime: runtime.to_owned(),
        handler: "app.handler".to_owned(),
        folder: folder.path().to_owned(),
    };
    let spec = FunctionSpec { name: "f".into(), code, memory_mb: 128, timeout_s: 30, environment: [].into() };
    stage.cloud.ensure_function(spec).await.expect("the function");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_durable_function_is_refused_by_name() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let durable = DurableConfig::builder().retention_period_in_days(1).execution_timeout(60).build();
    let update = stage.sdk().update_function_configuration().function_name("f").durable_config(durable);
    update.send().await.expect("it is kept");
    settled(&stage).await;
    let unqualified = stage.sdk().invoke().function_name("f").send().await.expect_err("refused");
    assert_eq!(unqualified.message(), Some("You cannot invoke a durable function using an unqualified ARN."));
    let before = stage.configuration("f").await;
    let text = refusal(stage.run(SUITE).await);
    assert!(text.starts_with("function `f` is durable (DurableConfig): "), "{text}");
    assert_eq!(stage.configuration("f").await, before);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deprecated_runtime_is_told_and_refused_from_its_day_on() {
    let stage = Stage::set().await;
    python(&stage, "python3.9").await;
    let at = |text: &str| Some(text.parse::<DateTime<Utc>>().expect("a time"));
    *stage.now.lock().expect("no test panics here") = at("2027-03-02T12:00:00Z");
    let measured = only(stage.run(SUITE).await);
    check_counts(&measured);
    let text =
        measured.record.warnings.iter().filter(|w| w.contains("python3.9 is deprecated") && w.contains("2027-03-03"));
    assert_eq!(text.count(), 1, "{:?}", measured.record.warnings);
    *stage.now.lock().expect("no test panics here") = at("2027-03-03T00:00:00Z");
    let text = refusal(stage.run(SUITE).await);
    assert!(
        text.contains("has the runtime python3.9, and AWS refuses updates of its functions since 2027-03-03"),
        "{text}"
    );
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_cloud_refuses_updates_of_a_blocked_runtime() {
    let stage = Stage::set().await;
    python(&stage, "python3.9").await;
    let days = (at_midnight(2027, 3, 3) - Utc::now()).num_seconds() + 60;
    stage.converse("POST /_local/clock HTTP/1.1", &format!("{{\"advance_s\":{days}}}")).await;
    let update = || stage.sdk().update_function_configuration().function_name("f");
    let refused = update().description("new").send().await.expect_err("refused");
    assert!(refused.message().is_some_and(|text| text.contains("python3.9 is no longer supported")), "{refused:?}");
    update().runtime("python3.13".into()).send().await.expect("a newer runtime is taken");
    stage.cloud.stop().await;
}

fn at_midnight(year: i32, month: u32, day: u32) -> DateTime<Utc> {
    let day = chrono::NaiveDate::from_ymd_opt(year, month, day).expect("a day");
    day.and_hms_opt(0, 0, 0).expect("midnight").and_utc()
}

#[tokio::test(flavor = "multi_thread")]
async fn latest_of_a_snap_start_function_is_measured_with_a_warning() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let versions = SnapStart::builder().apply_on(SnapStartApplyOn::PublishedVersions).build();
    let update = stage.sdk().update_function_configuration().function_name("f").snap_start(versions);
    update.send().await.expect("it is kept");
    settled(&stage).await;
    let record = only(stage.run(SUITE).await).record;
    assert!(record.warnings.iter().any(|w| w.starts_with("it has SnapStart")), "{:?}", record.warnings);
    assert_eq!((record.proven, record.provenance.snap_start.as_deref()), (2, Some("PublishedVersions")));
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mode_in_which_updates_move_the_runtime_is_told_and_one_that_cannot_be_read_ends_nothing() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let set = stage.sdk().put_runtime_management_config().function_name("f");
    set.update_runtime_on(UpdateRuntimeOn::FunctionUpdate).send().await.expect("set");
    let record = only(stage.run(SUITE).await).record;
    assert!(record.warnings.iter().any(|w| w.contains("mode is FunctionUpdate")), "{:?}", record.warnings);
    assert_eq!(record.provenance.runtime_management.as_deref(), Some("FunctionUpdate"));

    stage.simulated("g", "constant:5", &[]).await;
    let denied = "reject:lambda.GetRuntimeManagementConfig,status=403,code=AccessDeniedException";
    stage.cloud.inject(Fault::parse(denied).expect("a fault"));
    let record = only(stage.run(&SUITE.replace("\"f\"", "\"g\"")).await).record;
    assert_eq!((record.proven, &record.provenance.runtime_management), (2, &None));
    let note = "its runtime-management mode is not recorded: Lambda refused GetRuntimeManagementConfig: AccessDenied";
    assert!(record.warnings[0].starts_with(note), "{:?}", record.warnings);
    stage.cloud.stop().await;
}
