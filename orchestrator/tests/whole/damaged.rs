//! What is read back from files and the table, damaged at random: it is read or refused, and nothing panics. proptest
//! repeats what has failed; `PROPTEST_CASES` says how many files are tried (256). The readers of rows and of the local
//! cloud's files have the same test where they are.

use std::fs;
use std::path::Path;

use coldwatch::history::series_file;
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::RunRecord;
use coldwatch::record::digest::RunDigest;
use coldwatch::record::measured::Measured;
use coldwatch::record::round::{RoundSamples, SampleRecord};
use coldwatch::suite::Suite;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde::de::DeserializeOwned;

/// Longest message about a file of a few KB.
const MESSAGE: usize = 4_000;

/// What is written over a file or put into it.
const PIECES: [&str; 18] = [
    "-1",
    "0",
    "4294967296",
    "1e999",
    "nan",
    "null",
    "\"",
    "{}",
    "[]",
    "}",
    "\n",
    ",",
    "=",
    "[[targets]]\n",
    "1979-05-27",
    "\0",
    "\u{202e}",
    "burst = 20\n",
];

const SUITE: &str = "samples = 20\nburst = 10\ninvalidate = \"environment\"\nmetrics = \"summary\"\n\n\
                     [[targets]]\nfunction = \"checkout:live\"\nlabel = \"checkout, 512 MB\"\npayload = { id = 1, text = \"x\" }\n\n\
                     [[targets]]\nfunction = \"arn:aws:lambda:us-east-1:123456789012:function:other\"\n";
const SERIES: &str = "run,timestamp,n,samples\na,2026-01-01T00:00:00Z,3,1.5 2.5 3.5\nb,2026-01-02T00:00:00Z,1,1e3\n";

fn damaged(file: String) -> impl Strategy<Value = String> {
    let damage = (any::<Index>(), 0_usize..12, select(&PIECES[..]), prop::bool::weighted(0.1));
    vec(damage, 0..4).prop_map(move |damages| {
        let mut characters: Vec<char> = file.chars().collect();
        for (place, length, piece, is_cut) in damages {
            let begin = place.index(characters.len() + 1);
            let end = if is_cut { characters.len() } else { characters.len().min(begin + length) };
            characters.splice(begin..end, piece.chars());
        }
        characters.into_iter().collect()
    })
}

fn fixture(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).expect("the fixture")
}

/// Reads an item as the table holds it.
fn item<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn unstored() -> String {
    let record: RunRecord = serde_json::from_str(&fixture("run-v1.json")).expect("the fixture loads");
    UnstoredRun::of(&Measured { record, rounds: Vec::new(), unstored: None }).to_line()
}

proptest! {
    #[test]
    fn a_damaged_suite_is_read_or_refused(text in damaged(SUITE.to_owned())) {
        if let Err(error) = Suite::from_text(&text) {
            prop_assert!(error.to_string().len() < MESSAGE);
        }
    }

    #[test]
    fn a_damaged_suite_in_json_is_read_or_refused(text in damaged(Suite::from_text(SUITE).expect("valid").to_json().to_string())) {
        if let Err(error) = Suite::from_text(&text) {
            prop_assert!(error.to_string().len() < MESSAGE);
        }
    }

    #[test]
    fn a_damaged_series_is_read_or_refused(text in damaged(SERIES.to_owned())) {
        match series_file::read(&text) {
            Ok(runs) => prop_assert!(runs.is_sorted_by_key(|run| run.at)),
            Err(error) => prop_assert!(error.to_string().len() < MESSAGE),
        }
    }

    #[test]
    fn a_damaged_run_that_was_not_stored_is_read_or_refused(text in damaged(unstored())) {
        if let Err(error) = UnstoredRun::read_all(&text) {
            prop_assert!(error.to_string().len() < MESSAGE);
        }
    }

    #[test]
    fn damaged_records_are_read_or_refused(
        run in damaged(fixture("run-v1.json")),
        round in damaged(fixture("samples-v1.json")),
        digest in damaged(fixture("digest-v1.json")),
    ) {
        item::<RunRecord>(&run);
        if let Some(round) = item::<RoundSamples>(&round) {
            let samples = round.rows().iter().filter_map(SampleRecord::to_sample).count();
            prop_assert!(samples <= round.rows().len());
        }
        if let Some(Ok(run)) = item::<RunDigest>(&digest).map(|digest| digest.to_run(None)) {
            prop_assert!(run.samples.iter().all(|sample| sample.is_finite()));
        }
    }
}
