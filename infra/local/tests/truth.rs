//! The init durations of the stand-in are true: an emulator that AWS wrote measures the same ones.
//!
//! AWS's Runtime Interface Emulator (RIE) starts the Rust target function once per start, and so does the stand-in, in
//! turns, so that what else the machine does meets both alike. RIE's figure is `INIT REPORT(durationMs: …)` on its stderr;
//! the Init Duration of its REPORT line is a placeholder of 0.02 ms or so.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::types::{Environment, LastUpdateStatus, LogType};
use base64::Engine;
use local_cloud::{FunctionCode, FunctionSpec, LocalCloud, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

/// `scripts/fetch-test-tools.sh` fetches it and prints the variable.
const RIE: &str = "COLDWATCH_RIE";
const FUNCTION: &str = "truth";
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn init_durations_agree_with_the_emulator_of_aws() {
    let bootstrap = target_function();
    let ours = Ours::start(bootstrap.path()).await;
    let theirs = Theirs { rie: rie(), bootstrap: bootstrap.path().join("bootstrap") };
    let agree = |here: &[f64], there: &[f64]| (median(here) - median(there)).abs() <= 3.0;
    let (here, there) = in_a_calm(async || inits(&ours, &theirs, None, 30).await, agree).await;
    let medians = format!("{:.2} ms here, {:.2} ms by the emulator", median(&here), median(&there));
    println!("no sleep: {medians}");
    assert!(agree(&here, &there), "{medians}");
    // A busy machine lets a sleep end late, and never early: of several, the shortest is the least disturbed.
    let floors = [here[0], there[0]];
    for sleep_ms in [100_u32, 500] {
        let read = |here: &[f64], there: &[f64]| [here[0] - floors[0], there[0] - floors[1]];
        let near = |read: f64| (read - f64::from(sleep_ms)).abs() <= 5.0;
        let batch = async || inits(&ours, &theirs, Some(sleep_ms), 9).await;
        let (here, there) = in_a_calm(batch, |here, there| read(here, there).into_iter().all(near)).await;
        let read = read(&here, &there);
        println!("sleep of {sleep_ms} ms: {:.2} ms here, {:.2} ms by the emulator", read[0], read[1]);
        assert!(read.into_iter().all(near), "{sleep_ms} ms of sleep are {read:.2?} ms here and by the emulator");
    }
    ours.cloud.stop().await;
}

/// Both sides' sorted init durations, taken again, up to five times, while what they must show does not hold: what else the machine
/// does ends, and a measurement that is not true stays so.
async fn in_a_calm(
    batch: impl AsyncFn() -> (Vec<f64>, Vec<f64>),
    holds: impl Fn(&[f64], &[f64]) -> bool,
) -> (Vec<f64>, Vec<f64>) {
    let mut taken = batch().await;
    for _ in 1..5 {
        if holds(&taken.0, &taken.1) {
            break;
        }
        taken = batch().await;
    }
    taken
}

/// Init durations in ms of `starts` starts, by the stand-in and by the emulator, turn and turn about, sorted.
async fn inits(ours: &Ours, theirs: &Theirs, init_sleep_ms: Option<u32>, starts: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        here.push(ours.init_ms(init_sleep_ms).await);
        there.push(theirs.init_ms(init_sleep_ms).await);
    }
    here.sort_by(f64::total_cmp);
    there.sort_by(f64::total_cmp);
    (here, there)
}

fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

fn rie() -> PathBuf {
    let path = std::env::var_os(RIE).unwrap_or_else(|| {
        panic!("{RIE} is not set: run the tests with scripts/test.sh, or eval \"$(scripts/fetch-test-tools.sh)\"")
    });
    PathBuf::from(path)
}

/// A folder with the Rust target function as `bootstrap`.
fn target_function() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(built_target_function(), folder.path().join("bootstrap")).unwrap();
    folder
}

/// What `scripts/test.sh` has built with the workspace; without it, cargo builds it here, with features of its own.
fn built_target_function() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(Path::parent).expect("tests are in target/debug/deps").join("target-function");
    if built.is_file() {
        return built;
    }
    let mut cargo = std::process::Command::new(env!("CARGO"));
    cargo.args(["build", "--package", "target-function", "--message-format", "json-render-diagnostics"]);
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "cargo could not build the target function");
    let messages = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    messages
        .map(|line| serde_json::from_slice::<serde_json::Value>(line).unwrap())
        .filter(|message| message["target"]["name"] == "target-function")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable it built")
}

/// The stand-in with the function under test.
struct Ours {
    cloud: LocalCloud,
    client: Client,
}

