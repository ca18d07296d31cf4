//! What is left when the stand-in ends: no process, whether it was stopped or killed; its state, if it has a folder.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod rig;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use local_cloud::{Ensured, FunctionCode, FunctionSpec, LocalCloud, Options, ScheduleSpec, StartError};
use rig::Rig;
use serde_json::json;

/// Set in the copy of this test binary that hosts a stand-in: folder to work in.
const HOST: &str = "LOCAL_CLOUD_TEST_HOST";

/// Marks the processes of a test in their environment variables.
const MARK: &str = "LOCAL_CLOUD_TEST_MARK";

/// Keeps the process, and a child of it that nobody waits for, for ten minutes.
const LINGER: &str = r#"{"spawn":600,"sleep_s":600}"#;

/// Processes that carry `mark`.
fn marked(mark: &str) -> usize {
    let wanted = format!("{MARK}={mark}");
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let carries = |path: &Path| {
        let variables = std::fs::read(path.join("environ")).unwrap_or_default();
        variables.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    processes.filter(|entry| carries(&entry.path())).count()
}

async fn until_marked(mark: &str, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while marked(mark) != count {
        assert!(Instant::now() < deadline, "{} processes carry {mark}, not {count}", marked(mark));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_idle_and_busy_environments_with_all_they_started() {
    let rig = Rig::start().await;
    rig.bootstrap("idle", 900, &[(MARK, "stopped")]).await;
    rig.bootstrap("busy", 900, &[(MARK, "stopped")]).await;
    rig.invoke("idle", r#"{"spawn":600}"#).await;
    let lambda = rig.lambda.clone();
    tokio::spawn(async move {
        lambda.invoke().function_name("busy").payload(aws_sdk_lambda::primitives::Blob::new(LINGER)).send().await
    });
    until_marked("stopped", 4).await;
    rig.cloud.stop().await;
    assert_eq!(marked("stopped"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_environment_leaves_no_grandchild() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 900, &[(MARK, "retired")]).await;
    rig.invoke("f", r#"{"spawn":600}"#).await;
    assert_eq!(marked("retired"), 2);
    rig.describe("f", "retire").await;
    until_marked("retired", 0).await;
    rig.cloud.stop().await;
}

/// Not a test of its own: the stand-in that the next test kills, in a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn host() {
    let Ok(folder) = std::env::var(HOST) else { return };
    let rig = Rig::start().await;
    rig.bootstrap("f", 900, &[(MARK, "killed")]).await;
    std::fs::write(Path::new(&folder).join("ready"), "").unwrap();
    rig.invoke("f", LINGER).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_process_survives_a_kill_of_the_stand_in() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "host", "--nocapture"])
        .env(HOST, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until_marked("killed", 2).await;
    assert!(folder.path().join("ready").exists());
    host.kill().unwrap();
    host.wait().unwrap();
    until_marked("killed", 0).await;
}

fn simulated() -> FunctionSpec {
    FunctionSpec {
        name: "kept".to_owned(),
        code: FunctionCode::Simulated,
        memory_mb: 256,
        timeout_s: 3,
        environment: [("SIMULATED_INIT_MS".to_owned(), "constant:1".to_owned())].into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_and_tables_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { state: Some(folder.path().to_owned()), ..Options::default() };
    let rig = Rig::with(options.clone()).await;
    assert_eq!(rig.cloud.ensure_function(simulated()).await.unwrap(), Ensured::Created);
    rig.lambda.publish_version().function_name("kept").send().await.unwrap();
    let before = rig.lambda.get_function_configuration().function_name("kept").send().await.unwrap();
    rig::create_table(rig.cloud.endpoint(), "history").await;
    rig.cloud.stop().await;

    let rig = Rig::with(options).await;
    assert_eq!(rig.cloud.ensure_function(simulated()).await.unwrap(), Ensured::Unchanged);
    let after = rig.lambda.get_function_configuration().function_name("kept").send().await.unwrap();
    assert_eq!(
        format!("{after:?}").replace(request_id(&after), ""),
        format!("{before:?}").replace(request_id(&before), "")
    );
    assert_eq!(rig::tables(rig.cloud.endpoint()).await, ["history"]);
    let versioned = rig.lambda.invoke().function_name("kept:1").send().await.unwrap();
    assert_eq!(versioned.executed_version(), Some("1"));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_and_queues_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { state: Some(folder.path().to_owned()), ..Options::default() };
    let rig = Rig::with(options.clone()).await;
    let schedule = ScheduleSpec {
        name: "yearly".to_owned(),
        expression: "cron(0 0 1 1 ? *)".to_owned(),
        function: "nobody".to_owned(),
        input: "{}".to_owned(),
        retry_attempts: 0,
    };
    rig.cloud.put_schedule(&schedule).unwrap();
    rig.sqs("CreateQueue", json!({ "QueueName": "letters" })).await;
    let queue = json!({ "QueueUrl": "letters" });
    rig.sqs("SendMessage", json!({ "QueueUrl": "letters", "MessageBody": "kept" })).await;
    let shown = |rig: &Rig| rig::signed_page(format!("{}/schedules/yearly", rig.cloud.endpoint()));
    let before = shown(&rig).await;
    rig.cloud.stop().await;

    let rig = Rig::with(options).await;
    assert_eq!(String::from_utf8(shown(&rig).await).unwrap(), String::from_utf8(before).unwrap());
    assert_eq!(rig.sqs("ReceiveMessage", queue).await["Messages"][0]["Body"], "kept");
    rig.cloud.stop().await;
}

fn request_id(output: &impl aws_sdk_lambda::operation::RequestId) -> &str {
    output.request_id().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_folder_serves_one_stand_in_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { state: Some(folder.path().to_owned()), ..Options::default() };
    let first = LocalCloud::start(options.clone()).await.unwrap();
    let in_use = |started: Result<LocalCloud, StartError>| match started.err() {
        Some(StartError::StateInUse { endpoint, .. }) => endpoint,
        other => panic!("the folder is not in use: {other:?}"),
    };
    assert_eq!(in_use(LocalCloud::start(options.clone()).await).as_deref(), Some(first.endpoint()));
    first.stop().await;
    let private = Options { serves_others: false, ..options.clone() };
    let second = LocalCloud::start(private).await.unwrap();
    assert_eq!(in_use(LocalCloud::start(options).await), None, "it serves nobody else, and the first is gone");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let first = LocalCloud::start(Options::default()).await.unwrap();
    let port: u16 = first.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    let error = LocalCloud::start(Options { port, ..Options::default() }).await.err().unwrap();
    assert!(error.to_string().starts_with(&format!("cannot listen on 127.0.0.1:{port}: ")), "{error}");
    first.stop().await;
}
