//! The deployed shape: a schedule of the local cloud starts the orchestrator's process, as on AWS.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::aws::{Aws, Connection, Keys};
use serde_json::{Value, json};

use crate::cli::{coldwatch, environments, eventually, folder, output};
use crate::signing;

/// Long enough for three runs of four samples on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// `coldwatch local --deployed` at work.
struct Deployed {
    program: Child,
    endpoint: String,
    /// For `/_local/`.
    token: String,
    lines: Receiver<String>,
}

impl Deployed {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let always = ["local", "--deployed", "--every", "5 minutes", "--samples", "4", "--port", "0", "--key", "x:x"];
        let mut program = coldwatch(folder, &[&always, arguments].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (send, lines) = channel();
        let stderr = BufReader::new(program.stderr.take().expect("piped"));
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut stdout = BufReader::new(program.stdout.take().expect("piped"));
        let mut first = String::new();
        stdout.read_line(&mut first).expect("UTF-8");
        let endpoint = first.trim().strip_prefix("export AWS_ENDPOINT_URL=").expect("the first line").to_owned();
        let exported = "export COLDWATCH_LOCAL_TOKEN=";
        let mut more = stdout.lines().map_while(Result::ok);
        let token = more.find_map(|line| Some(line.strip_prefix(exported)?.to_owned())).expect("the token");
        Self { program, endpoint, token, lines }
    }

