//! The metrics themselves: in memory, and in a file that only grows.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Name of the file in the folder of the store: one [`Line`] per accepted datum.
const FILE_NAME: &str = "metrics.jsonl";

/// What identifies a metric: two sets of dimensions are two metrics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Metric {
    pub namespace: String,
    pub name: String,
    /// By name. Their order in a request means nothing.
    pub dimensions: BTreeMap<String, String>,
}

/// What one `MetricDatum` of an accepted request has added to a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Datum {
    /// Rounded down to the storage resolution: the minute, or the second for high resolution.
    pub at: DateTime<Utc>,
    pub unit: String,
    pub points: Points,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Points {
    /// Each value with the number of its occurrences.
    Values(Vec<(f64, f64)>),
    /// All that is left of values which the sender has summed up.
    Statistics { sample_count: f64, sum: f64, minimum: f64, maximum: f64 },
}

/// A line of the file. Version 1 is the only one so far.
#[derive(Serialize, Deserialize)]
struct Line {
    version: u32,
    metric: Metric,
    datum: Datum,
}

pub(super) struct Store {
    metrics: BTreeMap<Metric, Vec<Datum>>,
    file: Option<File>,
}

impl Store {
    pub(super) fn in_memory() -> Store {
        Store { metrics: BTreeMap::new(), file: None }
    }

    /// Reads what is stored in `dir`. A last line without its end was being written when the program died: the request it
    /// belongs to was never answered, so it is dropped.
    pub(super) fn open(dir: &Path) -> io::Result<Store> {
        fs::create_dir_all(dir)?;
        let path = dir.join(FILE_NAME);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let complete = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        file.set_len(complete as u64)?;

        let mut store = Store { metrics: BTreeMap::new(), file: Some(file) };
        for (number, line) in text[..complete].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let Line { metric, datum, .. } = parse(line).map_err(|reason| {
                let at = format!("line {} of `{}`: {reason}", number + 1, path.display());
                io::Error::new(io::ErrorKind::InvalidData, at)
            })?;
            store.insert(metric, datum);
        }
        Ok(store)
    }

    /// Adds the data of one request: all of them, or none if the file cannot be written.
    pub(super) fn append(&mut self, data: Vec<(Metric, Datum)>) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let mut lines = Vec::new();
            for (metric, datum) in &data {
                let line = Line { version: 1, metric: metric.clone(), datum: datum.clone() };
                serde_json::to_writer(&mut lines, &line)?;
                lines.push(b'\n');
            }
            let before = file.metadata()?.len();
            if let Err(error) = file.write_all(&lines) {
                file.set_len(before)?;
                return Err(error);
            }
        }
        for (metric, datum) in data {
            self.insert(metric, datum);
        }
        Ok(())
    }

    /// In the order of their namespaces, names and dimensions.
    pub(super) fn metrics(&self) -> impl Iterator<Item = (&Metric, &[Datum])> {
        self.metrics.iter().map(|(metric, data)| (metric, data.as_slice()))
    }

    /// In the order of arrival. A metric that nobody has put has none.
    pub(super) fn data(&self, metric: &Metric) -> &[Datum] {
        self.metrics.get(metric).map_or(&[], Vec::as_slice)
    }

    fn insert(&mut self, metric: Metric, datum: Datum) {
        self.metrics.entry(metric).or_default().push(datum);
    }
}

fn parse(line: &[u8]) -> Result<Line, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    if line.version == 1 { Ok(line) } else { Err(format!("unknown version `{}`", line.version)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str) -> Metric {
        let dimensions = BTreeMap::from([("FunctionName".to_owned(), "f".to_owned())]);
        Metric { namespace: "N".into(), name: name.into(), dimensions }
    }

    fn datum(points: Points) -> Datum {
        Datum { at: DateTime::from_timestamp(1_700_000_040, 0).expect("a date"), unit: "Milliseconds".into(), points }
    }

    /// One line of every kind that version 1 has known. Never edit: it must load for ever.
    const VERSION_1: &str = r#"{"version":1,"metric":{"namespace":"N","name":"Init","dimensions":{"FunctionName":"f"}},"datum":{"at":"2023-11-14T22:14:00Z","unit":"Milliseconds","points":{"values":[[0.1,1.0],[1e+300,3.0]]}}}
{"version":1,"metric":{"namespace":"N","name":"Runs","dimensions":{"FunctionName":"f"}},"datum":{"at":"2023-11-14T22:14:00Z","unit":"Milliseconds","points":{"statistics":{"sample_count":2.0,"sum":3.0,"minimum":1.0,"maximum":2.0}}}}
"#;

    fn data_of_version_1() -> Vec<(Metric, Datum)> {
        vec![
            (metric("Init"), datum(Points::Values(vec![(0.1, 1.0), (1e300, 3.0)]))),
            (metric("Runs"), datum(Points::Statistics { sample_count: 2.0, sum: 3.0, minimum: 1.0, maximum: 2.0 })),
        ]
    }

    fn stored(store: &Store) -> Vec<(Metric, Datum)> {
        let each = store.metrics().flat_map(|(metric, data)| data.iter().map(|datum| (metric.clone(), datum.clone())));
        each.collect()
    }

    #[test]
    fn the_file_is_written_as_version_1_and_read_back() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        Store::open(dir.path()).expect("an empty store").append(data_of_version_1()).expect("a writable file");
        assert_eq!(fs::read_to_string(dir.path().join(FILE_NAME)).expect("the file"), VERSION_1);
        assert_eq!(stored(&Store::open(dir.path()).expect("the same store")), data_of_version_1());
    }

    #[test]
    fn a_cut_last_line_is_dropped_and_written_over() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join(FILE_NAME);
        let first_line = VERSION_1.find('\n').expect("two lines") + 1;
        for cut in first_line..VERSION_1.len() {
            fs::write(&path, &VERSION_1[..cut]).expect("a writable file");
            let mut store = Store::open(dir.path()).expect("a store with a cut line");
            assert_eq!(stored(&store), data_of_version_1()[..1], "cut at {cut}");
            store.append(data_of_version_1()[1..].to_vec()).expect("a writable file");
            assert_eq!(fs::read_to_string(&path).expect("the file"), VERSION_1, "cut at {cut}");
        }
    }

    #[test]
    fn a_damaged_line_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let check = |text: &str, expected: &str| {
            fs::write(dir.path().join(FILE_NAME), text).expect("a writable file");
            let error = Store::open(dir.path()).err().expect("a damaged file").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("{}\n", "line 1 of `");
        check(&VERSION_1.replace("\n{\"version\":1", "\n{\"version\":2"), "metrics.jsonl`: unknown version `2`");
    }

    #[test]
    fn without_a_folder_metrics_live_in_memory() {
        let mut store = Store::in_memory();
        store.append(data_of_version_1()).expect("nothing to write");
        assert_eq!(stored(&store), data_of_version_1());
        assert_eq!(store.data(&metric("Unheard")), []);
    }
}
