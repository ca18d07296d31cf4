//! `coldwatch report`: the history as one HTML file.

use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use coldwatch::aws::{Aws, SeriesEntry};
use coldwatch::history::{self, judge};
use coldwatch::show::html::{self, Report, SeriesHistory};

use crate::Place;
use crate::outcome::{Exit, Failure, warn};
use crate::output::Output;

/// Records of a series from which outcomes, cost and provenance are told.
const RECENT: i32 = 30;

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "The file needs neither network nor script to be read, and can be sent around or printed. \
                        What needs attention stands first; every figure has its interval.")]
pub struct ReportArgs {
    #[command(flatten)]
    place: Place,
    /// Only series whose label or function contains this
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,
    /// Show only runs from then on; all are judged. Such as `2026-11-01` or `2026-11-01T14:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<DateTime<Utc>>,
    /// File to write; `-` is stdout
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

/// Reads the history and writes the page.
pub async fn execute(args: ReportArgs) -> Result<Exit, Failure> {
    let (aws, standin) = args.place.open().await?;
    let text = args.target.as_deref();
    let wanted =
        |entry: &SeriesEntry| text.is_none_or(|text| entry.label.contains(text) || entry.function.contains(text));
    let report = gather(&aws, &args.place, wanted, args.since).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    write(&report?, &args.out)?;
    if args.open {
        open(&args.out);
    }
    Ok(Exit::Done)
}

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

/// The wanted series; where there are none among those stored, it is bad input.
pub fn chosen(entries: &[SeriesEntry], wanted: impl Fn(&SeriesEntry) -> bool) -> Result<Vec<&SeriesEntry>, Failure> {
    let chosen: Vec<&SeriesEntry> = entries.iter().filter(|entry| wanted(entry)).collect();
    if chosen.is_empty() && !entries.is_empty() {
        let labels: Vec<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
        return Err(Failure::bad_input(format!("no such target is stored here; there are {}", labels.join(", "))));
    }
    Ok(chosen)
}

async fn history(aws: &Aws, entry: &SeriesEntry, since: Option<DateTime<Utc>>) -> Result<SeriesHistory, Failure> {
    let mut runs = Vec::new();
    aws.store.each_run(&entry.series, None, |run| runs.push(run)).await?;
    let mut recent = aws.store.runs(&entry.series, Some(RECENT)).await?;
    recent.retain(|record| since.is_none_or(|since| record.started_at >= since));
    let mut samples = Vec::new();
    if let Some(last) = recent.last() {
        let rounds = aws.store.rounds(&entry.series, last.started_at, &last.run_id).await?;
        samples.extend(rounds.iter().flat_map(coldwatch::record::RoundSamples::rows));
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
    eprintln!("wrote {}: {} series, {} KB", out.display(), report.series.len(), page.len().div_ceil(1_000));
    Ok(())
}

/// Why there is nothing to show, and what to do, where no series at all is stored and where some are.
pub fn nothing(at_all: bool) -> &'static str {
    if at_all {
        "no runs are stored here yet; `coldwatch run` makes some, and `coldwatch import` brings those of elsewhere"
    } else {
        "the series chosen have no runs, or none as late as `--since`"
    }
}

/// Writes a page to a file, in place when it is whole, or to stdout for `-`.
pub fn put(page: &str, out: &Path) -> Result<(), Failure> {
    let mut output = Output::open((out != Path::new("-")).then_some(out))?;
    output.write_all(page.as_bytes())?;
    output.finish()
}

fn open(file: &Path) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(error) = std::process::Command::new(opener).arg(file).spawn() {
        warn(format!("{} cannot be opened: {opener}: {error}", file.display()));
    }
}

/// The command as it was typed, for the footer.
pub fn command_line() -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    let quoted = |argument: String| {
        if argument.chars().all(plain) && !argument.is_empty() {
            argument
        } else {
            format!("'{}'", argument.replace('\'', "'\\''"))
        }
    };
    let arguments = std::env::args().skip(1).map(quoted);
    std::iter::once("coldwatch".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Reads a day or a moment.
pub fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || text.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
    let moment = || text.parse::<DateTime<chrono::FixedOffset>>().ok().map(|time| time.to_utc());
    moment().or_else(day).ok_or_else(|| "expected a day (2026-11-01) or a time (2026-11-01T14:00:00Z)".to_owned())
}
