//! The commands with which `docs/reading-logs.md` begins, run as they are written.
//!
//! The AWS CLI and GitHub's `gh` are replaced by programs that answer these commands as the real ones do, and no other.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use chrono::Utc;
use serde_json::json;

use crate::stage::Stage;

const PAGE: &str = include_str!("../../../docs/reading-logs.md");
const STREAM: &str = "2026/05/10/[$LATEST]0000000000000000000000000000cafe";
const REPORT: &str = "REPORT RequestId: 5a7c3d10-0000-4000-8000-000000000001\tDuration: 2.00 ms\tBilled Duration: 43 ms\t\
                      Memory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 40.50 ms\t";

/// The lines of the page's shell blocks.
fn commands() -> Vec<&'static str> {
    let blocks = PAGE.split("```sh\n").skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines()).collect()
}

/// Fills a folder with what the commands read, and with programs in place of the real ones.
fn furnish(folder: &Path) {
    let answer = json!({
        "events": [{"logStreamName": STREAM, "timestamp": 1_778_407_200_000_u64, "message": REPORT, "eventId": "1"}],
        "searchedLogStreams": [],
    });
    fs::write(folder.join("answer.json"), format!("{answer:#}")).expect("written");
    let quoted = format!("\"{REPORT}\n\"");
    let viewer = format!("timestamp,message\n1778407200000,{quoted}\n");
    fs::write(folder.join("log-events-viewer-result.csv"), viewer).expect("written");
    let insights = format!("@timestamp,@message\n2026-05-10 10:00:00.000,{quoted}\n");
    fs::write(folder.join("logs-insights-results.csv"), insights).expect("written");
    fs::write(folder.join("export.txt"), format!("2026-05-10T10:00:00.000Z {REPORT}\n")).expect("written");
    fs::write(folder.join("ci.txt"), format!("build\tRun tests\t2026-05-10T10:00:00.0000000Z {REPORT}\n"))
        .expect("written");
    let bin = folder.join("bin");
    fs::create_dir(&bin).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_coldwatch"), bin.join("coldwatch")).expect("linked");
    program(
        &bin.join("aws"),
        "case \"$*\" in\n\
         'logs filter-log-events --log-group-name /aws/lambda/checkout') cat answer.json ;;\n\
         's3 sync s3://my-logs/exported exported')\n\
             mkdir -p exported/0f && gzip -c export.txt >exported/0f/000000.gz && echo x >exported/aws-logs-write-test ;;\n\
         *) exit 9 ;;\n\
         esac\n",
    );
    program(&bin.join("gh"), "case \"$*\" in 'run view 12345678 --log') cat ci.txt ;; *) exit 9 ;; esac\n");
}

fn program(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it may run");
}

fn run(line: &str, folder: &Path, endpoint: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder).env("PATH", format!("{}/bin:/usr/bin:/bin", folder.display()));
    shell.env("AWS_ENDPOINT_URL", endpoint);
    shell.envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")]);
    shell.output().expect("the shell starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_about_logs_begins_with_commands_that_work() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    furnish(folder.path());
    stage.cloud.put_log_line("checkout", Utc::now(), REPORT.to_owned());
    let commands = commands();
    assert_eq!(commands.len(), 6, "five for what people have at hand, and one that asks for it: {commands:#?}");
    for line in commands {
        let said = run(line, folder.path(), stage.cloud.endpoint());
        let (stdout, stderr) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
        assert_eq!(said.status.code(), Some(0), "{line}: {stderr}");
        assert!(
            ["40.5", "stored 1 cold start in 1 run"].iter().any(|text| stdout.contains(text)),
            "{line}: {stdout}{stderr}"
        );
    }
    stage.cloud.stop().await;
}
