//! What each format says of one recorded run, and that names from outside do no harm in any.

use super::*;
use crate::compare::{Group, together};
use crate::history::{Change, Judgement, Level, Metric, Shape, State};
use crate::record::round::{RoundSamples, SampleRecord};
use chrono::DateTime;
use shift_stats::Interval;

const RUN: &str = include_str!("../../../tests/fixtures/run-v1.json");
const SAMPLES: &str = include_str!("../../../tests/fixtures/samples-v1.json");

fn record() -> RunRecord {
    serde_json::from_str(RUN).expect("the fixture loads")
}

fn series(label: &str) -> Vec<Series> {
    let run = RunRecord { label: label.to_owned(), ..record() };
    let (function, protocol) = (run.function.clone(), run.protocol.clone());
    vec![Series { label: label.to_owned(), function, protocol, runs: vec![run] }]
}

fn runs(series: &[Series]) -> String {
    let mut text = Vec::new();
    let mut table = csv::Table::of_runs(&mut text).expect("a vector takes every row");
    series.iter().flat_map(|s| &s.runs).for_each(|run| table.add_run(run).expect("a vector takes every row"));
    table.finish().expect("a vector takes every row");
    String::from_utf8(text).expect("UTF-8")
}

#[test]
fn a_row_per_run_has_a_cell_for_every_column() {
    let text = runs(&series("python"));
    let lines: Vec<&str> = text.lines().collect();
    let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.split(',').collect()).collect();
    assert_eq!((lines.len(), cells[0].len()), (2, cells[1].len()));
    let cell = |name: &str| cells[1][cells[0].iter().position(|column| *column == name).expect("a column")];
    assert_eq!((cell("label"), cell("started_at")), ("python", "2026-11-23T11:54:54.744Z"));
    assert_eq!((cell("proven"), cell("init_p50_ms"), cell("init_p90_ms")), ("3", "48.97", ""));
}

#[test]
fn a_row_per_sample_has_its_figures() {
    let round: RoundSamples = serde_json::from_str(SAMPLES).expect("the fixture loads");
    let (rows, record) = (round.rows(), record());
    let mut text = Vec::new();
    let mut table = csv::Table::of_samples(&mut text).expect("a vector takes every row");
    table.add_round(&record, &round).expect("a vector takes every row");
    table.finish().expect("a vector takes every row");
    let text = String::from_utf8(text).expect("UTF-8");
    let inits: Vec<String> = text.lines().skip(1).map(|line| line.split(',').nth(12).expect("a cell").into()).collect();
    let expected = |row: &SampleRecord| row.init_ms.map(|ms| ms.to_string()).unwrap_or_default();
    assert_eq!(inits, rows.iter().map(expected).collect::<Vec<_>>());
}

#[test]
fn no_cell_is_a_formula() {
    for label in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1+1", "＋1", "－1", "＠SUM(A1)"] {
        let text = runs(&series(label));
        let cell = text.lines().nth(1).expect("a row").trim_start_matches('"');
        assert!(cell.starts_with('\''), "{label:?}: {text}");
    }
    assert_eq!(csv::text("a=b"), "a=b");
}

#[test]
fn otava_gets_a_row_per_run_that_proved_something() {
    let mut one = series("python").remove(0);
    one.runs.push(RunRecord { init_ms: Distribution::default(), ..record() });
    assert_eq!(
        otava::series(&one).lines().skip(1).map(|l| l.split(',').skip(4).collect()).collect::<Vec<Vec<&str>>>(),
        [["48.97", "48.95", "49.657"]]
    );
}

#[test]
fn bencher_gets_medians_and_no_bounds_that_are_not_estimable() {
    let document: serde_json::Value = serde_json::from_str(&bencher::last_runs(&series("python"))).expect("JSON");
    let measures = serde_json::json!({
        "init-duration-ms": { "value": 48.97 },
        "cold-start-duration-ms": { "value": 49.657 },
    });
    assert_eq!(document, serde_json::json!({ "python (coldwatch-target-python, forced-burst-2)": measures }));
}

#[test]
fn gauges_are_in_seconds_and_labels_are_escaped() {
    let text = openmetrics::last_runs(&series("a\"b\\c\nd"));
    let labels = r#"function="coldwatch-target-python",label="a\"b\\c\nd",protocol="forced-burst-2""#;
    assert!(text.contains(&format!("coldwatch_init_duration_seconds{{{labels},figure=\"p50\"}} 0.04897\n")), "{text}");
    assert!(text.contains(&format!("coldwatch_proven_samples{{{labels}}} 3\n")) && text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("p90"), "three samples bear no p90: {text}");
}

#[test]
fn no_label_becomes_a_link_on_github() {
    for label in ["http://evil.example", "www.evil.example", "[a](http://evil.example)"] {
        let text = github::last_runs(&[(series(label).remove(0), Judgement::default())]);
        assert!(text.contains("evil") && !text.contains("://") && !text.contains("www."), "{text}");
    }
}

#[test]
fn a_job_summary_says_what_is_not_estimable() {
    let judged = |judgement: Judgement| {
        let series = series("<b>|x|\n@team").into_iter().map(|series| (series, judgement.clone())).collect::<Vec<_>>();
        github::last_runs(&series)
    };
    let text = judged(Judgement::default());
    let row = "| &lt;b>\\|x\\| &#64;team | forced-burst-2 | 2026-11-23 11:54 | 3/3 | 49.0 (init) | n.e. | n.e. | 49.7 | n.e. | none found | enough |";
    assert!(text.lines().any(|line| line == row), "{text}");
    assert!(text.ends_with("\nn.e.: not estimable from so few samples.\n"), "{text}");
    let interval = Some(Interval { low: 10.9, high: 13.6 });
    let change = Change {
        index: 6,
        settled: 6,
        at: DateTime::UNIX_EPOCH,
        metric: Metric::P50,
        shape: Shape::Step,
        state: State::Provisional,
        shift_percent: 12.4,
        interval,
        causes: Vec::new(),
        unchanged: Vec::new(),
    };
    let level = Some(Level {
        since: 6,
        at: DateTime::UNIX_EPOCH,
        runs: 7,
        p50: 49.0,
        interval: Some(Interval { low: 48.0, high: 50.0 }),
    });
    let text = judged(Judgement { level, changes: vec![change], ..Judgement::default() });
    let end = "| 49.0 (48.0–50.0) | +12.4 % (95 %: +10.9 to +13.6 %) on 1970-01-01, provisional | enough |";
    assert!(text.lines().any(|line| line.ends_with(end)), "{text}");
}

#[test]
fn a_comparison_begins_with_its_verdict() {
    let group = |label: &str, from: f64| {
        Group::one_run(label, (0..40).map(|i| from + f64::from(i) / 10.0).collect()).expect("samples")
    };
    let compared = together(&group("main", 100.0), &group("branch", 130.0)).expect("samples");
    let text = github::comparison(&compared);
    assert!(text.starts_with("### Cold starts: 🔴 slower\n\nB is "), "{text}");
    assert!(text.contains("| A | main | 40 | 102 | 101–103 | 104 |"), "{text}");
    assert!(!text.contains("not estimable"), "nothing is: {text}");
}
