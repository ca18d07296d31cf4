//! Execution environments as real processes: cold, warm, retired, failing, limited.

mod rig;

use std::collections::HashSet;
use std::time::Duration;

use local_cloud::Options;
use rig::Rig;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_invocation_is_cold_and_the_second_is_not() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[("INIT_SLEEP_S", "0.2")]).await;
    let cold = rig.invoke("f", "{}").await;
    let warm = rig.invoke("f", "{}").await;
    let init = cold.ms("Init Duration").expect("a cold start has an init duration");
    assert!((200.0..5_000.0).contains(&init), "{init}");
    assert!(!warm.is_cold());
    assert_eq!((&cold.payload["invocation"], &warm.payload["invocation"]), (&json!(1), &json!(2)));
    assert_eq!(cold.payload["pid"], warm.payload["pid"]);
    let billed = (init + cold.ms("Duration").unwrap()).ceil();
    assert!((cold.ms("Billed Duration").unwrap() - billed).abs() <= 1.0);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_is_written_as_aws_writes_it() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    rig.invoke("f", "{}").await;
    let warm = rig.invoke("f", r#"{"print":"hello from the handler"}"#).await;
    let id = &warm.request_id;
    let lines: Vec<&str> = warm.tail.split('\n').collect();
    assert_eq!(
        lines[..3],
        [&format!("START RequestId: {id} Version: $LATEST"), "hello from the handler", &format!("END RequestId: {id}")]
    );
    assert!(lines[3].starts_with(&format!("REPORT RequestId: {id}\tDuration: ")) && lines[3].ends_with(" MB\t"));
    assert_eq!(lines[4..], [""]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tail_keeps_the_last_4_kb() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    let answer = rig.invoke("f", &json!({ "print": "y".repeat(10_000) }).to_string()).await;
    assert_eq!(answer.tail.len(), 4096);
    assert!(answer.is_cold(), "the REPORT is at the end and stays");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_invocations_get_an_environment_each() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 10, &[]).await;
    let burst = (0..5).map(|_| rig.invoke("f", r#"{"sleep_s":1.5}"#));
    let answers = futures::future::join_all(burst).await;
    assert!(answers.iter().all(rig::Invoked::is_cold));
    let pids: HashSet<u64> = answers.iter().map(|answer| answer.payload["pid"].as_u64().unwrap()).collect();
    assert_eq!(pids.len(), 5);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_retires_every_environment_once_it_has_settled() {
    let rig = Rig::with(Options { settle: Duration::from_millis(400), ..Options::default() }).await;
    rig.bootstrap("f", 5, &[("WHICH", "old")]).await;
    rig.invoke("f", "{}").await;
    let ask = r#"{"variable":"WHICH"}"#;
    rig.lambda
        .update_function_configuration()
        .function_name("f")
        .environment(rig::variables(&[("WHICH", "new")]))
        .send()
        .await
        .unwrap();
    let during = rig.invoke("f", ask).await;
    assert_eq!((during.is_cold(), &during.payload["variable"]), (false, &json!("old")));
    rig.until_updated("f").await;
    let after = rig.invoke("f", ask).await;
    assert_eq!((after.is_cold(), &after.payload["variable"]), (true, &json!("new")));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_description_retires_too() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    rig.invoke("f", "{}").await;
    for _ in 0..2 {
        rig.describe("f", "the same text").await;
        rig.until_updated("f").await;
        assert!(rig.invoke("f", "{}").await.is_cold());
    }
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeout_kills_and_the_next_init_runs_inside_the_invocation() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 4, &[]).await;
    let late = rig.invoke("f", r#"{"sleep_s":30}"#).await;
    let id = &late.request_id;
    assert_eq!(late.function_error.as_deref(), Some("Unhandled"));
    let message = format!("RequestId: {id} Error: Task timed out after 4.00 seconds");
    assert_eq!(late.payload, json!({ "errorType": "Sandbox.Timedout", "errorMessage": message }));
    let report = late.report();
    assert_eq!((report["Duration"].as_str(), report["Status"].as_str()), ("4000.00", "timeout"));
    assert!(late.tail.contains(&format!(" {id} Task timed out after 4.00 seconds\n\nEND RequestId")));
    let next = rig.invoke("f", "{}").await;
    assert_eq!((next.function_error.as_deref(), next.is_cold()), (None, false), "{}", next.tail);
    assert_eq!(next.payload["invocation"], 1, "the process is another one");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_an_exit_error() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    for (event, reason) in [(r#"{"exit":3}"#, "exit status 3"), (r#"{"signal":9}"#, "signal: killed")] {
        let crashed = rig.invoke("f", event).await;
        let message = format!("RequestId: {} Error: Runtime exited with error: {reason}", crashed.request_id);
        assert_eq!(crashed.payload, json!({ "errorType": "Runtime.ExitError", "errorMessage": message }));
        let report = crashed.report();
        assert_eq!((report["Status"].as_str(), report["Error Type"].as_str()), ("error", "Runtime.ExitError"));
        assert!(crashed.tail.contains(&format!("{message}\nRuntime.ExitError\nEND RequestId")), "{}", crashed.tail);
    }
    let quiet = rig.invoke("f", r#"{"exit":0}"#).await;
    let message = format!("RequestId: {} Error: Runtime exited without providing a reason", quiet.request_id);
    assert_eq!(quiet.payload["errorMessage"], json!(message));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_is_handed_on_as_the_runtime_posted_it() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    let failed = rig.invoke("f", r#"{"fail":"KeyError"}"#).await;
    assert_eq!(failed.function_error.as_deref(), Some("Unhandled"));
    assert_eq!(failed.payload, json!({ "errorType": "KeyError", "errorMessage": "as asked" }));
    assert!(failed.is_cold());
    assert!(!rig.invoke("f", "{}").await.is_cold(), "the environment lives on");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_in_init_is_tried_again_inside_the_invocation() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[("INIT_EXIT", "7")]).await;
    let failed = rig.invoke("f", "{}").await;
    let message = format!("RequestId: {} Error: Runtime exited with error: exit status 7", failed.request_id);
    assert_eq!(failed.payload, json!({ "errorType": "Runtime.ExitError", "errorMessage": message }));
    let kinds: Vec<String> = failed.tail.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        kinds,
        ["init", "INIT_REPORT", "init", "INIT_REPORT", "START", "RequestId:", "Runtime.ExitError", "END", "REPORT"]
    );
    let phases: Vec<&str> = failed
        .tail
        .lines()
        .filter(|line| line.starts_with("INIT_REPORT"))
        .map(|line| line.split_once('\t').unwrap().1)
        .collect();
    let ending = "Status: error\tError Type: Runtime.ExitError";
    assert_eq!(phases, [format!("Phase: init\t{ending}"), format!("Phase: invoke\t{ending}")]);
    assert!(!failed.is_cold());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_error_names_its_type() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[("INIT_ERROR", "Runtime.ImportModuleError")]).await;
    let failed = rig.invoke("f", "{}").await;
    assert_eq!(failed.payload, json!({ "errorType": "Runtime.ImportModuleError", "errorMessage": "init refused" }));
    assert_eq!(failed.report()["Error Type"], "Runtime.ImportModuleError");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_init_over_the_limit_is_cut_and_run_again_without_init_duration() {
    let marker = tempfile::tempdir().unwrap();
    let marker = marker.path().join("slept").display().to_string();
    let rig = Rig::with(Options { init_limit: Duration::from_secs(3), ..Options::default() }).await;
    rig.bootstrap("f", 10, &[("SLOW_ONCE", &marker)]).await;
    let late = rig.invoke("f", "{}").await;
    assert_eq!((late.function_error.as_deref(), late.is_cold()), (None, false), "{}", late.tail);
    let line = late.tail.lines().find(|line| line.starts_with("INIT_REPORT")).unwrap();
    let (duration, rest) = line.split_once('\t').unwrap();
    assert_eq!(rest, "Phase: init\tStatus: timeout");
    let ms: f64 = duration.trim_start_matches("INIT_REPORT Init Duration: ").trim_end_matches(" ms").parse().unwrap();
    assert!((3_000.0..20_000.0).contains(&ms), "cut long before its minute is over: {ms}");
    assert!(late.ms("Duration").unwrap() > 10.0, "the second init counts as duration");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_without_bootstrap_has_no_entrypoint() {
    let rig = Rig::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("readme"), "x").unwrap();
    let code = local_cloud::FunctionCode::Folder {
        runtime: "provided.al2023".into(),
        handler: "bootstrap".into(),
        folder: folder.path().to_owned(),
    };
    rig.ensure("f", code, 3, &[]).await;
    let failed = rig.invoke("f", "{}").await;
    assert_eq!(failed.payload["errorType"], "Runtime.InvalidEntrypoint");
    assert_eq!(failed.report()["Error Type"], "Runtime.InvalidEntrypoint");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_over_6_mb_is_refused() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 20, &[]).await;
    let failed = rig.invoke("f", r#"{"answer_bytes":7000000}"#).await;
    assert_eq!(failed.payload["errorType"], "Function.ResponseSizeTooLarge");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_learns_deadline_arn_and_client_context() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    let before = chrono::Utc::now().timestamp_millis();
    let output = rig.lambda.invoke().function_name("f").client_context("eyJhIjoxfQ==").send().await.unwrap();
    let payload = rig::Invoked::of(&output).payload;
    let left = payload["deadline_ms"].as_i64().unwrap() - before;
    assert!((5000..9000).contains(&left), "{left}");
    assert_eq!(payload["arn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert_eq!(payload["context"], "eyJhIjoxfQ==");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_environments_end() {
    let rig = Rig::with(Options { idle_limit: Duration::from_millis(100), ..Options::default() }).await;
    rig.bootstrap("f", 5, &[]).await;
    let pid = rig.invoke("f", "{}").await.payload["pid"].as_u64().unwrap();
    rig::until_gone(pid).await;
    assert!(rig.invoke("f", "{}").await.is_cold());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interpreted_function_runs_with_its_own_variables() {
    let rig = Rig::start().await;
    let folder = tempfile::tempdir().unwrap();
    let python = "import os\nprint('loaded')\ndef handler(event, context):\n    return [event, os.environ['MINE']]\n";
    std::fs::write(folder.path().join("handler.py"), python).unwrap();
    let node = "export const handler = async (event) => [event, process.env.MINE];\n";
    std::fs::write(folder.path().join("handler.mjs"), node).unwrap();
    for runtime in ["python3.11", "nodejs20.x"] {
        let code = local_cloud::FunctionCode::Folder {
            runtime: runtime.into(),
            handler: "handler.handler".into(),
            folder: folder.path().to_owned(),
        };
        let name = runtime.replace('.', "-");
        rig.ensure(&name, code, 5, &[("MINE", "own")]).await;
        let answer = rig.invoke(&name, r#"{"a":1}"#).await;
        assert_eq!(answer.payload, json!([{ "a": 1 }, "own"]), "{runtime}");
        assert!(answer.is_cold());
    }
    rig.cloud.stop().await;
}
