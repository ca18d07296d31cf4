//! How many bytes stored init durations take, and whether they come back.

use coldwatch::history::Run;
use coldwatch::record::packed::{pack, unpack};

use crate::operating::{Row, count};

/// Bytes a sample beyond the bytes of its run.
const MOST_A_SAMPLE: f64 = 2.5;
const OF_A_RUN: f64 = 20.0;

/// Bytes a sample over all runs, those of the largest run, and runs that came back changed.
pub fn rows(histories: &[Vec<Run>]) -> Vec<Row> {
    let (mut samples, mut bytes, mut changed) = (0, 0, 0);
    let mut largest = f64::NEG_INFINITY;
    for run in histories.iter().flatten().filter(|run| !run.samples.is_empty()) {
        let packed = pack(&run.samples);
        samples += run.samples.len();
        bytes += packed.len();
        largest = largest.max((count(packed.len()) - OF_A_RUN) / count(run.samples.len()));
        let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        changed += usize::from(unpack(&packed).map(|values| bits(&values)) != Ok(bits(&run.samples)));
    }
    let row =
        |what: String, measured, most| Row { goal: "S13", what, measured, least: -OF_A_RUN, most, standard_error: 0.0 };
    vec![
        row(
            format!("bytes a sample of {samples} real ones, all included"),
            count(bytes) / count(samples),
            MOST_A_SAMPLE,
        ),
        row(format!("bytes a sample beyond {OF_A_RUN} of its run, in the largest run"), largest, MOST_A_SAMPLE),
        row("runs that came back with other bits".to_owned(), count(changed), 0.0),
    ]
}
