//! The report as a whole: what stands in the page, and what must not.

use coldwatch::show::html::render;

use crate::histories::{many, report};
use crate::scenes::{everything, odd_names, one_regression};

#[test]
fn names_from_outside_stay_text() {
    let page = render(&report(&odd_names(), "coldwatch report --target '<b>'"));
    assert_eq!(page.matches("<script>").count(), 1, "the page's own");
    assert!(!page.contains("alert(1)</script>") && page.contains("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"));
    assert!(page.contains("&quot;quoted&quot; &amp; &#39;more&#39;") && page.contains("🚀 launch"));
    assert!(!page.contains('\u{202e}'), "no name turns the direction of the page");
    assert!(page.contains("<code>coldwatch report --target &#39;&lt;b&gt;&#39;</code>"));
}

#[test]
fn the_page_refers_to_nothing_outside() {
    let page = render(&report(&everything(), "coldwatch report"));
    for word in ["http:", "https:", "//cdn", "@import", "url(", " src=", "<link rel=\"style"] {
        assert_eq!(page.matches(word).count(), 0, "{word}");
    }
    assert!(page.contains(
        "Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
    ));
}

#[test]
fn a_target_that_needs_attention_stands_first() {
    let page = render(&report(&everything(), "coldwatch report"));
    let table = page.split("<tbody>").nth(1).expect("the overview");
    let order: Vec<&str> =
        table.split("<bdi>").skip(1).take(2).filter_map(|rest| rest.split("</bdi>").next()).collect();
    assert_eq!(order, ["cart", "auth-token"], "the failing one, then the stale one");
}

#[test]
fn a_long_history_makes_no_large_page() {
    let sizes = [200, 1_500].map(|runs| render(&report(&many(12, runs, 5), "coldwatch report")).len());
    assert!(sizes[1] < 2_000_000, "{sizes:?}");
    let one = render(&report(&many(1, 4_000, 5), "coldwatch report")).len();
    assert!(one < 400_000, "{one}");
}

#[test]
fn an_empty_history_says_how_to_begin() {
    let page = render(&report(&[], "coldwatch report"));
    assert!(page.contains("<h1>No runs are stored here yet</h1>") && page.contains("<code>coldwatch run</code>"));
}

#[test]
fn a_run_that_proved_nothing_is_no_zero() {
    let mut courses = one_regression();
    courses.truncate(1);
    courses[0].runs = 30;
    courses[0].failing = 30;
    let page = render(&report(&courses, "coldwatch report"));
    assert!(
        page.contains("No run has proven a cold start yet") && page.contains("the last 30 runs proved no cold start")
    );
    assert!(!page.contains("<strong>0.00</strong>"), "nothing is drawn or told as zero");
}

/// Runs `coldwatch` with these arguments in a folder, and gives exit code and stderr.
fn coldwatch(folder: &std::path::Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_coldwatch"));
    let output = command.current_dir(folder).args(arguments).output().expect("the program starts");
    (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"))
}

#[test]
fn a_run_and_the_command_write_the_same_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let read = |file: &str| std::fs::read_to_string(folder.path().join(file)).expect("the page");
    let (code, stderr) = coldwatch(folder.path(), &["run", "--local", "--samples", "2", "--report", "run.html"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.starts_with("wrote run.html: 3 series, "), "{stderr}");
    let (code, stderr) = coldwatch(folder.path(), &["report", "--local", "--target", "rust"]);
    assert_eq!(code, Some(0), "{stderr}");
    let sections = |page: &str| page.matches("<section class=\"target\"").count();
    assert_eq!((sections(&read("run.html")), sections(&read("report.html"))), (3, 1));
    assert!(read("report.html").contains("<code>coldwatch report --local --target rust</code>"));
    let (code, stderr) = coldwatch(folder.path(), &["report", "--local", "--target", "nobody"]);
    assert_eq!(code, Some(2));
    assert_eq!(stderr, "error: no such target is stored here; there are nodejs, python, rust\n");
}
