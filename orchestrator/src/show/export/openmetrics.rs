//! The last run of each series as `OpenMetrics` text, for the textfile collector of Prometheus' node exporter.
//!
//! Gauges only and no time stamps: the collector refuses stamps, and a counter reads differently in Prometheus' older
//! text format, which it parses. When the run was is a gauge of its own.

use std::fmt::Write;

use super::Series;
use crate::arn::function_name;
use crate::record::{Distribution, RunRecord};

/// How a gauge is read from a record: values, each with the label that distinguishes it.
type Read = fn(&RunRecord) -> Vec<(Option<(&'static str, &'static str)>, f64)>;

/// Name without prefix, unit, and what it is.
const GAUGES: [(&str, &str, &str, Read); 9] = [
    ("init_duration", "seconds", "Init duration of proven cold starts.", |r| figures(&r.init_ms)),
    ("restore_duration", "seconds", "Restore duration of proven starts from a snapshot.", |r| figures(&r.restore_ms)),
    ("cold_start_duration", "seconds", "Init or restore, and the handler without hold.", |r| figures(&r.cold_start_ms)),
    ("round_trip", "seconds", "Invoke sent to reply received.", |r| figures(&r.round_trip_ms)),
    ("yield", "ratio", "Proven samples over invocations that returned.", |r| {
        r.cold_yield.map(|value| (None, value)).into_iter().collect()
    }),
    ("proven_samples", "", "Proven samples of the last run.", |r| vec![(None, r.proven.into())]),
    ("wanted_samples", "", "Samples that the last run wanted.", |r| vec![(None, r.wanted.into())]),
    ("invocations", "", "Invocations of the last run.", |r| vec![(None, r.attempted.into())]),
    ("last_run_timestamp", "seconds", "When the last run was triggered, in seconds since 1970.", |r| {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds stay exact for 285,000 years")]
        let seconds = r.started_at.timestamp_millis() as f64 / 1_000.0;
        vec![(None, seconds)]
    }),
];

/// The gauges of each series' last run. What is not estimable is left out.
pub fn last_runs(series: &[Series]) -> String {
    let mut text = String::new();
    let written = "a string takes everything";
    for (name, unit, help, read) in GAUGES {
        let name = if unit.is_empty() { format!("coldwatch_{name}") } else { format!("coldwatch_{name}_{unit}") };
        writeln!(text, "# TYPE {name} gauge").expect(written);
        if !unit.is_empty() {
            writeln!(text, "# UNIT {name} {unit}").expect(written);
        }
        writeln!(text, "# HELP {name} {help}").expect(written);
        for series in series {
            let Some(record) = series.runs.last() else { continue };
            for (more, value) in read(record) {
                let more = more.map(|(label, value)| format!(",{label}=\"{value}\"")).unwrap_or_default();
                writeln!(text, "{name}{{{}{more}}} {value}", labels(series)).expect(written);
            }
        }
    }
    text + "# EOF\n"
}

fn figures(d: &Distribution) -> Vec<(Option<(&'static str, &'static str)>, f64)> {
    let figures = [
        ("min", d.min),
        ("p50", d.p50),
        ("p50_low", d.p50_low),
        ("p50_high", d.p50_high),
        ("p90", d.p90),
        ("max", d.max),
    ];
    figures.into_iter().filter_map(|(name, ms)| Some((Some(("figure", name)), ms? / 1_000.0))).collect()
}

fn labels(series: &Series) -> String {
    let (function, label) = (escaped(&function_name(&series.function)), escaped(&series.label));
    format!("function=\"{function}\",label=\"{label}\",protocol=\"{}\"", escaped(&series.protocol))
}

/// The value of a label as `OpenMetrics` writes it ("ABNF", escaped-string).
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
