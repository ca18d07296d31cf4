//! The command-line program as a user meets it: output, exit codes, signals.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub fn coldwatch(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coldwatch"));
    command.current_dir(folder).args(arguments).env_remove("AWS_PROFILE").env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

pub fn output(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = coldwatch(folder, arguments).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs `coldwatch run --suite` with this text, and returns the exit code and stderr.
fn refused(suite: &str) -> (Option<i32>, String) {
    let folder = folder();
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let (code, stdout, stderr) = output(folder.path(), &["run", "--local", "--suite", "suite.toml"]);
    assert_eq!(stdout, "");
    assert!(!folder.path().join(".coldwatch").exists(), "nothing was started for bad input");
    (code, stderr)
}

#[test]
fn a_local_run_proves_every_sample_and_adds_to_the_history() {
    let folder = folder();
    let run = |n| {
        let (code, stdout, stderr) = output(folder.path(), &["run", "--local", "--samples", n, "--json"]);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
        serde_json::from_str::<Value>(&stdout).expect("JSON")
    };
    let first = run("4");
    assert_eq!(first["version"], 1);
    let labels: Vec<&Value> = first["runs"].as_array().expect("runs").iter().map(|r| &r["label"]).collect();
    assert_eq!(labels, ["rust", "python", "nodejs"]);
    for run in first["runs"].as_array().expect("runs") {
        assert_eq!((&run["wanted"], &run["proven"], &run["outcomes"]["cold"]), (&4.into(), &4.into(), &4.into()));
        let samples = run["samples"].as_array().expect("samples").iter().filter(|s| s["outcome"] == "cold");
        let ids: BTreeSet<_> = samples.map(|s| s["environment_id"].as_str().expect("an id").to_owned()).collect();
        assert_eq!(ids.len(), 4, "every cold start had an environment of its own");
    }
    run("3");
    let (code, stdout, _) = output(folder.path(), &["history", "--local", "--json", "rust"]);
    assert_eq!(code, Some(0));
    let history: Value = serde_json::from_str(&stdout).expect("JSON");
    let runs: Vec<&Value> =
        history["series"][0]["runs"].as_array().expect("runs").iter().map(|r| &r["proven"]).collect();
    assert_eq!(runs, [4, 3]);
}

#[test]
fn a_handler_that_raises_leaves_its_starts_proven_and_is_told_everywhere() {
    let folder = folder();
    let suite = "samples = 2\nburst = 1\n[[targets]]\nfunction = \"coldwatch-target-python\"\npayload = [1]\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let arguments = ["run", "--local", "--suite", "suite.toml", "--report", "page.html", "--json"];
    let (code, stdout, stderr) = output(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    let sample = &document["runs"][0]["samples"][0];
    assert_eq!((&sample["outcome"], &sample["detail"]), (&"cold".into(), &"InvalidRequest".into()), "{stdout}");
    let errors = serde_json::json!([{"error_type": "InvalidRequest", "invocations": 2, "proven": 2}]);
    assert_eq!(document["runs"][0]["function_errors"], errors);
    let text = "the handler raised InvalidRequest in 2 of 2 invocations: 2 of them are proven cold starts all the same; \
                `targets.payload` (or `--payload`) sends what it expects";
    assert!(stderr.contains(text), "{stderr}");
    let (_, history, _) = output(folder.path(), &["history", "--local", "--runs"]);
    assert!(history.contains(text), "{history}");
    let page = fs::read_to_string(folder.path().join("page.html")).expect("the page");
    assert!(page.contains(text), "the page");
}

#[test]
fn a_suite_is_checked_and_printed_as_json() {
    let folder = folder();
    let payload = "é".repeat(600_000);
    for (file, text, code, expected) in [
        ("a.toml", "samples = 3\n[[targets]]\nfunction = \"f\"\n", 0, r#"{"samples":3,"targets":[{"function":"f"}]}"#),
        ("a.json", r#"{"tagged": "team=search"}"#, 0, r#"{"tagged":"team=search"}"#),
        ("b.toml", "sampels = 3\n", 2, "unknown field `sampels`"),
        ("b.json", r#"{"targets": []}"#, 2, "the suite names no target"),
        (
            "c.json",
            &format!(r#"{{"targets": [{{"function": "f", "payload": "{payload}"}}]}}"#),
            2,
            "too large to be handed",
        ),
    ] {
        fs::write(folder.path().join(file), text).expect("written");
        let (got, stdout, stderr) = output(folder.path(), &["check", file]);
        if code == 0 {
            assert_eq!((got, stdout.as_str(), stderr.as_str()), (Some(0), format!("{expected}\n").as_str(), ""));
        } else {
            assert_eq!((got, stdout.as_str()), (Some(code), ""), "{stderr}");
            assert!(stderr.starts_with(&format!("error: {file}: ")) && stderr.contains(expected), "{stderr}");
        }
    }
}

#[test]
fn the_json_has_the_keys_of_the_contract() {
    let folder = folder();
    let (_, stdout, _) = output(folder.path(), &["run", "--local", "--samples", "1", "--burst", "1", "--json"]);
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    let run = &document["runs"][0];
    let has = |value: &Value, keys: &[&str]| {
        for key in keys {
            assert!(value.as_object().expect("an object").contains_key(*key), "`{key}` in {value}");
        }
    };
    has(run, &["function", "label", "series", "started_at", "wanted", "proven", "attempted"]);
    has(&run["outcomes"], &["cold", "restored", "init_timeout", "proactive", "warm", "function_error"]);
    has(&run["outcomes"], &["throttled", "transport", "report_missing", "not_attempted"]);
    has(&run["init_ms"], &["n", "min", "p50", "p50_low", "p50_high", "p90", "max"]);
    assert_eq!((&run["init_ms"]["p50_low"], &run["init_ms"]["p90"]), (&Value::Null, &Value::Null));
    has(&run["rounds"][0], &["invocations", "hold_ms", "settle_ms", "burst_ms"]);
    has(&run["samples"][0], &["outcome", "request_id", "environment_id", "init_ms", "duration_ms", "billed_ms"]);
    has(&run["samples"][0], &["round_trip_ms", "max_memory_mb"]);
}

#[test]
fn bad_input_ends_with_two_and_changes_nothing() {
    let target = "[[targets]]\nfunction = \"coldwatch-target-rust\"\n";
    for (suite, expected) in [
        (format!("sampels = 3\n{target}"), "unknown field `sampels`"),
        (format!("samples = 0\n{target}"), "suite key `samples` is 0: allowed are 1 to 1000"),
        (format!("burst = 1001\n{target}"), "suite key `burst` is 1001: allowed are 1 to 1000"),
        (String::new(), "the suite names no target"),
    ] {
        let (code, stderr) = refused(&suite);
        assert_eq!(code, Some(2), "{stderr}");
        assert!(stderr.starts_with("error: suite.toml: ") && stderr.contains(expected), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
    let folder = folder();
    let (code, _, stderr) = output(folder.path(), &["run", "--local", "--samples", "0"]);
    assert_eq!((code, stderr.as_str()), (Some(2), "error: suite key `samples` is 0: allowed are 1 to 1000\n"));
    assert_eq!(output(folder.path(), &["run", "--suite", "missing.toml"]).0, Some(2));
    assert_eq!(output(folder.path(), &["measure"]).0, Some(2));
}

#[test]
fn a_missing_function_is_named() {
    let folder = folder();
    let suite = "samples = 1\n[[targets]]\nfunction = \"nobody\"\n[[targets]]\nfunction = \"coldwatch-target-rust\"\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let (code, stdout, stderr) = output(folder.path(), &["run", "--local", "--suite", "suite.toml"]);
    assert_eq!(code, Some(2));
    assert_eq!(stderr, "error: there is no function `nobody` in this account and region\n");
    assert!(stdout.contains("coldwatch-target-rust"), "the other target was measured: {stdout}");
}

#[test]
fn an_unreachable_endpoint_is_an_error_of_one_line() {
    let folder = folder();
    fs::write(folder.path().join("suite.toml"), "[[targets]]\nfunction = \"f\"\n").expect("written");
    let mut command = coldwatch(folder.path(), &["run", "--suite", "suite.toml"]);
    // Port 9 of loopback is the discard service, which nobody runs.
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_REGION", "us-east-1");
    command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x");
    let Output { status, stderr, .. } = command.output().expect("the program starts");
    let stderr = String::from_utf8(stderr).expect("UTF-8");
    assert_eq!((status.code(), stderr.lines().count()), (Some(1), 1), "{stderr}");
    assert!(stderr.starts_with("error: cannot reach Lambda"), "{stderr}");
}

/// Processes that run out of this folder: execution environments of its local cloud.
#[cfg(target_os = "linux")]
pub fn environments(folder: &Path) -> Vec<String> {
    let inside = |pid: &str| {
        fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder.join(".coldwatch")))
    };
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(|e| e.ok()?.file_name().into_string().ok());
    processes.filter(|name| name.bytes().all(|b| b.is_ascii_digit())).filter(|pid| inside(pid)).collect()
}

#[cfg(target_os = "linux")]
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a run of many rounds, sends it `signal` when some of them are done, and returns its exit code.
#[cfg(target_os = "linux")]
fn killed(folder: &Path, signal: &str) -> Option<i32> {
    const BURST: usize = 5;
    let mut run = coldwatch(folder, &["run", "--local", "--samples", "100", "--burst", &BURST.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let folder = folder.canonicalize().expect("a path");
    // A round's environments start when the round before is stored.
    let mut seen = BTreeSet::new();
    eventually("a third round is started", || {
        seen.extend(environments(&folder));
        seen.len() > 2 * BURST
    });
    let sent = Command::new("kill").args([signal, &run.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
    let code = run.wait().expect("the program ends").code();
    eventually("no process is left behind", || environments(&folder).is_empty());
    code
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_run_leaves_no_process_and_its_rounds_in_the_history() {
    let folder = folder();
    assert_eq!(killed(folder.path(), "-INT"), Some(1));
    let (code, stdout, _) = output(folder.path(), &["history", "--local", "--json"]);
    assert_eq!(code, Some(0));
    let history: Value = serde_json::from_str(&stdout).expect("JSON");
    let series = history["series"].as_array().expect("series").iter();
    let runs: Vec<&Value> = series.flat_map(|series| series["runs"].as_array().expect("runs")).collect();
    assert!(runs.iter().all(|run| run["stopped"] == "interrupted"), "{history}");
    // One of the targets may just have begun its turn.
    assert!(runs.iter().any(|run| run["attempted"].as_u64().expect("a number") > 0), "{history}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_killed_run_leaves_no_process_and_its_rounds_readable() {
    let folder = folder();
    assert_eq!(killed(folder.path(), "-KILL"), None);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let stored = runtime.block_on(async {
        let options =
            local_cloud::Options { state: Some(folder.path().join(".coldwatch")), ..local_cloud::Options::default() };
        let cloud = local_cloud::LocalCloud::start(options).await.expect("the local cloud starts");
        let connection = coldwatch::aws::Connection {
            endpoint: Some(cloud.endpoint().to_owned()),
            region: Some("us-east-1".to_owned()),
            keys: Some(coldwatch::aws::Keys {
                id: cloud.access().key().id().to_owned(),
                secret: cloud.access().key().secret().to_owned(),
            }),
            table: "coldwatch".to_owned(),
            ..coldwatch::aws::Connection::default()
        };
        let store = coldwatch::aws::Aws::connect(connection).await.expect("clients").store;
        let mut rounds = 0;
        for entry in store.series().await.expect("the index") {
            // The index names the run that was under way.
            let prefix = entry.last_run_at;
            rounds += store.rounds_at(&entry.series, prefix).await.expect("the rounds can be read").len();
        }
        cloud.stop().await;
        rounds
    });
    assert!(stored > 0, "rounds were stored before the kill");
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_proven_samples_than_wanted_end_with_four() {
    let stage = crate::stage::Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    stage.cloud.inject(local_cloud::Fault::parse("no-report:f").expect("a fault"));
    let folder = folder();
    fs::write(folder.path().join("suite.toml"), "samples = 2\n[[targets]]\nfunction = \"f\"\n").expect("written");
    let mut command = coldwatch(folder.path(), &["run", "--suite", "suite.toml"]);
    command.env("AWS_ENDPOINT_URL", stage.cloud.endpoint()).env("AWS_REGION", "us-east-1");
    let output = command.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x").output().expect("started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{stderr}");
    assert_eq!(stderr, "warning: f: 0 of 2 samples proven: 2 rounds in a row proved no cold start\n");
    stage.cloud.stop().await;
}

#[test]
fn what_keeps_a_command_from_aws_is_named() {
    let folder = folder();
    let config = folder.path().join("config");
    let config_file = config.to_str().expect("UTF-8");
    let process = "[default]\nregion = us-east-1\ncredential_process = sh -c 'echo vault is sealed >&2; exit 3'\n";
    fs::write(&config, process).expect("written");
    let region = ("AWS_REGION", "us-east-1");
    for (variables, said) in [
        (&[region, ("AWS_PROFILE", "nope")][..], "no AWS credentials (none are set): log in, check AWS_PROFILE"),
        (&[("AWS_CONFIG_FILE", config_file)], "vault is sealed"),
        (&[("AWS_REGION", "")], "no AWS region"),
        (&[("AWS_REGION", "bad region")], "`bad region` is not an AWS region"),
    ] {
        let mut command = coldwatch(folder.path(), &["history"]);
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"] {
            command.env_remove(name);
        }
        let ended = command.envs(variables.iter().copied()).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(1) && stderr.contains(said), "{variables:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
    let (code, _, stderr) = output(folder.path(), &["history", "--local", "--table", "a/b"]);
    assert!(code == Some(2) && stderr.contains("a table's name has 3 to 255"), "{stderr}");
}

#[test]
#[cfg(target_os = "linux")]
fn too_few_open_files_and_a_full_disk_are_named() {
    let folder = folder();
    let ended = |script: &str| {
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path()).args(["-c", script, "sh", env!("CARGO_BIN_EXE_coldwatch")]);
        let ended = shell.output().expect("the shell starts");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let (code, stderr) = ended("ulimit -n 64; \"$1\" history --local");
    assert!(code == Some(1) && stderr.contains("allows 64 open files, and 512 are needed"), "{stderr}");
    let (code, stderr) = ended("ulimit -n 512; \"$1\" run --local --samples 20 --burst 20");
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    for (script, named) in
        [("\"$1\" history --local >/dev/full", "stdout: "), ("\"$1\" report --local --out /dev/full", "/dev/full: ")]
    {
        let (code, stderr) = ended(script);
        assert!(code == Some(1) && stderr.starts_with(&format!("error: {named}No space left")), "{stderr}");
    }
}

#[test]
fn an_interpreter_behind_a_slow_wrapper_is_looked_for_before_anything_is_measured() {
    let folder = folder();
    let wrapper = folder.path().join("python3.13");
    fs::write(&wrapper, "#!/bin/sh\nsleep 3\nexec python3 \"$@\"\n").expect("written");
    fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("a PATH"));
    for _ in 0..2 {
        let mut command = coldwatch(folder.path(), &["run", "--local", "--samples", "1", "--json"]);
        let ended = command.env("PATH", &path).output().expect("it starts");
        let run: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
        let runs = run["runs"].as_array().expect("runs");
        let python = runs.iter().find(|run| run["label"] == "python").expect("python is there");
        let slowest = python["samples"].as_array().expect("samples").iter().filter_map(|s| s["round_trip_ms"].as_f64());
        let slowest = slowest.fold(0.0, f64::max);
        assert!(slowest > 0.0 && slowest < 3_000.0, "{slowest} ms");
    }
}
