//! The page: what it shows is read here, and it is written where it was asked for.

use std::path::Path;

use chrono::{DateTime, Utc};
use coldwatch::aws::Aws;
use coldwatch::history::{self, judge};
use coldwatch::record::round::RoundSamples;
use coldwatch::record::series::SeriesEntry;
use coldwatch::show::html::{self, Report, SeriesHistory};

use crate::exit::{Failure, tell, warn};
use crate::output;
use crate::place::Place;
use crate::series::{chosen, nothing};

/// How many records of a series are read for outcomes, cost and provenance.
const RECENT: i32 = 30;

/// Reads what a report of the wanted series shows, of the runs since then.
pub async fn gather(
    aws: &Aws,
    place: &Place,
    wanted: impl Fn(&SeriesEntry) -> bool,
    since: Option<DateTime<Utc>>,
) -> Result<Report, Failure> {
    let entries = aws.store.series().await?;
    let mut series = Vec::new();
    for entry in chosen(&entries, wanted)? {
        series.push(history(aws, entry, since).await?);
    }
    Ok(Report { made_at: Utc::now(), command: command_line(), place: place.name(&entries), series })
}

async fn history(aws: &Aws, entry: &SeriesEntry, since: Option<DateTime<Utc>>) -> Result<SeriesHistory, Failure> {
    let mut runs = Vec::new();
    aws.store.each_run(&entry.series, None, |run| runs.push(run)).await?;
    let mut recent = aws.store.runs(&entry.series, Some(RECENT)).await?;
    recent.retain(|record| since.is_none_or(|since| record.started_at >= since));
    let mut samples = Vec::new();
    if let Some(last) = recent.last() {
        let rounds = aws.store.rounds(&entry.series, last.started_at, &last.run_id).await?;
        samples.extend(rounds.iter().flat_map(RoundSamples::rows));
    }
    let mut judgement = judge(&runs);
    if let Some(since) = since {
        (runs, judgement) = history::since(runs, judgement, since);
    }
    Ok(SeriesHistory {
        label: entry.label.clone(),
        function: entry.function.clone(),
        protocol: entry.protocol.clone(),
        control: entry.control,
        runs,
        judgement,
        recent,
        samples,
    })
}

/// Writes the page, and says where it is.
pub fn write(report: &Report, out: &Path) -> Result<(), Failure> {
    let page = html::render(report);
    put(&page, out)?;
    if out == Path::new("-") {
        return Ok(());
    }
    if report.series.iter().all(|series| series.runs.is_empty()) {
        warn(nothing(report.series.is_empty()));
    }
    let (series, size) = (report.series.len(), page.len().div_ceil(1_000));
    tell(format_args!("wrote {}: {series} series, {size} KB", out.display()));
    Ok(())
}

/// Writes a page to a file, in place when it is whole, or to stdout for `-`.
pub fn put(page: &str, out: &Path) -> Result<(), Failure> {
    output::put(page, (out != Path::new("-")).then_some(out))
}

/// The command as it was typed, for the footer.
pub fn command_line() -> String {
    let quoted = |argument: String| {
        if argument.chars().all(is_plain) && !argument.is_empty() {
            argument
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    };
    let arguments = std::env::args().skip(1).map(quoted);
    std::iter::once("coldwatch".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Whether a shell takes a character as it is.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c)
}
