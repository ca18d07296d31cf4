//! `coldwatch report`: the history as one HTML file.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use coldwatch::record::series::SeriesEntry;

use crate::exit::{Exit, Failure, warn};
use crate::page::{gather, write};
use crate::place::Place;
use crate::times::time;

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = "You can read the page without a network or JavaScript, send it to others, or print it. It \
                        starts with what needs attention, and every figure has its interval.")]
pub struct ReportArgs {
    #[command(flatten)]
    place: Place,
    /// Only series whose label or function contains this
    #[arg(long, value_name = "TEXT")]
    target: Option<String>,
    /// Only show runs since TIME (all runs are still analysed), such as `2026-11-01` or `2026-11-01T14:00:00Z`
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

fn open(file: &Path) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(error) = std::process::Command::new(opener).arg(file).spawn() {
        warn(format!("{} cannot be opened: {opener}: {error}", file.display()));
    }
}
