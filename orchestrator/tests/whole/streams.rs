//! Stdout and stderr that nobody reads any more, or that take nothing: work is done all the same, and a signal ends it.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::process;
use tokio::time::{sleep, timeout};

use crate::cli::{coldwatch, folder};
use crate::stage::Stage;

/// A run that lasts minutes unless it is stopped.
const LONG: &str = "samples = 1000\nburst = 1\nmax_rounds = 1000\n[[targets]]\nfunction = \"f\"\n";
const ROWS: &str = "series,timestamp,init_ms\na,2026-01-01,100\na,2026-01-02,101\nb,2026-01-01,50\n";
const STREAMS: [&str; 2] = ["stdout", "stderr"];

/// A run of [`LONG`] against the stand-in, in this folder.
fn long_run(stage: &Stage, folder: &Path) -> Command {
    fs::write(folder.join("suite.toml"), LONG).expect("written");
    with_keys(stage, coldwatch(folder, &["run", "--suite", "suite.toml"]))
}

/// The command, with what it takes to reach the stand-in.
pub fn with_keys(stage: &Stage, mut command: Command) -> Command {
    command.env("AWS_ENDPOINT_URL", stage.cloud.endpoint());
    command.envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")]);
    command
}

/// Waits until the function is marked, and has `end` end the run. It must end soon, with the function as before.
async fn ends(mut command: process::Command, end: impl FnOnce(&mut process::Child)) {
    let (stage, folder) = (Stage::set().await, folder());
    stage.simulated("f", "constant:20", &[]).await;
    let before = stage.configuration("f").await;
    let run = long_run(&stage, folder.path());
    command.arg(run.get_program()).args(run.get_args()).current_dir(folder.path());
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = command.kill_on_drop(true).spawn().expect("it starts");
    while stage.configuration("f").await == before {
        sleep(Duration::from_millis(5)).await;
    }
    end(&mut child);
    let ended = timeout(Duration::from_secs(20), child.wait()).await.expect("it ends soon").expect("waited for");
    assert_eq!(code(ended), "exit 1", "stopped from outside");
    assert_eq!(stage.configuration("f").await, before);
    assert_eq!(stage.aws.store.journal(&before.arn).await.expect("the table is there"), None);
    stage.cloud.stop().await;
}

fn code(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit {code}"))
}

/// Runs a program on a terminal of its own, closes that when told to on stdin, and ends as the program does.
const TERMINAL: &str = "
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
import threading
def read():
    try:
        while os.read(terminal, 4096): pass
    except OSError: pass
threading.Thread(target=read, daemon=True).start()
sys.stdin.readline()
os.dup2(os.open('/dev/null', os.O_RDWR), terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_terminal_is_closed_is_stopped() {
    let mut python = process::Command::new("python3");
    python.args(["-c", TERMINAL]).stdin(Stdio::piped());
    Box::pin(ends(python, |child| drop(child.stdin.take()))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_stops_a_run_whose_stderr_nobody_reads() {
    let mut env = process::Command::new("env");
    env.stdout(Stdio::piped()).stderr(Stdio::piped());
    let interrupted = ends(env, |child| {
        drop((child.stdout.take(), child.stderr.take()));
        let id = child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill starts").success());
    });
    Box::pin(interrupted).await;
}

/// Where a stream goes.
#[derive(Debug, Clone, Copy)]
enum End {
    /// A pipe without a reader.
    Gone,
    /// A full disk.
    Full,
}

impl End {
    fn stdio(self) -> Stdio {
        match self {
            End::Gone => {
                let (reader, writer) = std::io::pipe().expect("a pipe");
                drop(reader);
                OwnedFd::from(writer).into()
            }
            End::Full => File::options().write(true).open("/dev/full").expect("it is there").into(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_minds_a_stream_that_takes_nothing() {
    let (stage, folder) = (Stage::set().await, folder());
    stage.simulated("f", "constant:20", &[]).await;
    for (file, text) in [
        ("rows.csv", ROWS),
        ("bad.csv", "series,timestamp,init_ms\na,2026-01-01,x\n"),
        ("suite.toml", "samples = 2\nburst = 1\n[[targets]]\nfunction = \"f\"\n"),
        ("a.txt", "1\n2\n3\n4\n5\n6\n7\n8\n"),
        (
            "log",
            "REPORT RequestId: 5b6b3a5e-0d8b-4b2f-9d3a-0d9c3f8f0a11\tDuration: 1.00 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 20 MB\tInit Duration: 5.00 ms\t\n",
        ),
    ] {
        fs::write(folder.path().join(file), text).expect("written");
    }
    let commands: [&[&str]; 18] = [
        &["import", "rows.csv"],
        &["import", "bad.csv"],
        &["check", "suite.toml"],
        &["check", "/nonexistent"],
        &["plan", "--suite", "suite.toml"],
        &["run", "--suite", "suite.toml"],
        &["run", "--suite", "suite.toml", "--json"],
        &["history"],
        &["history", "--json"],
        &["report", "--out", "-"],
        &["export", "--format", "csv"],
        &["export", "--format", "json"],
        &["changes", "rows.csv"],
        &["compare", "a.txt", "a.txt"],
        &["restore"],
        &["parse", "log"],
        &["local", "env"],
        &["--help"],
    ];
    for arguments in commands {
        let run = |stdout: Stdio, stderr: Stdio| {
            let mut command = process::Command::from(with_keys(&stage, coldwatch(folder.path(), arguments)));
            let ended = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).status();
            async { code(ended.await.expect("it runs")) }
        };
        let usual = run(Stdio::null(), Stdio::null()).await;
        for stream in STREAMS {
            for end in [End::Gone, End::Full] {
                let got = match stream {
                    "stdout" => run(end.stdio(), Stdio::null()).await,
                    _ => run(Stdio::null(), end.stdio()).await,
                };
                // What was asked for and could not be written is a failure; that nobody wants it is none.
                let failed = stream == "stdout" && matches!(end, End::Full) && got == "exit 1";
                assert!(got == usual || failed, "{arguments:?}, {stream} {end:?}: {got} instead of {usual}");
            }
        }
    }
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_stores_everything_whoever_reads() {
    let (stage, folder) = (Stage::set().await, folder());
    // As a run writes them when the table is out of reach.
    let mut lines = Vec::new();
    for n in 0..3 {
        stage.simulated(&format!("f{n}"), "constant:20", &[]).await;
        let report = stage.run(&format!("samples = 1\nburst = 1\n[[targets]]\nfunction = \"f{n}\"\n")).await;
        lines.push(coldwatch::measure::unstored::UnstoredRun::of(&crate::stage::only(report)).to_line());
    }
    fs::write(folder.path().join("all.log"), lines.join("\n")).expect("written");
    stage.cloud.stop().await;
    for (end, expected) in [(End::Gone, "exit 0"), (End::Full, "exit 1")] {
        let other = Stage::set().await;
        let mut command = process::Command::from(with_keys(&other, coldwatch(folder.path(), &["import", "all.log"])));
        let ended = command.stdout(end.stdio()).stderr(end.stdio()).status().await;
        assert_eq!(code(ended.expect("it runs")), expected);
        assert_eq!(other.aws.store.series().await.expect("the index").len(), 3, "{end:?}");
        other.cloud.stop().await;
    }
}
