//! What `docs/architecture.md` promises of the code and a search of it can show.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// Where code outside the allowed folders and files contains any of `words`.
fn violations(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources("src") {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside").to_string_lossy().replace('\\', "/");
        if allowed.iter().any(|a| name.starts_with(a)) {
            continue;
        }
        let lines = code.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//"));
        found.extend(
            lines.filter(|(_, l)| words.iter().any(|w| l.contains(w))).map(|(i, l)| format!("{name}:{}: {l}", i + 1)),
        );
    }
    found
}

#[test]
fn sdk_types_do_not_leave_the_aws_folder() {
    assert_eq!(violations(&["aws_sdk_", "aws_config", "aws_smithy", "serde_dynamo"], &["src/aws/"]), [""; 0]);
}

#[test]
fn only_the_programs_know_of_the_local_cloud() {
    assert_eq!(violations(&["local_cloud"], &["src/bin/"]), [""; 0]);
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/local/Cargo.toml"));
    assert!(!library.expect("the manifest").contains("coldwatch ="), "the stand-in knows nothing of the orchestrator");
}

#[test]
fn clock_randomness_and_environment_enter_in_the_programs() {
    let words = ["Utc::now", "SystemTime::now", "rand::rng", "rand::random", "env::var", "Uuid::new"];
    assert_eq!(violations(&words, &["src/bin/"]), [""; 0]);
}

#[test]
fn nothing_is_printed_where_a_closed_stream_would_panic() {
    // Each of them panics when nobody reads, so a run would go on and bill, or an import would stop half way.
    assert_eq!(violations(&["print!(", "println!("], &[]), [""; 0]);
    // A stdout that is locked elsewhere does not know that a closed terminal is not a failure.
    assert_eq!(violations(&["io::stdout()"], &["src/bin/coldwatch/output.rs", "src/bin/orchestrator.rs"]), [""; 0]);
}

#[test]
fn pure_modules_neither_wait_nor_tell_the_time() {
    let pure = [
        "src/units.rs",
        "src/arn.rs",
        "src/figures.rs",
        "src/suite/",
        "src/function/",
        "src/evidence/",
        "src/history/",
        "src/record/",
        "src/compare/",
        "src/show/",
    ];
    for (path, text) in sources("src") {
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("inside").to_string_lossy().into_owned();
        if pure.iter().any(|p| name.starts_with(p)) {
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in ["async ", "Instant", "tokio::", "std::fs", "std::net"] {
                assert!(!code.contains(word), "{name} has `{word}`");
            }
        }
    }
}

#[test]
fn variables_of_targets_cannot_be_serialised() {
    let target = sources("src").into_iter().find(|(p, _)| p.ends_with("function/config.rs")).expect("config.rs").1;
    let at = target.find("pub struct Variables").expect("the type");
    let derive = target[..at].rfind("#[derive").expect("its derive");
    assert!(!target[derive..at].contains("Serialize") && !target[derive..at].contains("Debug"));
}
