//! `coldwatch export`: stored runs in the formats of other tools.

use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use coldwatch::aws::{Aws, StoreError};
use coldwatch::record::{RoundSamples, RunRecord};
use coldwatch::show::export::{Series, bencher, csv, github, openmetrics, otava};
use coldwatch::show::json::HistoryDocument;

use crate::Place;
use crate::outcome::{Exit, Failure, warn};
use crate::report::time;

/// Arguments of `export`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ExportArgs {
    #[command(flatten)]
    place: Place,
    /// Only series whose label or function contains this
    target: Option<String>,
    /// The format
    #[arg(long, value_enum)]
    format: Format,
    /// A row per run or per sample
    #[arg(long, value_enum, default_value_t = Of::Runs)]
    of: Of,
    /// Only runs from then on, such as `2026-11-01` or `2026-11-01T14:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// File to write instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "Examples:\n  \
    coldwatch export --format csv --of samples --since 2026-11-01 --out samples.csv\n  \
    coldwatch export checkout --format otava --out checkout.csv\n  \
    coldwatch export --format github >> \"$GITHUB_STEP_SUMMARY\"\n  \
    coldwatch export --format openmetrics --out /var/lib/node_exporter/coldwatch.prom\n\n\
    docs/exports.md has the columns, and how each tool is told to read its file.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table for spreadsheets and data frames
    Csv,
    /// The records as they are stored, as `history --json` prints them
    Json,
    /// One series as a CSV file that Apache Otava 0.8 reads
    Otava,
    /// The last run of each series as Bencher Metric Format
    Bencher,
    /// The last run of each series as Markdown for a job summary
    Github,
    /// The last run of each series as a text file for Prometheus' node exporter
    Openmetrics,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    Runs,
    Samples,
}

/// Reads the runs and prints or writes them.
pub async fn execute(args: ExportArgs) -> Result<Exit, Failure> {
    if args.of == Of::Samples && args.format != Format::Csv {
        return Err(Failure::bad_input("--of samples goes with --format csv; the other formats have runs"));
    }
    let (aws, standin) = args.place.open().await?;
    let exported = export(&aws, &args).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let text = exported?;
    let Some(file) = &args.out else {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        return Ok(Exit::Done);
    };
    std::fs::write(file, text).map_err(|e| Failure::failed(format!("{}: {e}", file.display())))?;
    Ok(Exit::Done)
}

async fn export(aws: &Aws, args: &ExportArgs) -> Result<String, Failure> {
    let series = read(aws, args).await?;
    if series.iter().all(|series| series.runs.is_empty()) {
        warn("no such runs are stored here; `coldwatch run` makes some");
    }
    Ok(match (args.format, args.of) {
        (Format::Csv, Of::Runs) => csv::runs(&series),
        (Format::Csv, Of::Samples) => {
            let runs = with_samples(aws, &series).await?;
            csv::samples(runs.iter().map(|(record, rounds)| (*record, rounds.as_slice())))
        }
        (Format::Json, _) => {
            let runs = |series: Series| (format!("{}#{}", series.function, series.protocol), series.runs);
            let series: Vec<(String, Vec<RunRecord>)> = series.into_iter().map(runs).collect();
            serde_json::to_string_pretty(&HistoryDocument::new(&series))? + "\n"
        }
        (Format::Otava, _) => match series.as_slice() {
            [series] => otava::series(series),
            several => {
                let names: Vec<String> = several.iter().map(|s| format!("{} ({})", s.label, s.protocol)).collect();
                let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(Failure::bad_input(format!("Otava reads one series a file; those chosen: {names}")));
            }
        },
        (Format::Bencher, _) => bencher::last_runs(&series),
        (Format::Github, _) => github::last_runs(&series),
        (Format::Openmetrics, _) => openmetrics::last_runs(&series),
    })
}

async fn read(aws: &Aws, args: &ExportArgs) -> Result<Vec<Series>, StoreError> {
    let mut series = Vec::new();
    for entry in aws.store.series().await? {
        let wanted = |text: &String| entry.label.contains(text.as_str()) || entry.function.contains(text.as_str());
        if args.target.as_ref().is_some_and(|text| !wanted(text)) {
            continue;
        }
        let mut runs = aws.store.runs(&entry.series, None).await?;
        runs.retain(|run| args.since.is_none_or(|since| run.started_at >= since));
        series.push(Series { label: entry.label, function: entry.function, protocol: entry.protocol, runs });
    }
    Ok(series)
}

/// The runs with their stored rounds; those of runs older than what is kept are gone.
async fn with_samples<'a>(
    aws: &Aws,
    series: &'a [Series],
) -> Result<Vec<(&'a RunRecord, Vec<RoundSamples>)>, StoreError> {
    let mut runs = Vec::new();
    for record in series.iter().flat_map(|series| &series.runs) {
        runs.push((record, aws.store.rounds(&record.series, record.started_at, &record.run_id).await?));
    }
    Ok(runs)
}