impl Ours {
    async fn start(folder: &Path) -> Ours {
        let cloud = LocalCloud::start(Options::default()).await.unwrap();
        let code = FunctionCode::Folder {
            runtime: "provided.al2023".into(),
            handler: "bootstrap".into(),
            folder: folder.to_owned(),
        };
        let environment = BTreeMap::new();
        let spec = FunctionSpec { name: FUNCTION.into(), code, memory_mb: 512, timeout_s: 30, environment };
        cloud.ensure_function(spec).await.unwrap();
        let key = cloud.access().key().clone();
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(key.id(), key.secret(), None, None, "test"))
            .endpoint_url(cloud.endpoint())
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        Ours { client: Client::from_conf(config.build()), cloud }
    }

    /// Init Duration of a fresh execution environment, from its REPORT.
    async fn init_ms(&self, init_sleep_ms: Option<u32>) -> f64 {
        self.retire(init_sleep_ms).await;
        let invoke = self.client.invoke().function_name(FUNCTION).log_type(LogType::Tail);
        let reply = invoke.send().await.unwrap();
        let tail = base64::engine::general_purpose::STANDARD.decode(reply.log_result().unwrap()).unwrap();
        number_after(&String::from_utf8(tail).unwrap(), "\tInit Duration: ")
    }

    /// An update, after which no execution environment of before is used.
    async fn retire(&self, init_sleep_ms: Option<u32>) {
        let variables = init_sleep_ms.map(|ms| ("INIT_SLEEP_MS".to_owned(), ms.to_string())).into_iter().collect();
        let environment = Environment::builder().set_variables(Some(variables)).build();
        let update = self.client.update_function_configuration().function_name(FUNCTION).environment(environment);
        update.send().await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let read = self.client.get_function_configuration().function_name(FUNCTION).send().await.unwrap();
            if read.last_update_status() == Some(&LastUpdateStatus::Successful) {
                return;
            }
            assert!(Instant::now() < deadline, "the update does not settle");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The emulator, started anew for each init.
struct Theirs {
    rie: PathBuf,
    bootstrap: PathBuf,
}

impl Theirs {
    /// What the emulator writes of the init that its first invocation starts.
    async fn init_ms(&self, init_sleep_ms: Option<u32>) -> f64 {
        let [api, runtime_api] = free_addresses();
        let mut rie = Command::new(&self.rie);
        rie.args(["--log-level", "info", "--runtime-interface-emulator-address"])
            .arg(api.to_string())
            .arg("--runtime-api-address")
            .arg(runtime_api.to_string())
            .arg(&self.bootstrap)
            .env_clear()
            .envs([("AWS_LAMBDA_FUNCTION_NAME", FUNCTION), ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")])
            .envs(init_sleep_ms.map(|ms| ("INIT_SLEEP_MS", ms.to_string())))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = rie.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        // The emulator may take an invocation before its Runtime API listens; the function would find nobody there.
        drop(connect(runtime_api).await);
        let reply = invoke(api).await;
        stop(child).await;
        let mut log = String::new();
        timeout(PATIENCE, stderr.read_to_string(&mut log)).await.expect("the emulator's children end with it").unwrap();
        assert!(reply.starts_with("HTTP/1.1 200 ") && reply.contains("environment_id"), "{reply}\n{log}");
        number_after(&log, "INIT REPORT(durationMs: ")
    }
}

/// Ends the emulator, which on SIGTERM ends the function it runs, and waits until it has.
async fn stop(mut rie: tokio::process::Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(rie.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    timeout(PATIENCE, rie.wait()).await.expect("the emulator ends on SIGTERM").unwrap();
}

/// Two addresses of this machine that nobody listens on.
fn free_addresses() -> [SocketAddr; 2] {
    // Both at once, so that they differ.
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}

/// A connection to a server that has only just been started.
async fn connect(address: SocketAddr) -> TcpStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(address).await {
            Ok(connection) => return connection,
            Err(error) => assert!(Instant::now() < deadline, "the emulator does not listen: {error}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// The reply to one invocation through the emulator.
async fn invoke(api: SocketAddr) -> String {
    let mut connection = connect(api).await;
    let request = "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: rie\r\nConnection: close\r\n\
                   Content-Length: 2\r\n\r\n{}";
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    timeout(PATIENCE, connection.read_to_string(&mut reply)).await.expect("the emulator answers").unwrap();
    reply
}

fn number_after(text: &str, label: &str) -> f64 {
    let (_, rest) = text.split_once(label).unwrap_or_else(|| panic!("no `{label}` in: {text}"));
    let end = rest.find(|letter: char| letter != '.' && !letter.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().unwrap()
}
