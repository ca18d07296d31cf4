//! The template and the packages of `scripts/package.sh`, deployed by `scripts/deploy.sh` with AWS's own tool to
//! ministack, which nobody here wrote: its scheduler fires the orchestrator's process, its DynamoDB and CloudWatch take
//! what that stores and publishes. Only the functions that are measured are the local cloud's.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use crate::stage::Stage;

/// Its payload makes it longer than one parameter of `CloudFormation` may be.
const SUITE: &str = "samples = 40\nburst = 20\n[[targets]]\nfunction = \"f\"\n";

/// What the test puts into the deployed table, and how it looks at the schedule.
const TABLE: &str = r#"
import boto3, time
database, schedules = boto3.client("dynamodb"), boto3.client("scheduler")
[entry] = database.query(TableName="coldwatch", KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "INDEX"}})["Items"]
function = entry["function"]["S"]

def put(key, **members):
    database.put_item(TableName="coldwatch", Item={"pk": {"S": key + function}, "sk": {"S": "-"}, "version": {"N": "1"}} | members)

def lock(seconds):
    schedule = schedules.get_schedule(Name="coldwatch")
    kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    schedules.update_schedule(State="ENABLED", **{name: schedule[name] for name in kept})
    put("LOCK#", holder={"S": "r"}, lease_until_ms={"N": str(int((time.time() + seconds) * 1000))})

def journal(strategy):
    put("JOURNAL#", run_id={"S": "dead"}, strategy={"S": strategy}, written_at={"S": "2026-01-01T00:00:00Z"})

def state():
    print(schedules.get_schedule(Name="coldwatch")["State"])

"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deployed_runs_on_its_schedule_and_tells_what_the_cli_tells() {
    let (sam, ministack) = (tools("COLDWATCH_SAM"), tools("COLDWATCH_MINISTACK"));
    let stage = Stage::set().await;
    stage.simulated("f", "lognormal:60,0.2", &[]).await;
    let tree = tempfile::tempdir().expect("a folder");
    plant(tree.path(), &sam);
    packages(tree.path());
    let aws = Ministack::start(&ministack, tree.path()).await;

    let mut deploy = aws.command(tree.path().join("scripts/deploy.sh"));
    deploy.args(["--packaged", "--every", "rate(1 minute)", "--suite", "suite.toml"]);
    deploy.args(["ScheduleState=DISABLED", "FlexibleMinutes=0"]).current_dir(tree.path());
    succeeds(deploy, &aws).await;

    let mut judge = aws.command(ministack.join("python"));
    judge.args(["-W", "error", "-B"]).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole/deployed.py"));
    judge.args([env!("CARGO_BIN_EXE_coldwatch"), stage.cloud.endpoint()]).current_dir(tree.path());
    let report = succeeds(judge, &aws).await;
    assert_eq!(report.matches("... ok").count(), 5, "{report}");

    let table = |statement: &str| {
        let mut python = aws.command(sam.join("python"));
        python.args(["-W", "error", "-c", &[TABLE, statement].concat()]);
        python
    };
    // A run that is under way is waited for.
    succeeds(table("lock(8)"), &aws).await;
    let mut pause = aws.command(sam.join("python"));
    pause.arg(tree.path().join("infra/python/stack.py")).args(["pause", "coldwatch"]);
    let printed = succeeds(pause, &aws).await;
    assert!(printed.starts_with("paused\na run is under way (f): waiting"), "{printed}");
    assert_eq!(succeeds(table("state()"), &aws).await, "DISABLED\n");
    // A function that cannot be put back keeps the deployment, and its schedule.
    succeeds(table("journal('of a kind to come')"), &aws).await;
    let mut destroy = aws.command(tree.path().join("scripts/destroy.sh"));
    let output = destroy.args(["--yes", "--with-history"]).output().await.expect("started");
    let printed = String::from_utf8_lossy(&output.stderr);
    let refused = "nothing was deleted: a dead run has left f changed";
    assert!(output.status.code() == Some(1) && printed.contains(refused), "{printed}");
    // One that can be is put back first.
    succeeds(table("journal('environment')"), &aws).await;

    for (arguments, told) in [
        (["--yes"].as_slice(), "the stack coldwatch; the table `coldwatch` stays"),
        (&["--yes", "--with-history"], "this will be deleted: THE TABLE `coldwatch` WITH THE HISTORY"),
    ] {
        let mut destroy = aws.command(tree.path().join("scripts/destroy.sh"));
        destroy.args(arguments);
        let printed = succeeds(destroy, &aws).await;
        assert!(printed.contains(told) && printed.ends_with("deleted\n"), "{printed}");
    }
    let mut again = aws.command(tree.path().join("scripts/destroy.sh"));
    let output = again.args(["--yes", "--with-history"]).output().await.expect("started");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && printed.starts_with("there is no stack coldwatch"), "{printed}");
    drop(aws);
    stage.cloud.stop().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_before_anything_is_deployed() {
    let sam = tools("COLDWATCH_SAM");
    let tree = tempfile::tempdir().expect("a folder");
    plant(tree.path(), &sam);
    fs::write(tree.path().join("wrong.toml"), "samples = 0\n").expect("written");
    let targets: Vec<_> = (0..300).map(|i| serde_json::json!({"function": format!("checkout-service-{i}")})).collect();
    fs::write(tree.path().join("large.json"), serde_json::json!({"targets": targets}).to_string()).expect("written");
    for (script, arguments, code, expected) in [
        ("deploy", ["--packaged", "--suite", "none.toml"], 2, "none.toml cannot be read"),
        (
            "deploy",
            ["--packaged", "--suite", "wrong.toml"],
            2,
            "wrong.toml: suite key `samples` is 0: allowed are 1 to",
        ),
        ("deploy", ["--packaged", "--suite", "large.json"], 2, "bytes, Systems Manager keeps 8192: let `tagged = "),
        ("deploy", ["--packaged", "--every", "soon"], 2, "`soon` has no fixed gap: add SilentHours=N"),
        ("deploy", ["--packaged", "--every", "rate(9 days)"], 2, "measure at least every 6 days"),
        ("deploy", ["--packaged", "--stack", "a stack"], 2, "`a stack` is not a valid stack name"),
        ("deploy", ["--packaged", "Suite={}", "A=1"], 2, "give the suite with --suite FILE"),
        ("deploy", ["--packaged", "--stack", "fine"], 1, "no region: set AWS_REGION"),
        ("destroy", ["--yes", "--stack", "fine"], 1, "no region: set AWS_REGION"),
        ("destroy", ["--all", "--stack", "fine"], 2, "unknown argument `--all`"),
    ] {
        let mut command = Command::new(tree.path().join(format!("scripts/{script}.sh")));
        let own = std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("AWS_"));
        command.args(arguments).current_dir(tree.path()).env_clear().envs(own).env("HOME", tree.path());
        command.env_remove("CARGO_TARGET_DIR");
        let output = command.output().await.expect("started");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(code), [].as_slice()), "{told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

