//! `coldwatch history`: the stored runs.

use std::io::Write;

use clap::Args;
use coldwatch::record::RunRecord;
use coldwatch::show::json::HistoryDocument;
use coldwatch::show::text;

use crate::Place;
use crate::outcome::{Exit, Failure};

/// Arguments of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    place: Place,
    /// Only series whose label or function contains this
    target: Option<String>,
    /// Only the last N runs of each series
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
    last: Option<i32>,
    /// Print the records as JSON
    #[arg(long)]
    json: bool,
}

/// Prints the series with their runs, oldest first.
pub async fn execute(args: HistoryArgs) -> Result<Exit, Failure> {
    let (aws, standin) = args.place.open().await?;
    let mut series: Vec<(String, Vec<RunRecord>)> = Vec::new();
    for entry in aws.store.series().await? {
        let wanted = |text: &String| entry.label.contains(text.as_str()) || entry.function.contains(text.as_str());
        if args.target.as_ref().is_none_or(wanted) {
            series.push((entry.series.clone(), aws.store.runs(&entry.series, args.last).await?));
        }
    }
    if let Some(standin) = standin {
        standin.stop().await;
    }
    show(&series, &args)?;
    Ok(Exit::Done)
}

fn show(series: &[(String, Vec<RunRecord>)], args: &HistoryArgs) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut out, &HistoryDocument::new(series))?;
        writeln!(out)?;
        return Ok(());
    }
    for (name, runs) in series {
        let Some(last) = runs.last() else { continue };
        writeln!(out, "{}  ({name})\n{}\n", last.label, text::history(runs))?;
    }
    if series.iter().all(|(_, runs)| runs.is_empty()) {
        eprintln!("no runs are stored here yet; `coldwatch run` makes some");
    }
    Ok(())
}
