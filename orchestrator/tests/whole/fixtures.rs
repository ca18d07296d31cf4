//! Items stored by earlier versions still load. A new version adds a file; none is ever changed.

use std::path::Path;

use coldwatch::function::config::Provenance;
use coldwatch::record::RunRecord;
use coldwatch::record::digest::RunDigest;
use coldwatch::record::round::{RoundSamples, SampleRecord};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Loads a fixture, and checks that nothing of it is lost by writing it again.
fn load<T: DeserializeOwned + Serialize>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let value: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the fixture")).expect("JSON");
    let loaded: T = serde_json::from_value(value.clone()).expect("it loads");
    assert_eq!(serde_json::to_value(&loaded).expect("plain data"), value);
    loaded
}

#[test]
fn a_run_of_version_1_loads() {
    let run: RunRecord = load("run-v1.json");
    assert_eq!((run.version, run.label.as_str(), run.wanted, run.proven, run.outcomes.cold), (1, "python", 3, 3, 3));
}

#[test]
fn samples_of_version_1_load() {
    let round: RoundSamples = load("samples-v1.json");
    let samples: Vec<_> = round.rows().iter().filter_map(SampleRecord::to_sample).collect();
    assert_eq!((round.version, samples.len()), (1, 2));
    assert!(samples.iter().all(|s| s.is_proven() && s.init().is_some()));
}

#[test]
fn a_digest_of_version_1_loads() {
    let digest: RunDigest = load("digest-v1.json");
    let run = digest.to_run(None).expect("its samples are whole");
    assert_eq!((digest.version, digest.n, run.samples), (1, 3, vec![48.95, 48.97, 53.48]));
}

#[test]
fn a_provenance_with_all_its_fields_loads() {
    let provenance: Provenance = load("provenance-v1.json");
    assert_eq!((provenance.timeout_s, provenance.variables.as_deref()), (Some(30), Some("1a2b3c4d")));
}
