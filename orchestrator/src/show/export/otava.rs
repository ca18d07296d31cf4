//! A series for Apache Otava (0.8), which finds change points in it: a CSV file is one test.

use ::csv::Writer;

use super::csv::{text, time};
use super::{Series, start};

/// One series, a row per run that proved something: Otava takes no empty cell for a number.
pub fn series(series: &Series) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    let written = "a vector takes every row";
    let header = ["time", "run_id", "code_sha256", "runtime_version_arn", "p50_ms", "min_ms", "cold_start_p50_ms"];
    writer.write_record(header).expect(written);
    for record in &series.runs {
        let (_, start) = start(record);
        let figures = [start.p50, start.min, record.cold_start_ms.p50.or(start.p50)];
        let [Some(p50), Some(min), Some(cold_start)] = figures else { continue };
        let provenance = &record.provenance;
        let row = [
            time(record.started_at),
            text(&record.run_id),
            text(provenance.code_sha256.as_deref().unwrap_or_default()),
            text(provenance.runtime_version_arn.as_deref().unwrap_or_default()),
            p50.to_string(),
            min.to_string(),
            cold_start.to_string(),
        ];
        writer.write_record(row).expect(written);
    }
    String::from_utf8(writer.into_inner().expect(written)).expect("every cell is UTF-8")
}
