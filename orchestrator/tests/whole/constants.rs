//! The constants in `docs/methodology.md` are the code's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use coldwatch::aws::{JUDGED_RUNS, SAMPLES_KEPT};
use coldwatch::compare::USUAL_RUN_EFFECT;
use coldwatch::compare::stopping::{FIRST_LOOK, LOOK_EVERY, NARROW_LOOKS};
use coldwatch::evidence::classify::{CLOCK_TOLERANCE, WORK_AFTER_REPLY};
use coldwatch::evidence::hold::{FIRST_HOLD, LONGEST_HOLD};
use coldwatch::figures::CONFIDENCE;
use coldwatch::function::change::ENVIRONMENT_LIMIT_BYTES;
use coldwatch::history::DRIFT_GAP;
use coldwatch::history::findings::{ALERT_RUNS, FALSE_DISCOVERY_RATE};
use coldwatch::history::platform::{EVENT_DAYS, EVENT_SHARE};
use coldwatch::measure::lease::LEASE;
use coldwatch::measure::settle::{FIRST_POLL, LONGEST_POLL, SETTLE_LIMIT};
use coldwatch::record::imported::MOST_STARTS;
use coldwatch::record::metrics::MAX_UNIQUE_VALUES;
use coldwatch::suite::pace::{CONTROL_CALLS_PER_SECOND, READS_PER_SECOND, restore_reserve};
use shift_stats::changes::tuning;
use shift_stats::{MODES_FROM, RUN_EFFECT_FROM};

#[test]
fn the_methodology_names_the_constants_of_the_code() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/methodology.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let table = page.split("## Constants").nth(1).expect("the section");
    let rows: BTreeMap<&str, &str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "))
        .filter(|(name, _)| *name != "constant")
        .collect();
    let ms = |duration: Duration| format!("{} ms", duration.as_millis());
    let code = [
        ("first hold", ms(FIRST_HOLD)),
        ("longest hold", ms(LONGEST_HOLD)),
        ("clock tolerance", ms(CLOCK_TOLERANCE)),
        ("work after the reply", ms(WORK_AFTER_REPLY)),
        ("settle limit", ms(SETTLE_LIMIT)),
        ("first poll", ms(FIRST_POLL)),
        ("longest poll", ms(LONGEST_POLL)),
        ("lease", ms(LEASE)),
        ("control calls a second", CONTROL_CALLS_PER_SECOND.to_string()),
        ("reads of functions a second", READS_PER_SECOND.to_string()),
        ("kept free for putting one function back", ms(restore_reserve(0))),
        ("environment limit", format!("{ENVIRONMENT_LIMIT_BYTES} bytes")),
        ("confidence", format!("{} %", CONFIDENCE * 100.0)),
        ("unique values a datum", MAX_UNIQUE_VALUES.to_string()),
        ("samples kept", format!("{} days", SAMPLES_KEPT.num_days())),
        ("least z of a change", tuning::LEAST_Z.to_string()),
        ("penalty of a level", format!("{} log n", tuning::PENALTY)),
        ("cut of outlier runs", format!("{} σ", tuning::CLIP)),
        ("smallest change", format!("{} %", tuning::LEAST_SHIFT * 100.0)),
        ("runs of a first level", tuning::FIRST_RUNS.to_string()),
        ("runs that confirm", tuning::CONFIRMING_RUNS.to_string()),
        ("least z of the newest runs", tuning::NEWEST_LEAST_Z.to_string()),
        ("height of an excursion", format!("{} σ", tuning::LEAST_HEIGHT)),
        ("a sample is in the tail from", format!("{} σ", tuning::TAIL_COUNTED.0)),
        ("a sample is in the tail in full from", format!("{} σ", tuning::TAIL_COUNTED.1)),
        ("longest gap in a drift", format!("{DRIFT_GAP} runs")),
        ("days of a platform event", EVENT_DAYS.to_string()),
        ("share of a platform event", format!("{} %", EVENT_SHARE * 100.0)),
        ("first look", format!("{FIRST_LOOK} cold starts")),
        ("from look to look", format!("{LOOK_EVERY} cold starts")),
        ("narrow looks", NARROW_LOOKS.to_string()),
        ("usual run effect", format!("{:.1} %", USUAL_RUN_EFFECT * 100.0)),
        ("runs that tell a run effect", RUN_EFFECT_FROM.to_string()),
        ("cold starts that tell two modes", MODES_FROM.to_string()),
        ("cold starts of an imported run", MOST_STARTS.to_string()),
        ("judged runs", JUDGED_RUNS.to_string()),
        ("a change is news for", format!("{ALERT_RUNS} runs")),
        ("false discovery rate", format!("{} %", FALSE_DISCOVERY_RATE * 100.0)),
    ];
    let code: BTreeMap<&str, &str> = code.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(rows, code);
}
