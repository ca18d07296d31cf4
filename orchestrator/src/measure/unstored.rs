//! A run that could not be stored, as one JSON document that can be stored later.
//!
//! Storing it twice changes nothing: its keys are the run's own.

use serde::{Deserialize, Serialize};

use crate::aws::{Store, StoreError};
use crate::record::RunRecord;
use crate::record::digest::RunDigest;
use crate::record::measured::Measured;
use crate::record::round::RoundSamples;
use crate::record::series::SeriesEntry;
use crate::record::version::VERSION;

const KIND: &str = "coldwatch_unstored_run";

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UnstoredRun {
    /// Version of this form.
    pub version: u32,
    /// Tells these documents from other lines of a log.
    kind: String,
    /// The run's record.
    pub record: RunRecord,
    /// Its rounds with all samples.
    pub rounds: Vec<RoundSamples>,
}

/// A text without any such document, or with a damaged one.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UnstoredError {
    /// Nothing to import.
    #[error(
        "nothing to import: its first line is `{0}`; expected a CSV that begins with `series,timestamp,init_ms`, a \
         file that `coldwatch run` wrote, or a log with such a line"
    )]
    None(String),
    /// A document that cannot be read.
    #[error("line {line}: {reason}")]
    Damaged {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl UnstoredRun {
    /// The document of a measured target.
    pub fn of(measured: &Measured) -> Self {
        let run_id = &measured.record.run_id;
        let rounds = measured.rounds.iter().zip(0..);
        Self {
            version: VERSION,
            kind: KIND.to_owned(),
            record: measured.record.clone(),
            rounds: rounds.map(|(r, i)| RoundSamples::new(run_id, i, r.record.clone(), &r.samples)).collect(),
        }
    }

    /// The document as one line.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("records are plain data")
    }

    /// All documents in a text with one a line; other lines are passed over.
    pub fn read_all(text: &str) -> Result<Vec<Self>, UnstoredError> {
        let lines = text.lines().enumerate().filter(|(_, line)| line.contains(KIND));
        let read = |(i, line): (usize, &str)| {
            let from = line.find('{').unwrap_or_default();
            serde_json::from_str(&line[from..])
                .map_err(|e| UnstoredError::Damaged { line: i + 1, reason: e.to_string() })
        };
        let found: Vec<Self> = lines.map(read).collect::<Result<_, _>>()?;
        if found.is_empty() {
            let first = text.lines().next().unwrap_or_default();
            return Err(UnstoredError::None(first.chars().filter(|c| !c.is_control()).take(60).collect()));
        }
        Ok(found)
    }

    /// Stores the run as it would have stored itself: rounds first, the record last.
    pub async fn store(&self, store: &Store) -> Result<(), StoreError> {
        let record = &self.record;
        let entry = SeriesEntry {
            version: VERSION,
            series: record.series.clone(),
            function: record.function.clone(),
            label: record.label.clone(),
            protocol: record.protocol.clone(),
            control: record.control,
            last_run_at: record.started_at,
        };
        store.put_series(&entry).await?;
        for round in &self.rounds {
            store.put_round(&record.series, record.started_at, round, record.finished_at).await?;
        }
        store.put_digest(&record.series, &RunDigest::of_rounds(record, &self.rounds)).await?;
        store.put_run(record).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_are_passed_over_and_damaged_ones_are_told() {
        assert_eq!(UnstoredRun::read_all("START\nEND\n"), Err(UnstoredError::None("START".to_owned())));
        let damaged = format!("START\n{{\"kind\":\"{KIND}\",\"version\":\n");
        assert!(matches!(UnstoredRun::read_all(&damaged), Err(UnstoredError::Damaged { line: 2, .. })));
    }
}