    /// Waits until a line on stderr has this in it; no warning may come before.
    fn until(&self, wanted: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no line with `{wanted}`"));
            assert!(!line.starts_with("warning") && !line.starts_with("error"), "{line}");
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// Sends a request to the stand-in and reads the JSON it answers.
    fn request(&self, method: &str, path: &str, body: &str) -> Value {
        self.converse(&format!("{method} {path} HTTP/1.1"), body)
    }

    /// Has an operation of a service of the JSON protocol done.
    fn ask(&self, operation: &str, body: &Value) -> Value {
        self.converse(&format!("POST / HTTP/1.1\r\nX-Amz-Target: {operation}"), &body.to_string())
    }

    fn converse(&self, begin: &str, body: &str) -> Value {
        let address = self.endpoint.strip_prefix("http://").expect("a URL");
        let mut stream = TcpStream::connect(address).expect("the stand-in listens");
        stream.write_all(signing::request(address, begin, body, &self.token).as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("UTF-8");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }

    async fn aws(&self) -> Aws {
        let connection = Connection {
            endpoint: Some(self.endpoint.clone()),
            region: Some("us-east-1".to_owned()),
            keys: Some(Keys { id: signing::KEY.to_owned(), secret: signing::KEY.to_owned() }),
            table: "coldwatch".to_owned(),
            ..Connection::default()
        };
        Aws::connect(connection).await.expect("clients")
    }

    fn interrupt(&mut self) -> Option<i32> {
        let sent = Command::new("kill").args(["-INT", &self.program.id().to_string()]).status().expect("kill starts");
        assert!(sent.success());
        self.program.wait().expect("the program ends").code()
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        // After a failure only: an ended program cannot be killed.
        let _ = self.program.kill();
    }
}

/// What `coldwatch history` reads while the deployment goes on.
fn history(folder: &Path) -> Value {
    let (code, stdout, stderr) = output(folder, &["history", "--local", "--json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&stdout).expect("JSON")
}

/// When the runs of each series were started.
fn starts(history: &Value) -> Vec<Vec<DateTime<Utc>>> {
    let series = history["series"].as_array().expect("series");
    let runs = series.iter().map(|series| series["runs"].as_array().expect("runs"));
    let started = |run: &Value| run["started_at"].as_str().expect("a time").parse().expect("RFC 3339");
    runs.map(|runs| runs.iter().map(started).collect()).collect()
}

/// The series of `history --json` without what is judged of them.
fn runs(history: &Value) -> Value {
    let series = history["series"].as_array().expect("series").iter();
    series.map(|series| json!({"series": series["series"], "runs": series["runs"]})).collect()
}

/// The records as the table has them, in the form of [`runs`].
async fn stored(aws: &Aws) -> Vec<Value> {
    let mut series = Vec::new();
    for entry in aws.store.series().await.expect("the index") {
        let runs = aws.store.runs(&entry.series, None).await.expect("the runs");
        series.push(json!({"series": entry.series, "runs": runs}));
    }
    series
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_starts_the_orchestrator_and_the_same_tick_is_one_run() {
    let folder = folder();
    let mut deployed = Deployed::start(folder.path(), &[]);
    let line = deployed.until("run stored");
    assert!(["rust", "python", "nodejs", "4/4"].iter().all(|part| line.contains(part)), "{line}");
    let first = history(folder.path());
    let tick = starts(&first)[0][0];
    assert_eq!(starts(&first), vec![vec![tick]; 3], "one run of each target, all of one tick");
    let aws = deployed.aws().await;
    assert_eq!(runs(&first), json!(stored(&aws).await), "the table has what the command reads");

    let schedule = deployed.request("GET", "/schedules/coldwatch", "");
    assert_eq!(schedule["ScheduleExpression"], "rate(5 minutes)");
    let event = schedule["Target"]["Input"].as_str().expect("an input");
    let event = event.replace("<aws.scheduler.schedule-arn>", schedule["Arn"].as_str().expect("an ARN"));
    let event = event.replace("<aws.scheduler.scheduled-time>", &tick.to_rfc3339());
    let path = "/2015-03-31/functions/coldwatch-orchestrator/invocations";
    let answer = deployed.request("POST", path, &event);
    let ends: Vec<_> = answer["targets"].as_array().expect("targets").iter().map(|t| &t["stopped"]).collect();
    assert_eq!(ends, ["done before"; 3], "{answer}");
    assert_eq!(history(folder.path()), first, "a second delivery of the tick changes nothing");

    deployed.request("POST", "/_local/clock", r#"{"advance_s":300}"#);
    deployed.until("run stored");
    let next = tick + TimeDelta::minutes(5);
    assert_eq!(starts(&history(folder.path())), vec![vec![tick, next]; 3]);

    assert_eq!(deployed.interrupt(), Some(0));
    let path = folder.path().canonicalize().expect("a path");
    eventually("no process is left behind", || environments(&path).is_empty());
    assert_eq!(starts(&history(folder.path())), vec![vec![tick, next]; 3], "the history is there without it");
}

#[test]
fn a_suite_of_ones_own_is_deployed_and_can_be_changed_in_its_parameter() {
    let folder = folder();
    let suite = "burst = 2\n[[targets]]\nfunction = \"coldwatch-target-python\"\nlabel = \"snake\"\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let mut deployed = Deployed::start(folder.path(), &["--suite", "suite.toml"]);
    let line = deployed.until("run stored");
    assert!(line.contains("snake") && line.contains("4/4") && !line.contains("nodejs"), "{line}");
    let name = json!({"Name": "/coldwatch/suite"});
    let parameter = &deployed.ask("AmazonSSM.GetParameter", &name)["Parameter"];
    let target = json!({"function": "coldwatch-target-python", "label": "snake"});
    let expected = json!({"burst": 2, "samples": 4, "targets": [target]});
    let value = parameter["Value"].as_str().expect("a text");
    assert_eq!(serde_json::from_str::<Value>(value).expect("JSON"), expected);

    let changed = value.replace("\"samples\":4", "\"samples\":2");
    deployed.ask("AmazonSSM.PutParameter", &json!({"Name": "/coldwatch/suite", "Value": changed, "Overwrite": true}));
    deployed.request("POST", "/_local/clock", r#"{"advance_s":300}"#);
    assert!(deployed.until("run stored").contains("2/2"));
    assert_eq!(deployed.interrupt(), Some(0));
}

#[test]
fn what_cannot_be_deployed_is_told_before_anything_is_started() {
    let folder = folder();
    fs::write(folder.path().join("wrong.json"), r#"{"burst": 0, "targets": [{"function": "f"}]}"#).expect("written");
    for (arguments, expected) in [
        (["--every", "5 parsecs"], "expected `5 minutes`"),
        (["--every", "cron(* * * * *)"], "expected `5 minutes`"),
        (["--samples", "0"], "suite key `samples` is 0: allowed are 1 to 1000"),
        (["--suite", "none.toml"], "none.toml: No such file"),
        (["--suite", "wrong.json"], "wrong.json: suite key `burst` is 0: allowed are 1 to 1000"),
    ] {
        let (code, stdout, stderr) = output(folder.path(), &[["local", "--deployed"], arguments].concat());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
    let (code, _, stderr) = output(folder.path(), &["local", "--every", "1 hour"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(!folder.path().join(".coldwatch").exists());
}

#[test]
fn an_orchestrator_that_is_not_built_is_told_with_the_way_out() {
    let built = Path::new(env!("CARGO_BIN_EXE_coldwatch"));
    let alone = tempfile::tempdir_in(built.parent().expect("a folder")).expect("a folder");
    let program = alone.path().join("coldwatch");
    fs::hard_link(built, &program).expect("the same file system");
    let output = Command::new(&program)
        .args(["local", "--deployed"])
        .current_dir(alone.path())
        .output()
        .expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("error: the orchestrator is not built: there is no "), "{stderr}");
    assert!(stderr.ends_with("build it with `cargo build --package coldwatch --bin orchestrator`\n"), "{stderr}");
    assert!(!alone.path().join(".coldwatch").exists());
}

/// A local cloud that serves a folder, and the variables that it prints.
fn served(folder: &Path, options: &[&str]) -> (Child, Vec<(String, String)>) {
    let mut child = coldwatch(folder, &[&["local", "--port", "0"], options].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It says on stderr that it answers when all variables are printed.
    let mut answers = String::new();
    BufReader::new(child.stderr.take().expect("piped")).read_line(&mut answers).expect("UTF-8");
    let (code, exports, stderr) = output(folder, &["local", "env"]);
    assert_eq!(code, Some(0), "{stderr}");
    let words = exports.split_whitespace().filter_map(|word| word.split_once('='));
    (child, words.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
}

/// `/proc/PID/environ` shows what a program was started with, whatever it has removed since.
#[test]
#[cfg(target_os = "linux")]
fn functions_do_not_see_the_credentials_of_the_user() {
    let folder = folder();
    let mut command = coldwatch(folder.path(), &["local", "--port", "0"]);
    command.envs([("AWS_SECRET_ACCESS_KEY", "PARENTSECRET"), ("AWS_SESSION_TOKEN", "PARENTTOKEN"), ("KEPT", "KEPT")]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut answers = String::new();
    BufReader::new(child.stderr.take().expect("piped")).read_line(&mut answers).expect("UTF-8");
    let environ = fs::read(format!("/proc/{}/environ", child.id())).expect("it runs");
    let environ = String::from_utf8_lossy(&environ);
    assert!(environ.contains("KEPT") && !environ.contains("PARENT"), "{environ}");
    end(child);
}

fn end(mut child: Child) {
    let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().expect("kill starts");
    assert!(ended.success());
    assert_eq!(child.wait().expect("the program ends").code(), Some(0));
}

#[test]
fn a_run_over_tls_needs_nothing_but_the_printed_variables() {
    let folder = folder();
    let (child, variables) = served(folder.path(), &["--tls"]);
    assert!(variables.iter().any(|(name, value)| name == "AWS_ENDPOINT_URL" && value.starts_with("https://")));
    let suite = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"coldwatch-target-rust\"\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let run = |trusted: bool| {
        let mut command = coldwatch(folder.path(), &["run", "--suite", "suite.toml"]);
        command.envs(variables.iter().filter(|(name, _)| trusted || name != "SSL_CERT_FILE").cloned());
        let output = command.output().expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run(true).0, Some(0), "{}", run(true).1);
    let (code, stderr) = run(false);
    assert_eq!(code, Some(1), "an unknown certificate is not believed: {stderr}");
    end(child);
}

/// A proxy that opens a tunnel to any host, and counts them. It ends with the test.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let tunnels = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tunnels);
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.expect("a connection");
            let counted = Arc::clone(&counted);
            thread::spawn(move || tunnel(client, &counted));
        }
    });
    (address, tunnels)
}

fn tunnel(mut client: TcpStream, tunnels: &AtomicUsize) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).expect("a request");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("UTF-8");
    let host = head.split(' ').nth(1).filter(|_| head.starts_with("CONNECT ")).expect("a host to connect to");
    let mut server = TcpStream::connect(host).expect("the host listens");
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").expect("sent");
    tunnels.fetch_add(1, Ordering::SeqCst);
    let (mut up, mut down) = (client.try_clone().expect("a stream"), server.try_clone().expect("a stream"));
    thread::spawn(move || std::io::copy(&mut up, &mut down));
    let _ = std::io::copy(&mut server, &mut client);
}

#[test]
fn a_run_goes_through_the_proxy_of_the_environment() {
    let folder = folder();
    let (child, variables) = served(folder.path(), &["--tls"]);
    let suite = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"coldwatch-target-rust\"\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let (address, tunnels) = proxy();
    let run = |address: &str, more: &[(&str, &str)]| {
        let mut command = coldwatch(folder.path(), &["run", "--suite", "suite.toml"]);
        command.envs(variables.iter().cloned()).env("HTTPS_PROXY", address).envs(more.iter().copied());
        let output = command.output().expect("the program starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run(&address, &[]), (Some(0), String::new()));
    let counted = tunnels.load(Ordering::SeqCst);
    assert!(counted >= 2, "a connection of the SDK's clients and one of the bursts: {counted}");
    assert_eq!(run(&address, &[("NO_PROXY", "127.0.0.1")]), (Some(0), String::new()));
    assert_eq!(tunnels.load(Ordering::SeqCst), counted, "what NO_PROXY names is asked directly");
    let (code, stderr) = run("http://127.0.0.1:9", &[]);
    assert!(code == Some(1) && stderr.contains("HTTPS_PROXY"), "{code:?} {stderr}");
    let (code, stderr) = run("socks5://me:secret@127.0.0.1:9", &[]);
    assert!(code == Some(1) && stderr.contains("HTTPS_PROXY") && !stderr.contains("secret"), "{code:?} {stderr}");
    end(child);
}

#[test]
fn settings_of_the_users_aws_are_not_meant_for_the_local_cloud() {
    let folder = folder();
    let config = folder.path().join("config");
    fs::write(&config, "[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = true\nmax_attempts = x\n")
        .expect("written");
    let settings = [
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_MAX_ATTEMPTS", "x"),
        ("AWS_MAX_ATTEMPTS", "0"),
        ("AWS_CONFIG_FILE", config.to_str().expect("UTF-8")),
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ];
    for (name, value) in settings {
        let ended = coldwatch(folder.path(), &["history", "--local"]).env(name, value).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(0) && !stderr.contains("panicked"), "{name}={value}: {stderr}");
    }
    // Nor does what aws-config panics at end a command without `--local`.
    let mut command = coldwatch(folder.path(), &["history"]);
    command.envs([("AWS_MAX_ATTEMPTS", "x"), ("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")]);
    command.envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")]);
    let ended = command.output().expect("it starts");
    assert_eq!(ended.status.code(), Some(1), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn commands_join_the_local_cloud_that_serves_their_folder() {
    let folder = folder();
    let (child, _) = served(folder.path(), &[]);
    let began = Instant::now();
    let (code, stdout, stderr) = output(folder.path(), &["run", "--local", "--samples", "1", "--json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    let runs = history(folder.path())["series"].as_array().expect("series").len();
    assert_eq!(runs, 3, "after {:?}", began.elapsed());
    end(child);
}
