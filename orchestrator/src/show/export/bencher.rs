//! The last run of each series as Bencher Metric Format (bencher.dev, "Bencher Metric Format"), for
//! `bencher run --adapter json --file …`.

use serde_json::{Map, Value, json};

use super::{Series, start};
use crate::record::Distribution;

/// A benchmark per series that has proven something, with its medians in ms, their intervals where they are
/// estimable, and p90 where it is.
pub fn last_runs(series: &[Series]) -> String {
    let mut benchmarks = Map::new();
    for series in series {
        let Some(record) = series.runs.iter().rfind(|run| run.proven > 0) else { continue };
        let (name, start) = start(record);
        let mut measures = Map::new();
        for (name, distribution) in [(name, start), ("cold-start", &record.cold_start_ms)] {
            measures.extend(median(distribution).map(|value| (format!("{name}-duration-ms"), value)));
        }
        measures.extend(start.p90.map(|p90| (format!("{name}-duration-p90-ms"), json!({ "value": p90 }))));
        benchmarks.insert(series.name(), Value::Object(measures));
    }
    format!("{:#}\n", Value::Object(benchmarks))
}

fn median(d: &Distribution) -> Option<Value> {
    let mut metric = json!({ "value": d.p50? });
    if let (Some(low), Some(high)) = (d.p50_low, d.p50_high) {
        metric["lower_value"] = low.into();
        metric["upper_value"] = high.into();
    }
    Some(metric)
}
