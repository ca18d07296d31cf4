//! Two sides measured in turns, and `coldwatch compare` as a user meets it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use coldwatch::compare::stopping::Looks;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::run::RunReport;
use coldwatch::measure::side_by_side::side_by_side;
use coldwatch::suite::Suite;
use serde_json::Value;

use crate::cli::{folder, output};
use crate::stage::{Stage, check_counts, fresh};

/// Measures `a` and `b` in turns, up to 200 cold starts of each in bursts of 10.
async fn in_turns(context: &RunContext, suffice: impl FnMut(&[f64], &[f64]) -> bool) -> RunReport {
    let targets = "[[targets]]\nfunction = \"a\"\n[[targets]]\nfunction = \"b\"\n";
    let suite = Suite::from_toml(&format!("samples = 200\nburst = 10\nparallel = 1\n{targets}")).expect("valid");
    Box::pin(side_by_side(&suite, context, suffice)).await.expect("it starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn sides_take_turns_until_the_ratio_is_known_and_are_put_back() {
    let stage = Stage::set().await;
    stage.simulated("a", "lognormal:20,0.03", &[("TOKEN", "hunter2")]).await;
    stage.simulated("b", "lognormal:24,0.03", &[]).await;
    let before = [stage.configuration("a").await, stage.configuration("b").await];
    let (mut looks, mut seen) = (Looks::new(0.03), Vec::new());
    let report = in_turns(&stage.context(fresh()), |a, b| {
        seen.push((a.len(), b.len()));
        looks.suffice(a, b)
    })
    .await;
    assert_eq!(seen, [(10, 10), (20, 20), (30, 30)], "a look at 20 and at 30");
    for target in &report.targets {
        let TargetEnd::Measured(measured) = &target.end else { panic!("not measured: {:?}", target.end) };
        check_counts(measured);
        let record = &measured.record;
        assert_eq!((record.stopped.as_str(), record.proven, record.wanted), ("precise", 30, 30));
    }
    assert_eq!([stage.configuration("a").await, stage.configuration("b").await], before);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_comparison_puts_both_back() {
    let stage = Stage::set().await;
    stage.simulated("a", "constant:5", &[]).await;
    stage.simulated("b", "constant:5", &[]).await;
    let before = [stage.configuration("a").await, stage.configuration("b").await];
    let context = stage.context(fresh());
    let stop = context.stop.clone();
    let report = in_turns(&context, |_, _| {
        stop.cancel();
        false
    })
    .await;
    let words: Vec<String> = report.targets.iter().map(|t| stopped(&t.end)).collect();
    assert_eq!(words, ["interrupted", "interrupted"]);
    assert_eq!([stage.configuration("a").await, stage.configuration("b").await], before);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_that_cannot_be_measured_ends_the_other() {
    let stage = Stage::set().await;
    stage.simulated("a", "constant:5", &[]).await;
    let report = in_turns(&stage.context(fresh()), |_, _| false).await;
    let ends: Vec<String> = report.targets.iter().map(|t| stopped(&t.end)).collect();
    assert_eq!(ends, ["other_side", "there is no function `b` in this account and region"]);
    stage.simulated("b", "constant:5", &[]).await;
    stage.cloud.inject(local_cloud::Fault::parse("no-report:b").expect("a fault"));
    let report = in_turns(&stage.context(fresh()), |_, _| false).await;
    let ends: Vec<String> = report.targets.iter().map(|t| stopped(&t.end)).collect();
    assert_eq!(ends, ["other_side", "nothing_proven"]);
    stage.cloud.stop().await;
}

fn stopped(end: &TargetEnd) -> String {
    match end {
        TargetEnd::Measured(measured) => measured.record.stopped.to_string(),
        TargetEnd::Refused(error) => error.to_string(),
        TargetEnd::AlreadyMeasured(_) => "measured before".to_owned(),
        TargetEnd::Left(_) => unreachable!("a command hands nothing on"),
    }
}

fn write_samples(folder: &Path) {
    let lines = |level: u32| (0..60).map(move |i| format!("{}\n", f64::from(level * 100 + i * 7 % 60 * 10) / 100.0));
    fs::write(folder.join("before.txt"), lines(100).collect::<String>()).expect("written");
    let rows: Vec<String> = lines(112).map(|line| format!("x,{line}")).collect();
    fs::write(folder.join("after.csv"), format!("date,init_ms\n{}", rows.concat())).expect("written");
}

#[test]
fn two_sample_files_are_compared() {
    let folder = folder();
    write_samples(folder.path());
    let (code, stdout, stderr) = output(folder.path(), &["compare", "before.txt", "after.csv", "--json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((&document["a"]["n"], &document["b"]["n"]), (&60.into(), &60.into()));
    assert_eq!((document["shift_ms"].as_f64(), document["finding"].as_str()), (Some(12.0), Some("slower")));
    let verdict = document["verdict"].as_str().expect("words");
    assert!(verdict.starts_with("B is 11.7 % slower (95 %: "), "{verdict}");
    let (code, stdout, _) = output(folder.path(), &["compare", "before.txt", "after.csv", "--fail-if-slower", "5%"]);
    assert_eq!(code, Some(3));
    assert!(stdout.contains(verdict), "{stdout}");
    let limit = |limit| output(folder.path(), &["compare", "after.csv", "before.txt", "--fail-if-slower", limit]).0;
    assert_eq!(limit("0"), Some(0), "the other way round it is faster");
}

#[test]
fn a_duration_of_zero_does_not_open_the_gate() {
    let folder = folder();
    for (file, level) in [("before.txt", "100\n"), ("after.txt", "500\n")] {
        fs::write(folder.path().join(file), format!("0\n{}", level.repeat(30))).expect("written");
    }
    let gate = ["compare", "before.txt", "after.txt", "--fail-if-slower", "5%"];
    let (code, _, stderr) = output(folder.path(), &gate);
    assert_eq!((code, stderr.as_str()), (Some(3), "error: B is slower by more than 5 %\n"));
}

#[test]
fn a_gate_that_cannot_be_judged_is_not_passed() {
    let folder = folder();
    write_samples(folder.path());
    for (file, level) in [("one.txt", "100"), ("other.txt", "150")] {
        fs::write(folder.path().join(file), level).expect("written");
    }
    let gate = |a, b, limit| output(folder.path(), &["compare", a, b, "--fail-if-slower", limit]);
    let (code, _, stderr) = gate("one.txt", "other.txt", "5");
    let words =
        "warning: B may be slower by more than 5 %: no interval can be computed; use more durations in the files\n";
    assert_eq!((code, stderr.as_str()), (Some(4), words));
    let (code, _, stderr) = gate("before.txt", "after.csv", "12");
    let reaches = "warning: B may be slower by more than 12 %: the interval reaches beyond that; use more durations in the files\n";
    assert_eq!((code, stderr.as_str()), (Some(0), reaches));
}

#[test]
fn bad_samples_and_bad_limits_end_with_two() {
    let folder = folder();
    write_samples(folder.path());
    fs::write(folder.path().join("bad.txt"), "1\n2\nx\n").expect("written");
    let (code, _, stderr) = output(folder.path(), &["compare", "before.txt", "bad.txt"]);
    assert_eq!((code, stderr.as_str()), (Some(2), "error: bad.txt: line 3: `x` is not a duration in ms\n"));
    assert_eq!(output(folder.path(), &["compare", "before.txt", "after.csv", "--fail-if-slower", "much"]).0, Some(2));
    let (code, _, stderr) = output(folder.path(), &["compare", "--local", "before.txt", "nobody"]);
    assert_eq!(
        (code, stderr.as_str()),
        (Some(2), "error: `before.txt` is a build, and there is no file or folder `nobody`\n")
    );
}

#[test]
fn options_of_measuring_need_something_to_be_measured() {
    let folder = folder();
    write_samples(folder.path());
    let words = |option| format!("error: {option} only works when compare measures now, not with files or --stored\n");
    let compare = ["compare", "before.txt", "after.csv"];
    for [option, value] in [["--precision", "3%"], ["--samples", "200"], ["--burst", "1"], ["--payload", "{}"]] {
        let of_files = output(folder.path(), &[&compare[..], &[option, value]].concat());
        assert_eq!(of_files, (Some(2), String::new(), words(option)));
    }
    let stored = ["compare", "--local", "--stored", "a", "b", "--samples", "9"];
    assert_eq!(output(folder.path(), &stored), (Some(2), String::new(), words("--samples")));
}

#[test]
fn what_is_no_side_of_a_comparison_is_named() {
    let folder = folder();
    write_samples(folder.path());
    fs::create_dir(folder.path().join("dist.d")).expect("created");
    let two = "give two files, or two functions";
    for (arguments, error) in [
        (&["before.txt", "none.txt"][..], format!("`before.txt` is a file, and there is no file `none.txt`: {two}")),
        (&["f", "none.txt"], format!("`none.txt` is not a file, and it cannot be a function name: {two}")),
        (&["-", "before.txt"], format!("`-` is not a file, and it cannot be a function name: {two}")),
        (&["dist.d", "dist.d"], "`dist.d` is a folder; use --local to compare two builds".to_owned()),
        (
            &["before.txt", "after.csv", "--local"],
            "build before.txt: it contains durations; to compare two such files, leave out --local".to_owned(),
        ),
        (
            &["steady", "step", "--local"],
            "there is no function `steady` in this account and region; use --stored to compare series of the history"
                .to_owned(),
        ),
    ] {
        let (code, stdout, stderr) = output(folder.path(), &[&["compare"], arguments].concat());
        let last = stderr.lines().last().unwrap_or_default();
        assert_eq!((code, stdout.as_str(), last), (Some(2), "", format!("error: {error}").as_str()), "{stderr}");
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_is_a_sample_too() {
    let folder = folder();
    write_samples(folder.path());
    let compare = format!("{} compare before.txt <(cat after.csv)", env!("CARGO_BIN_EXE_coldwatch"));
    let bash = std::process::Command::new("bash").current_dir(folder.path()).args(["-c", &compare]).output();
    let output = bash.expect("bash starts");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!((output.status.code(), stdout.contains("B is 11.7 % slower")), (Some(0), true), "{stdout}");
}

/// A custom runtime, the `bootstrap` of a build.
const BOOTSTRAP: &str = r#"#!/usr/bin/env python3
import os, urllib.request
invocation = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(invocation + "next") as event:
        event.read()
        answer = invocation + event.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    urllib.request.urlopen(answer, b"{}").close()
"#;

fn write_builds(folder: &Path) {
    let program = |file: &str| {
        fs::write(folder.join(file), BOOTSTRAP).expect("written");
        fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o755)).expect("set");
    };
    fs::create_dir(folder.join("folder")).expect("created");
    program("folder/bootstrap");
    program("program");
    fs::create_dir(folder.join("node")).expect("created");
    fs::write(folder.join("node/index.mjs"), "export const handler = async () => ({});\n").expect("written");
    let mut zip = zip::ZipWriter::new(fs::File::create(folder.join("build.zip")).expect("created"));
    zip.start_file("app.py", zip::write::SimpleFileOptions::default()).expect("begun");
    zip.write_all(b"def handler(event, context):\n    return {}\n").expect("written");
    zip.finish().expect("written");
}

#[test]
fn a_build_is_a_program_a_folder_or_a_zip_in_any_language() {
    let folder = folder();
    write_builds(folder.path());
    for [a, b] in [["program", "folder"], ["build.zip", "node"]] {
        let (code, stdout, stderr) = output(folder.path(), &["compare", "--local", a, b, "--samples", "2", "--json"]);
        let missed = "warning: ±3 % was not reached with 2 cold starts a side; use more --samples\n";
        assert_eq!((code, stderr.as_str()), (Some(0), missed), "{a} {b}: {stdout}");
        let document: Value = serde_json::from_str(&stdout).expect("JSON");
        assert_eq!(
            (&document["a"]["label"], &document["a"]["n"], &document["b"]["label"], &document["b"]["n"]),
            (&a.into(), &2.into(), &b.into(), &2.into())
        );
        assert_eq!(document["finding"], "not_estimable", "two cold starts tell nothing");
    }
}

#[test]
fn a_build_that_cannot_be_loaded_is_told_from_one_that_wants_a_payload() {
    let folder = folder();
    for (name, source) in [
        ("good", "def handler(event, context): return {}\n"),
        ("unloaded", "import not_there\ndef handler(event, context): return {}\n"),
        ("wanting", "def handler(event, context): return event['order']\n"),
    ] {
        fs::create_dir(folder.path().join(name)).expect("created");
        fs::write(folder.path().join(name).join("app.py"), source).expect("written");
    }
    for (build, exit, words) in [
        ("unloaded", 1, "its init failed with Runtime.ImportModuleError, before it reads any payload"),
        ("wanting", 0, "the handler raised KeyError in "),
    ] {
        let (code, _, stderr) = output(folder.path(), &["compare", "--local", "good", build, "--samples", "2"]);
        assert_eq!((code, stderr.contains(&format!("warning: {build}: {words}"))), (Some(exit), true), "{stderr}");
    }
}

#[test]
fn two_builds_are_compared_on_real_processes_and_leave_nothing() {
    let folder = folder();
    for (name, pause) in [("old", "0"), ("new", "0.3")] {
        fs::create_dir(folder.path().join(name)).expect("created");
        let source = format!("import time\ntime.sleep({pause})\ndef handler(event, context):\n    return event\n");
        fs::write(folder.path().join(name).join("app.py"), source).expect("written");
    }
    let wide = ["--samples", "5", "--precision", "1000%"];
    let arguments = ["compare", "--local", "old", "new", "--json", "--fail-if-slower", "10%"];
    let (code, stdout, stderr) = output(folder.path(), &[&arguments[..], &wide].concat());
    assert_eq!((code, stderr.as_str()), (Some(3), "error: B is slower by more than 10 %\n"), "{stdout}");
    let document: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(
        (&document["a"]["n"], &document["stopped"], &document["finding"]),
        (&5.into(), &"enough".into(), &"slower".into())
    );
    assert_eq!(document["cost"]["invocations"], 10);
    assert!(!folder.path().join(".coldwatch").exists(), "builds have a state of their own");
}

/// Interrupts a comparison with a gate after a few cold starts of each side, of which B's take longer by far.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_comparison_has_no_verdict() {
    use crate::cli::{coldwatch, eventually};
    use std::process::{Command, Output, Stdio};

    let folder = folder();
    let starts = folder.path().join("starts");
    for (name, pause) in [("old", "0"), ("new", "0.3")] {
        fs::create_dir(folder.path().join(name)).expect("created");
        let source = format!(
            "import time\ntime.sleep({pause})\nopen({starts:?}, 'a').write('x')\ndef handler(event, context): return event\n"
        );
        fs::write(folder.path().join(name).join("app.py"), source).expect("written");
    }
    let arguments = ["compare", "--local", "old", "new", "--precision", "0%", "--json", "--fail-if-slower", "5%"];
    let mut command = coldwatch(folder.path(), &arguments);
    let comparison = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    eventually("twelve cold starts", || fs::metadata(&starts).is_ok_and(|file| file.len() >= 12));
    let sent = Command::new("kill").args(["-INT", &comparison.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
    let Output { status, stdout, stderr } = comparison.wait_with_output().expect("it ends");
    let stderr = String::from_utf8(stderr).expect("UTF-8");
    let document: Value = serde_json::from_slice(&stdout).expect("JSON");
    assert_eq!((status.code(), document["stopped"].as_str()), (Some(1), Some("interrupted")), "{stderr}");
    assert_eq!(document["finding"], "slower");
    assert!(stderr.ends_with("warning: the comparison was stopped, so --fail-if-slower was not checked\n"), "{stderr}");
}

#[test]
fn a_page_that_cannot_be_written_does_not_hide_a_regression() {
    let folder = folder();
    write_samples(folder.path());
    let compare = ["compare", "before.txt", "after.csv", "--report", "nowhere/compare.html"];
    let (code, _, stderr) = output(folder.path(), &compare);
    assert_eq!((code, stderr.lines().count()), (Some(1), 1), "{stderr}");
    let (code, _, gated) = output(folder.path(), &[&compare[..], &["--fail-if-slower", "5%"]].concat());
    assert_eq!((code, gated), (Some(3), format!("error: B is slower by more than 5 %\n{stderr}")));
}

#[test]
fn a_comparison_is_a_page_and_a_comment_too() {
    let folder = folder();
    write_samples(folder.path());
    let arguments = ["compare", "before.txt", "after.csv", "--format", "github", "--report", "compare.html"];
    let (code, comment, stderr) = output(folder.path(), &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.starts_with("wrote compare.html: "), "{stderr}");
    assert!(comment.starts_with("### Cold starts: 🔴 slower\n\nB is 11.7 % slower (95 %: "), "{comment}");
    assert!(comment.contains("\n| A | before.txt | 60 | 103 | "), "{comment}");
    let page = fs::read_to_string(folder.path().join("compare.html")).expect("the page");
    assert!(page.contains("<h1>B is 11.7 % slower (95 %: "), "{}", &page[page.len().saturating_sub(400)..]);
    assert!(page.contains(&format!("<code>coldwatch {}</code>", arguments.join(" "))));
    let (code, stdout, _) = output(folder.path(), &["compare", "before.txt", "after.csv", "--format", "json"]);
    assert_eq!((code, stdout.starts_with("{\n  \"version\": 1,")), (Some(0), true));
    assert_eq!(output(folder.path(), &["compare", "before.txt", "after.csv", "--json", "--format", "text"]).0, Some(2));
}
