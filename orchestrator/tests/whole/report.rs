//! The page as a whole: what it contains, and what it must not contain.

use chrono::TimeDelta;
use coldwatch::history::judge;
use coldwatch::record::imported::PROTOCOL;
use coldwatch::show::html::render;

use crate::histories::{many, report};
use crate::scenes::{everything, odd_names, one_regression, platform_event};

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
fn what_is_not_estimable_says_why_where_it_stands() {
    // Five cold starts give a median and no interval.
    let page = render(&report(&many(1, 1, 5), "coldwatch report"));
    let row = page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tr>").next()).expect("the overview");
    assert!(row.contains("<abbr title=\"Not estimable: ") && row.contains("tabindex=\"0\">n/e</abbr>"), "{row}");
}

#[test]
fn the_median_of_few_runs_is_that_of_their_level_as_in_the_history() {
    let mut measured = report(&many(1, 3, 20), "coldwatch report");
    let series = &mut measured.series[0];
    for (run, p50) in series.runs.iter_mut().zip([41.0, 43.0, 49.0]) {
        run.samples = vec![p50; 20];
    }
    series.judgement = judge(&series.runs);
    let page = render(&measured);
    assert_eq!(page.matches("<strong>43.0</strong><small>interval <abbr").count(), 2, "in the table and below");
    let series = &mut measured.series[0];
    series.runs.truncate(1);
    series.judgement = judge(&series.runs);
    assert_eq!(render(&measured).matches("<strong>41.0</strong><small>41.0–41.0</small>").count(), 2);
}

#[test]
fn a_long_history_makes_no_large_page() {
    let sizes = [200, 1_500].map(|runs| render(&report(&many(12, runs, 5), "coldwatch report")).len());
    assert!(sizes[1] < 2_000_000, "{sizes:?}");
    let one = render(&report(&many(1, 4_000, 5), "coldwatch report")).len();
    assert!(one < 400_000, "{one}");
}

#[test]
fn hundreds_of_targets_make_no_large_page_and_each_has_its_place() {
    let page = render(&report(&many(300, 40, 20), "coldwatch report"));
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert_eq!(page.matches("<section class=\"target\"").count(), 300);
    let (full, brief) = (page.matches("<h3>Cost</h3>").count(), page.matches("Shortened to keep").count());
    assert!(full >= 5 && brief > 100 && full + brief == 300, "{full} {brief}");
}

/// What a person reads first: the headline and the first card, without the markup.
fn top(page: &str) -> String {
    let from = page.find("<h1>").expect("a headline");
    let until = from + page[from..].find("<table").expect("the overview");
    let (mut text, mut tag) = (String::new(), false);
    for c in page[from..until].chars() {
        match c {
            '<' => tag = true,
            '>' => (tag, text) = (false, text + " "),
            c if !tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_one_target_that_got_slower_is_the_first_thing_said() {
    let top = top(&render(&report(&one_regression(), "coldwatch report")));
    assert!(top.starts_with("1 of 20 targets got slower "), "{top}");
    assert_eq!(top.matches("▲").count(), 1, "one card: {top}");
    let card = top.split_once("orders ▲ slower p50 +1").expect("which, and by how much").1;
    assert!(card[..3].parse::<f64>().is_ok_and(|rest| (1.0..3.5).contains(&rest)), "12 % is said: {card}");
    assert!(card.contains(" since 15 Nov 2026 ") && card.contains("95 %: +"), "{card}");
    assert!(card.contains(" confirmed by 10 runs or more changed at the same time (within 2 runs): code "), "{card}");
}

#[test]
fn a_line_without_an_axis_has_its_scale_as_title() {
    let page = render(&report(&one_regression(), "coldwatch report"));
    let title = page.split("<title>").nth(2).and_then(|rest| rest.split("</title>").next()).expect("of the first card");
    assert!(title.starts_with("p50 of 360 runs, 26 Aug 2026 to 24 Nov 2026 (UTC), as drawn: lowest 15"), "{title}");
    assert!(title.contains(" ms, highest 18") && title.ends_with(" ms"), "{title}");
    assert!(page.contains("<th scope=\"col\">p50 of all runs</th>") && page.contains(">p50, ms (95 %)</th>"));
}

#[test]
fn many_targets_that_moved_together_are_one_event() {
    let page = render(&report(&platform_event(), "coldwatch report"));
    let top = top(&page);
    assert!(top.starts_with("1 of 20 targets got slower; a platform event moved 7 others "), "{top}");
    assert_eq!(page.matches("class=\"card ").count(), 2, "the one that got slower by itself, and the event");
    assert!(
        top.contains("Platform event ▲ slower") && top.contains("7 of 20 arm64 targets became slower together"),
        "{top}"
    );
    assert_eq!(page.matches("class=\"shade\"").count(), 20, "every history of the architecture is shaded");
}

#[test]
fn a_control_target_that_moves_is_an_event_by_itself() {
    let mut courses = one_regression();
    courses[6].steps = Vec::new();
    courses[3].steps = vec![(310, 1.08, false)];
    let slower = top(&render(&report(&courses, "coldwatch report")));
    assert!(slower.starts_with("1 of 20 targets got slower "), "{slower}");
    courses[3].control = true;
    let event = top(&render(&report(&courses, "coldwatch report")));
    assert!(event.starts_with("A platform event moved 1 of 20 targets "), "{event}");
}

#[test]
fn an_imported_series_is_never_late_and_cost_nothing_that_is_known() {
    let mut measured = report(&one_regression(), "coldwatch report");
    measured.made_at += TimeDelta::days(5);
    let page = render(&measured);
    assert!(top(&page).starts_with("20 of 20 targets are stale "), "{}", top(&page));
    assert!(page.contains("<h3>Cost</h3>"));
    for series in &mut measured.series {
        series.protocol = PROTOCOL.to_owned();
    }
    let page = render(&measured);
    assert!(top(&page).starts_with("1 of 20 targets got slower "), "{}", top(&page));
    assert!(!page.contains("<h3>Cost</h3>"));
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
    assert_eq!(stderr, "error: no such target is stored here; the stored ones are nodejs, python, rust\n");
}
