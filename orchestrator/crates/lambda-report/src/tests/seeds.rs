//! The logs that fuzzing begins with, `fuzz/seeds/report_line`: what each is read as, and what holds of any bytes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;

/// What each seed is read as: the starts of its reports, in the order of the log. Each init took 120.40 ms.
const STARTS: [(&str, &str); 23] = [
    ("backticked", "Cold"),
    ("bytes_that_are_no_text", "Cold, Warm"),
    ("cold_and_warm", "Cold, Warm"),
    ("coloured", "Cold, Warm"),
    ("cut", "Cold, Unknown"),
    ("failed_init_behind_output", "InitFailed"),
    ("failed_init_inside_a_report_without_id", "Unknown"),
    ("joined_by_br", "Cold, Warm"),
    ("json", "Cold, Warm"),
    ("json_with_needless_escapes", "Cold, Warm"),
    ("label_that_ends_like_a_known_one", "Unknown"),
    ("newest_first", "Warm, Cold"),
    ("no_request_id", "Cold"),
    ("one_tab_lost", "Cold"),
    ("restored", "Restored"),
    ("spoof_in_a_line", "Cold, Warm"),
    ("spoof_inside", "Cold, Warm"),
    ("stamped", "Cold, Warm"),
    ("timed_out_before_end", "Warm"),
    ("two_values_of_a_field", "Unknown"),
    ("words_before", "Cold, Warm"),
    ("wrapped", "Cold"),
    ("written_out_tabs", "Cold, Warm"),
];

/// The seeds by name.
fn seeds() -> BTreeMap<String, Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/seeds/report_line");
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| (entry.file_name().into_string().expect("UTF-8"), fs::read(entry.path()).expect("a file")))
        .collect()
}

fn starts_of(log: &[u8]) -> String {
    let start = |report: &PlatformReport| match report.start {
        StartKind::Cold { init } if init == Duration::from_micros(120_400) => "Cold".to_owned(),
        StartKind::Restored { .. } => "Restored".to_owned(),
        other => format!("{other:?}"),
    };
    reports(log).iter().map(start).collect::<Vec<_>>().join(", ")
}

#[test]
fn each_seed_is_read_as_what_it_is() {
    let read: Vec<(String, String)> = seeds().iter().map(|(name, log)| (name.clone(), starts_of(log))).collect();
    let expected: Vec<_> = STARTS.iter().map(|(name, starts)| ((*name).to_owned(), (*starts).to_owned())).collect();
    assert_eq!(read, expected);
}

#[test]
fn parts_of_seeds_are_read_alike_and_called_warm_only_if_whole() {
    for (name, log) in seeds() {
        for end in 0..=log.len() {
            let all = reports(&log[..end]);
            if let Some(last) = all.last() {
                let asked = report_for(&log[..end], &last.request_id);
                assert!(asked.is_none() || asked.as_ref() == Some(last), "{name} up to {end}: {asked:?}");
            }
            for report in all.iter().filter(|report| report.start == StartKind::Warm) {
                let whole = report.duration.is_some() && report.billed.is_some() && report.max_memory_used_mb.is_some();
                assert!(whole && report.init.is_none() && report.restore.is_none(), "{name} up to {end}: {report:?}");
                assert_eq!(report.billing, BillingCheck::Agrees, "{name} up to {end}");
            }
        }
    }
}
