//! Cold starts that users met become series, from files of logs and from the log groups of an account.

use std::fs;
use std::path::Path;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use coldwatch::history::Run;
use local_cloud::Fault;

use crate::cli::{coldwatch, folder, output};
use crate::stage::Stage;

/// A REPORT of Lambda's with this init duration.
fn report(id: u32, init_ms: f64) -> String {
    let billed = (init_ms + 2.0).ceil();
    format!(
        "REPORT RequestId: 5a7c3d10-0000-4000-8000-{id:012}\tDuration: 2.00 ms\tBilled Duration: {billed} ms\t\
         Memory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: {init_ms:.2} ms\t"
    )
}

/// Imports from the stage's log groups, and gives what is said on stdout and stderr.
fn import(stage: &Stage, folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = coldwatch(folder, &[&["import"], arguments].concat());
    command.env("AWS_ENDPOINT_URL", stage.cloud.endpoint());
    command.envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")]);
    let said = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (said.status.code(), text(said.stdout), text(said.stderr))
}

async fn runs(stage: &Stage, series: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    stage.aws.store.each_run(series, None, |run| runs.push(run)).await.expect("the runs");
    runs
}

#[test]
fn logs_in_files_become_series_of_observed_starts() {
    let folder = folder();
    let at = |day: u32| format!("2026-05-{day:02}T10:00:00.000Z");
    let lines: Vec<String> =
        (0..6).map(|n| format!("{}\t{}\n", at(10 + n / 3), report(n, 100.0 + f64::from(n)))).collect();
    fs::write(folder.path().join("checkout.log"), lines.concat()).expect("written");
    for _ in 0..2 {
        let (code, stdout, stderr) = output(folder.path(), &["import", "--local", "--logs", "checkout.log"]);
        assert_eq!((code, stdout.as_str()), (Some(0), "stored 6 cold starts in 2 runs of 1 series\n"), "{stderr}");
    }
    let (_, history, _) = output(folder.path(), &["history", "--local", "--json"]);
    let history: serde_json::Value = serde_json::from_str(&history).expect("JSON");
    let series = &history["series"][0];
    assert_eq!((&series["series"], &series["label"]), (&"checkout#observed".into(), &"checkout".into()));
    assert_eq!(series["runs"].as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_asked_for_the_cold_starts_of_its_functions() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["pay-eu", "pay-us", "mail"] {
        stage.simulated(name, "constant:40", &[]).await;
        for _ in 0..2 {
            stage.sdk().invoke().function_name(name).send().await.expect("invoked");
        }
    }
    let yesterday = Utc::now() - TimeDelta::days(1);
    stage.cloud.put_log_line("pay-eu", yesterday, report(1, 55.5));
    // What the function prints is no report of Lambda's.
    stage.cloud.put_log_line("pay-eu", yesterday, format!("copy: {}", report(2, 1.0)));
    stage.cloud.put_log_line("pay-eu", Utc::now() - TimeDelta::days(30), report(3, 77.0));
    let throttled = "reject:logs.GetQueryResults,status=500,times=1";
    stage.cloud.inject(Fault::parse(throttled).expect("a fault"));
    let (code, stdout, stderr) = import(&stage, folder.path(), &["--log-group", "/aws/lambda/pay-*", "--since", "7d"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "stored 3 cold starts in 3 runs of 2 series\n"), "{stderr}");
    let notes: Vec<&str> = stderr.lines().collect();
    assert!(notes[0].starts_with("note: asking CloudWatch Logs Insights about 2 log groups since "), "{stderr}");
    assert_eq!(notes[1..], ["note: Logs Insights scanned 0.00 GB in 1 query: 0.00 USD at 0.005 USD per GB"]);
    let of_eu = runs(&stage, "pay-eu#observed").await;
    assert_eq!(of_eu.iter().map(|run| run.samples.len()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(runs(&stage, "mail#observed").await.len(), 0);
    let operations: Vec<_> = stage.calls().await.into_iter().filter(|call| call["service"] == "logs").collect();
    assert!(operations.len() >= 4, "{operations:?}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_of_an_account_become_a_history_on_this_machine() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    stage.cloud.put_log_line("pay", Utc::now(), report(1, 55.5));
    let (code, stdout, stderr) = import(&stage, folder.path(), &["--local", "--log-group", "/aws/lambda/*"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "stored 1 cold start in 1 run of 1 series\n"), "{stderr}");
    assert_eq!(runs(&stage, "pay#observed").await.len(), 0, "nothing is stored in the account");
    let (_, history, _) = output(folder.path(), &["history", "--local"]);
    assert!(history.starts_with("pay  observed, 1 run"), "{history}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_cold_starts_than_a_query_answers_with_are_all_stored() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    let noon = Utc::now().trunc_subsecs(0) - TimeDelta::days(2);
    for number in 0..25_000 {
        let at = noon + TimeDelta::seconds(i64::from(number) / 2);
        stage.cloud.put_log_line("busy", at, report(number, 30.0));
    }
    let (code, stdout, stderr) = import(&stage, folder.path(), &["--log-group", "/aws/lambda/busy"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("stored 25000 cold starts in "), "{stdout}");
    let stored: usize = runs(&stage, "busy#observed").await.iter().map(|run| run.samples.len()).sum();
    assert_eq!(stored, 25_000);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_begins_in_a_run_asks_from_its_beginning() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    let day: DateTime<Utc> = "2026-05-10T00:00:00Z".parse().expect("a time");
    for hour in [1, 20] {
        stage.cloud.put_log_line("pay", day + TimeDelta::hours(hour), report(1, 30.0));
    }
    let arguments = ["--log-group", "/aws/lambda/pay", "--since", "2026-05-10T12:00"];
    let (code, stdout, stderr) = import(&stage, folder.path(), &arguments);
    assert_eq!((code, stdout.as_str()), (Some(0), "stored 2 cold starts in 1 run of 1 series\n"), "{stderr}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_imported_is_refused_with_the_way_out() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    stage.cloud.put_log_line("idle", Utc::now(), "START RequestId: 1 Version: $LATEST".to_owned());
    let refused = |arguments: &[&str]| {
        let (code, stdout, stderr) = import(&stage, folder.path(), arguments);
        assert_eq!(stdout, "");
        (code, stderr.lines().last().expect("an error").to_owned())
    };
    let (code, error) = refused(&["--log-group", "pay"]);
    let wanted =
        "error: no log group matches `pay`: the group of a function is `/aws/lambda/NAME`, and `*` stands for any text";
    assert_eq!((code, error.as_str()), (Some(2), wanted));
    let (code, error) = refused(&["--log-group", "/aws/lambda/idle"]);
    let wanted = "error: 0 reports in these logs, and no cold start with a time among them";
    assert_eq!((code, error.as_str()), (Some(1), wanted));
    assert_eq!(refused(&["--since", "7d", "a.csv"]).0, Some(2));
    assert_eq!(refused(&["--log-group", "/aws/lambda/idle", "--table", "gone"]).0, Some(1));
    let queries = stage.calls().await.into_iter().filter(|call| call["operation"] == "StartQuery").count();
    assert_eq!(queries, 1, "without a table nothing is asked that costs something");
    let denied = "reject:logs.StartQuery,status=400,code=AccessDeniedException,times=1";
    stage.cloud.inject(Fault::parse(denied).expect("a fault"));
    let (code, error) = refused(&["--log-group", "/aws/lambda/idle"]);
    assert!(code == Some(1) && error.starts_with("error: CloudWatch Logs refused StartQuery: AccessDenied"), "{error}");
    stage.cloud.stop().await;
}
