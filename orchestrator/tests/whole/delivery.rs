//! The orchestrator as a function of the stand-in: deployed, handed ticks, sent signals.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use coldwatch::aws::Aws;
use local_cloud::{FunctionCode, FunctionSpec};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stage::Stage;

pub const SCHEDULE: &str = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/coldwatch";
pub const TICK: &str = "2026-01-31T18:00:00Z";

/// Makes the orchestrator a function with this timeout. What it prints goes to the file `log`, if one is given, and
/// into the log of its invocations otherwise.
pub async fn deploy(stage: &Stage, timeout_s: u32, log: Option<&Path>) {
    deploy_with(stage, timeout_s, log, &[]).await;
}

/// As [`deploy`], with variables of its own besides the table's name. Events may bring suites, unless these say otherwise.
pub async fn deploy_with(stage: &Stage, timeout_s: u32, log: Option<&Path>, variables: &[(&str, &str)]) {
    let code = tempfile::tempdir().expect("a folder");
    let bootstrap = code.path().join("bootstrap");
    // Instead of a copy of the program, which is large.
    let redirected = log.map(|log| format!(" >>'{}' 2>&1", log.display())).unwrap_or_default();
    let script = format!("#!/bin/sh\nexec '{}'{redirected}\n", env!("CARGO_BIN_EXE_orchestrator"));
    fs::write(&bootstrap, script).expect("written");
    fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755)).expect("executable");
    let usual = [("COLDWATCH_TABLE", "coldwatch"), ("COLDWATCH_INLINE_SUITES", "true")];
    let environment = usual.iter().chain(variables);
    let spec = FunctionSpec {
        name: "orchestrator".to_owned(),
        code: FunctionCode::Folder {
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            folder: code.path().to_owned(),
        },
        memory_mb: 1_769,
        timeout_s,
        environment: environment.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect::<BTreeMap<_, _>>(),
    };
    stage.cloud.ensure_function(spec).await.expect("the orchestrator");
}

/// One delivery of the tick with this suite; `null` where it got no reply.
pub async fn deliver(stage: &Stage, suite: Value) -> Value {
    send(&stage.aws, &json!({"suite": suite, "schedule_arn": SCHEDULE, "scheduled_time": TICK})).await
}

/// One delivery of an event; `null` where it got no reply.
pub async fn send(aws: &Aws, event: &Value) -> Value {
    let (event, now) = (event.to_string().into_bytes(), Instant::now());
    let reply = aws
        .lambda
        .seats("orchestrator", 1)
        .await
        .remove(0)
        .invoke("orchestrator", event, now, Duration::from_mins(2))
        .await;
    reply.answer.map_or(Value::Null, |r| serde_json::from_slice(&r.payload).unwrap_or_default())
}

/// Sends `signal` to every process that works in the stand-in's state folder, its execution environments, and says how many there
/// were.
pub fn signal(stage: &Stage, signal: &str) -> usize {
    let folder = stage.state.path().canonicalize().expect("a path");
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(|e| e.ok()?.file_name().into_string().ok());
    let inside = |process: &String| {
        process.bytes().all(|b| b.is_ascii_digit())
            && fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
    };
    let environments: Vec<String> = processes.filter(inside).collect();
    for process in &environments {
        Command::new("kill").args([signal, process]).status().expect("kill starts");
    }
    environments.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_orchestrator_puts_the_function_back() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:100", &[]).await;
    let before = stage.configuration("f").await;
    deploy(&stage, 60, None).await;
    let suite = json!({"samples": 500, "burst": 2, "max_rounds": 300, "targets": [{"function": "f"}]});
    let (reply, ()) = tokio::join!(deliver(&stage, suite), async {
        while stage.configuration("f").await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        signal(&stage, "-TERM");
    });
    let target = &reply["targets"][0];
    assert_eq!((&target["function"], &target["stopped"]), (&"f".into(), &"interrupted".into()), "{reply}");
    assert_eq!(stage.configuration("f").await, before);
    assert_eq!(stage.aws.store.journal(&before.arn).await.expect("the table is there"), None);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orchestrator_without_time_to_put_back_changes_nothing() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let before = stage.aws.lambda.function("f").await.expect("the function");
    deploy(&stage, 15, None).await;
    let reply = deliver(&stage, json!({"samples": 2, "targets": [{"function": "f"}]})).await;
    let error = reply["error"].as_str().expect("an error");
    assert!(error.contains("s are left, and 20.1 s of them are reserved for putting functions back"), "{error}");
    assert_eq!(stage.aws.lambda.function("f").await.expect("the function"), before);
    assert_eq!(stage.aws.store.series().await.expect("the index"), []);
    stage.cloud.stop().await;
}
