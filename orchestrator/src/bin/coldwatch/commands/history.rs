//! `coldwatch history`: the runs of each series, its current level, and its changes.

use std::io::Write;

use chrono::{DateTime, Utc};
use clap::Args;
use coldwatch::aws::Aws;
use coldwatch::history::platform::{Member, PlatformEvent, platform_events};
use coldwatch::history::{self, Judgement, Run, judge};
use coldwatch::record::RunRecord;
use coldwatch::record::series::SeriesEntry;
use coldwatch::show::json::HistoryDocument;
use coldwatch::show::{text, trend};

use crate::exit::{Exit, Failure, tell};
use crate::output::stdout;
use crate::place::Place;
use crate::series::{chosen, nothing};
use crate::times::time;

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    place: Place,
    /// Only series whose label or function contains this
    target: Option<String>,
    /// Also list the runs
    #[arg(long)]
    runs: bool,
    /// Also list the last N runs of each series
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    last: Option<i32>,
    /// Only show runs since TIME (all runs are still analysed), such as `2026-11-01` or `2026-11-01T14:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// Print the analysis and the records as JSON
    #[arg(long)]
    json: bool,
}

/// A series as it was read.
struct Read {
    entry: SeriesEntry,
    runs: Vec<Run>,
    judged: Judgement,
    records: Vec<RunRecord>,
}

impl Read {
    /// What there is to show from then on.
    fn since(self, since: DateTime<Utc>) -> Self {
        let (runs, judged) = history::since(self.runs, self.judged, since);
        let mut records = self.records;
        records.retain(|record| record.started_at >= since);
        Self { runs, judged, records, ..self }
    }
}

/// Prints the series, each with what was found in it.
pub async fn execute(args: HistoryArgs) -> Result<Exit, Failure> {
    let (aws, standin) = args.place.open().await?;
    let series = read(&aws, &args).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let mut series = series?;
    let mut events = events(&series);
    if let Some(since) = args.since {
        events.retain(|event| event.until >= since);
        series = series.into_iter().map(|series| series.since(since)).collect();
    }
    show(&series, &events, &args)?;
    Ok(Exit::Done)
}

async fn read(aws: &Aws, args: &HistoryArgs) -> Result<Vec<Read>, Failure> {
    let mut series = Vec::new();
    let entries = aws.store.series().await?;
    let text = args.target.as_deref();
    let wanted =
        |entry: &SeriesEntry| text.is_none_or(|text| entry.label.contains(text) || entry.function.contains(text));
    for entry in chosen(&entries, wanted)? {
        let mut runs = Vec::new();
        aws.store.each_run(&entry.series, None, |run| runs.push(run)).await?;
        let mut records = Vec::new();
        if args.json || args.runs || args.last.is_some() {
            records = aws.store.runs(&entry.series, args.last).await?;
        }
        series.push(Read { judged: judge(&runs), entry: entry.clone(), runs, records });
    }
    Ok(series)
}

/// What moved many of the series that were read.
fn events(series: &[Read]) -> Vec<PlatformEvent> {
    let members =
        series.iter().filter_map(|s| Member::of(&s.entry.series, &s.runs, &s.judged.changes, s.entry.control));
    platform_events(&members.collect::<Vec<_>>())
}

fn show(series: &[Read], events: &[PlatformEvent], args: &HistoryArgs) -> Result<(), Failure> {
    let mut out = stdout();
    if args.json {
        let views = series.iter().map(|s| (&s.entry, &s.judged, s.records.as_slice()));
        serde_json::to_writer_pretty(&mut out, &HistoryDocument::judged(views, events))?;
        writeln!(out)?;
        return Ok(());
    }
    for Read { entry, runs, judged, records } in series.iter().filter(|s| !s.runs.is_empty()) {
        writeln!(out, "{}", trend::series(entry, runs, judged))?;
        if !records.is_empty() {
            writeln!(out, "{}", text::history(records))?;
            if let Some(failures) = text::failures_of_the_last(records) {
                writeln!(out, "{failures}")?;
            }
            writeln!(out)?;
        }
    }
    for event in events {
        writeln!(out, "{}", text::platform_event(event))?;
    }
    if series.iter().all(|s| s.runs.is_empty()) {
        tell(nothing(series.is_empty()));
    }
    Ok(())
}
