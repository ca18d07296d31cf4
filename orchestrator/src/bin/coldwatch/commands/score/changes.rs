//! What change detection finds in files, in the form that scorers read.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use coldwatch::history::replay::{Alert, replay};
use coldwatch::history::{self, Metric};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::rows::ColumnArgs;
use crate::series_files::{MetricArg, in_parallel, sources};

/// Finds the changes of every series in a folder
#[derive(Debug, Args)]
pub struct ChangesArgs {
    /// A folder of series (`run,timestamp,n,samples`), or one such file
    path: PathBuf,
    /// Where to write what was found, as JSON
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which figure of each run to analyse
    #[arg(long, value_enum, default_value_t = MetricArg::P50)]
    metric: MetricArg,
    /// Judge each series run by run, as the orchestrator does, and write the alerts that this raises
    #[arg(long)]
    replay: bool,
}

/// The file of changes.
#[derive(Serialize)]
struct Detections {
    tool: &'static str,
    metric: Metric,
    /// Mean time in ms to find the changes of a series, reading the file not included.
    ms_per_series: f64,
    det: BTreeMap<String, Vec<usize>>,
}

/// The file of alerts.
#[derive(Serialize)]
struct Replayed {
    tool: &'static str,
    metric: Metric,
    alerts: BTreeMap<String, Vec<Alert>>,
}

/// Finds the changes, or the alerts, and writes them.
pub(super) fn execute(args: &ChangesArgs) -> Result<Exit, Failure> {
    let sources = sources(&args.path, &ColumnArgs::default())?;
    if args.replay {
        let metric = args.metric.into();
        let said = in_parallel(&sources, |source| Ok((source.id(), replay(&source.runs()?, metric))))?;
        let replayed = Replayed { tool: "coldwatch", metric, alerts: said.into_iter().collect() };
        write(&args.out, &replayed)?;
        return Ok(Exit::Done);
    }
    let found = in_parallel(&sources, |source| {
        let runs = source.runs()?;
        let start = Instant::now();
        let indices = history::change_indices(&runs, args.metric.into());
        Ok((source.id(), indices, start.elapsed()))
    })?;
    let spent: Duration = found.iter().map(|(_, _, time)| *time).sum();
    let series = u32::try_from(found.len()).expect("a folder has fewer files");
    let detections = Detections {
        tool: "coldwatch",
        metric: args.metric.into(),
        ms_per_series: (spent / series).as_secs_f64() * 1_000.0,
        det: found.into_iter().map(|(id, indices, _)| (id, indices)).collect(),
    };
    write(&args.out, &detections)?;
    Ok(Exit::Done)
}

fn write(path: &Path, document: &impl Serialize) -> Result<(), Failure> {
    let mut out = Output::open(Some(path))?;
    serde_json::to_writer(&mut out, document)?;
    writeln!(out)?;
    out.finish()
}