/// A new account runs ten invocations at once, and the orchestrator's own is one of them.
#[test]
fn a_burst_that_the_account_cannot_run_is_made_smaller_or_refused() {
    let sam = tools("COLDWATCH_SAM");
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/python");
    let fitting = |limit: &str, given: &str| {
        let call = format!("import parameters; print(parameters.fitting_suite({limit}, {given}, {{}}))");
        let mut python = std::process::Command::new(sam.join("python"));
        let output = python.args(["-B", "-c", &call]).current_dir(&scripts).output().expect("Python starts");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).trim().to_owned(), told)
    };
    for limit in ["None", "1000", "21"] {
        assert_eq!(fitting(limit, "{}"), (Some(0), "{}".to_owned(), String::new()));
    }
    for (limit, burst) in [("20", 10), ("10", 5), ("2", 1)] {
        let (code, suite, told) = fitting(limit, "{}");
        assert!(code == Some(0) && suite.contains(&format!("\"burst\": {burst},")), "{suite}");
        assert!(told.starts_with(&format!("this account runs {limit} invocations at once")), "{told}");
    }
    for (suite, fits) in [
        (r#"{"samples": 40, "burst": 10}"#, false),
        (r#"{"samples": 40}"#, false),
        (r#"{"samples": 9}"#, true),
        (r#"{"burst": 9}"#, true),
        (r#"{"start": "idle"}"#, true),
    ] {
        let (code, printed, told) = fitting("10", &format!("{{'Suite': '{suite}'}}"));
        let expected = if fits { (Some(0), "{}") } else { (Some(2), "") };
        assert_eq!((code, printed.as_str()), expected, "{suite}: {told}");
        assert!(fits || told.contains("use burst = 5, or ask for more"), "{told}");
    }
}

/// The folder with the programs that `scripts/fetch-test-tools.sh` has fetched.
fn tools(variable: &str) -> PathBuf {
    let folder = std::env::var_os(variable).unwrap_or_else(|| {
        panic!("{variable} is not set: run the tests with scripts/test.sh, or eval \"$(scripts/fetch-test-tools.sh)\"")
    });
    PathBuf::from(folder)
}

/// A checkout as `scripts/deploy.sh` wants it, without packages.
fn plant(tree: &Path, sam: &Path) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    for linked in ["scripts", "target-function"] {
        symlink(project.join(linked), tree.join(linked)).expect("linked");
    }
    symlink(sam.parent().expect("a venv"), tree.join(".venv-sam")).expect("linked");
    fs::create_dir_all(tree.join("infra/python")).expect("made");
    for file in ["template.yaml", "python/sam.txt", "python/parameters.py", "python/stack.py", "python/destroy.py"] {
        let file = Path::new("infra").join(file);
        fs::copy(project.join(&file), tree.join(&file)).expect("copied");
    }
    let payload = format!("payload = {{ hold_ms = 0, note = \"{}\" }}\n", "é".repeat(2_500));
    fs::write(tree.join("suite.toml"), [SUITE, &payload].concat()).expect("written");
    fs::create_dir_all(tree.join("target/release")).expect("made");
    symlink(env!("CARGO_BIN_EXE_coldwatch"), tree.join("target/release/coldwatch")).expect("linked");
    let package = tree.join("target/package");
    fs::create_dir_all(&package).expect("made");
    fs::write(package.join("architecture"), "x86_64").expect("written");
}

/// Puts the packages there that `scripts/package.sh --for-tests` has built of these sources.
fn packages(tree: &Path) {
    const BUILD: &str = "run the tests with scripts/test.sh, or scripts/package.sh --for-tests first";
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    let packages = project.join("target/package-for-tests");
    let zip = packages.join("orchestrator.zip");
    assert!(zip.is_file(), "{} is missing: {BUILD}", zip.display());
    let newer = std::process::Command::new("find")
        .args(["orchestrator/src", "orchestrator/crates", "Cargo.lock", "Cargo.toml", "-type", "f", "-newer"])
        .arg(&zip)
        .current_dir(project)
        .output()
        .expect("findutils are there");
    let newer = String::from_utf8_lossy(&newer.stdout).into_owned();
    assert_eq!(newer, "", "{} is older than these sources: {BUILD}", zip.display());
    for file in ["orchestrator.zip", "target-arm64.zip", "target-x86_64.zip", "architecture"] {
        fs::copy(packages.join(file), tree.join("target/package").join(file)).expect("copied");
    }
}

/// What the command has printed.
async fn succeeds(mut command: Command, aws: &Ministack) -> String {
    let output = command.output().await.expect("started");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{command:?}:\n{printed}\nministack:\n{}", aws.log());
    printed
}

/// A ministack on loopback. It ends with this value, and so do the functions it has started.
struct Ministack {
    process: Child,
    endpoint: String,
    log: PathBuf,
}

impl Ministack {
    async fn start(tools: &Path, folder: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let (endpoint, log) = (format!("http://{free}"), folder.join("ministack.log"));
        let output = File::create(&log).expect("made");
        // Ended by `timeout` should this test be killed.
        let process = Command::new("timeout")
            .args(["--kill-after=5", "600"])
            .arg(tools.join("ministack"))
            .envs([("BIND_HOST", "127.0.0.1"), ("GATEWAY_PORT", &free.port().to_string()), ("IOT_MTLS_ENABLED", "0")])
            // What the functions that it starts call.
            .env("AWS_ENDPOINT_URL", &endpoint)
            .stdout(output.try_clone().expect("opened twice"))
            .stderr(output)
            .process_group(0)
            .spawn()
            .expect("coreutils are there");
        let started = Self { process, endpoint, log };
        let deadline = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(free).is_err() {
            assert!(Instant::now() < deadline, "{}", started.log());
            sleep(Duration::from_millis(50)).await;
        }
        started
    }

    /// A command whose AWS is this one.
    fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env_remove("AWS_PROFILE")
            .env_remove("CARGO_TARGET_DIR")
            .kill_on_drop(true);
        let credentials = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
        command.envs(credentials).envs([("AWS_REGION", "us-east-1"), ("AWS_DEFAULT_REGION", "us-east-1")]);
        command
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        let Some(group) = self.process.id() else { return };
        let signal = |name: &str| std::process::Command::new("kill").args([name, "--", &format!("-{group}")]).status();
        // `timeout` waits for ministack and ends then; what has not heard by then is killed.
        let _ = signal("-TERM");
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = signal("-KILL");
    }
}
