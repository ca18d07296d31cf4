//! `coldwatch export`: stored runs in the formats of other tools.

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use coldwatch::aws::Aws;
use coldwatch::history::{self, Judgement, judge};
use coldwatch::record::RunRecord;
use coldwatch::record::round::RoundSamples;
use coldwatch::record::series::SeriesEntry;
use coldwatch::show::export::{Series, bencher, csv, github, openmetrics, otava};
use coldwatch::show::json::HistoryDocument;

use crate::exit::{Exit, Failure, warn};
use crate::output::Output;
use crate::place::Place;
use crate::times::time;

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
    /// Only runs since TIME, such as `2026-11-01` or `2026-11-01T14:00:00Z`
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
    docs/exports.md lists the columns, and how to configure each tool.";

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
        return Err(Failure::bad_input("--of samples only works with --format csv; the other formats contain runs"));
    }
    let (aws, standin) = args.place.open().await?;
    let exported = export(&aws, &args).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    exported.map(|()| Exit::Done)
}

/// Reads and writes; a file that is not written to its end is not put in place.
async fn export(aws: &Aws, args: &ExportArgs) -> Result<(), Failure> {
    let entries = wanted(aws, args).await?;
    let mut out = Output::open(args.out.as_deref())?;
    match (args.format, args.of) {
        (Format::Csv, Of::Runs) => runs_as_csv(aws, args, &entries, &mut out).await?,
        (Format::Csv, Of::Samples) => samples_as_csv(aws, args, &entries, &mut out).await?,
        (Format::Json, _) => {
            let mut series = Vec::new();
            for entry in &entries {
                series.push((entry.series.clone(), all_runs(aws, args, entry).await?.runs));
            }
            writeln!(out, "{}", serde_json::to_string_pretty(&HistoryDocument::new(&series))?)?;
        }
        (Format::Otava, _) => out.write_all(otava::series(&all_runs(aws, args, one(&entries)?).await?).as_bytes())?,
        (Format::Bencher, _) => out.write_all(bencher::last_runs(&last_runs(aws, args, &entries).await?).as_bytes())?,
        (Format::Openmetrics, _) => {
            out.write_all(openmetrics::last_runs(&last_runs(aws, args, &entries).await?).as_bytes())?;
        }
        (Format::Github, _) => {
            let judged = judgements(aws, args, &entries).await?;
            let series = last_runs(aws, args, &entries).await?.into_iter().zip(judged).collect::<Vec<_>>();
            out.write_all(github::last_runs(&series).as_bytes())?;
        }
    }
    out.finish()
}

/// The series asked for.
async fn wanted(aws: &Aws, args: &ExportArgs) -> Result<Vec<SeriesEntry>, Failure> {
    let mut entries = aws.store.series().await?;
    entries.retain(|entry| args.target.as_ref().is_none_or(|text| is_named(entry, text)));
    if entries.iter().all(|entry| args.since.is_some_and(|since| entry.last_run_at < since)) {
        warn("no matching runs are stored here; `coldwatch run` measures some");
    }
    Ok(entries)
}

async fn runs_as_csv(aws: &Aws, args: &ExportArgs, entries: &[SeriesEntry], out: &mut Output) -> Result<(), Failure> {
    let mut table = csv::Table::of_runs(out)?;
    for entry in entries {
        aws.store.each_record(&entry.series, args.since, |record| Ok::<_, Failure>(table.add_run(&record)?)).await?;
    }
    Ok(table.finish()?)
}

/// The samples of the runs that have a record; those of runs older than what is kept are gone.
async fn samples_as_csv(
    aws: &Aws,
    args: &ExportArgs,
    entries: &[SeriesEntry],
    out: &mut Output,
) -> Result<(), Failure> {
    let mut table = csv::Table::of_samples(out)?;
    for entry in entries {
        let runs = all_runs(aws, args, entry).await?.runs;
        let runs: HashMap<&str, &RunRecord> = runs.iter().map(|run| (run.run_id.as_str(), run)).collect();
        let add = |round: RoundSamples| match runs.get(round.run_id.as_str()) {
            Some(run) => Ok::<_, Failure>(table.add_round(run, &round)?),
            None => Ok(()),
        };
        aws.store.each_round(&entry.series, args.since, add).await?;
    }
    Ok(table.finish()?)
}

/// One series with all its runs.
async fn all_runs(aws: &Aws, args: &ExportArgs, entry: &SeriesEntry) -> Result<Series, Failure> {
    let mut series = empty(entry);
    let take = |record| {
        series.runs.push(record);
        Ok::<_, Failure>(())
    };
    aws.store.each_record(&entry.series, args.since, take).await?;
    Ok(series)
}

/// Each series with its last run, and before it the last one that proved something, if that is another.
async fn last_runs(aws: &Aws, args: &ExportArgs, entries: &[SeriesEntry]) -> Result<Vec<Series>, Failure> {
    let mut all = Vec::new();
    for entry in entries {
        let mut series = empty(entry);
        let take = |record: RunRecord| {
            let barren = record.proven == 0;
            series.runs.retain(|kept| barren && kept.proven > 0);
            series.runs.push(record);
            Ok::<_, Failure>(())
        };
        aws.store.each_record(&entry.series, args.since, take).await?;
        all.push(series);
    }
    Ok(all)
}

async fn judgements(aws: &Aws, args: &ExportArgs, entries: &[SeriesEntry]) -> Result<Vec<Judgement>, Failure> {
    let mut judged = Vec::new();
    for entry in entries {
        let mut runs = Vec::new();
        aws.store.each_run(&entry.series, None, |run| runs.push(run)).await?;
        let judgement = judge(&runs);
        judged.push(match args.since {
            Some(since) => history::since(runs, judgement, since).1,
            None => judgement,
        });
    }
    Ok(judged)
}

fn empty(entry: &SeriesEntry) -> Series {
    let SeriesEntry { label, function, protocol, .. } = entry.clone();
    Series { label, function, protocol, runs: Vec::new() }
}

fn one(entries: &[SeriesEntry]) -> Result<&SeriesEntry, Failure> {
    if let [entry] = entries {
        return Ok(entry);
    }
    let names: Vec<String> = entries.iter().map(|entry| format!("{} ({})", entry.label, entry.protocol)).collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(Failure::bad_input(format!("Otava reads one series per file; you chose {names}")))
}

/// Whether the label or the function contains the text.
fn is_named(entry: &SeriesEntry, text: &str) -> bool {
    entry.label.contains(text) || entry.function.contains(text)
}
