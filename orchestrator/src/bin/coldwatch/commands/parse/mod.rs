//! `coldwatch parse`: the platform reports of a log in any envelope.

mod formats;
mod summary;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use log_envelopes::Entry;

use crate::exit::{Exit, Failure};
use crate::logs::{self, Seen};
use crate::output::stdout;
use formats::{Format, Printer};
use summary::{By, Summary};

/// Prints the platform reports (REPORT lines and `platform.report` events) of logs
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ParseArgs {
    /// Logs in any envelope: text, JSON, YAML, CSV, base64, gzip; folders of such files; `-` is standard input
    #[arg(default_value = "-")]
    files: Vec<PathBuf>,
    /// Only the last report of this request
    #[arg(long, value_name = "ID", conflicts_with = "summary")]
    request_id: Option<String>,
    /// What to print of each report
    #[arg(long, value_enum, default_value_t = Format::Jsonl, conflicts_with = "summary")]
    format: Format,
    /// Print one line a function (or log stream) instead: invocations, cold starts, failed inits, init durations
    #[arg(long)]
    summary: bool,
    /// With --summary: what a line is of
    #[arg(long, value_enum, requires = "summary")]
    by: Option<By>,
    /// End with exit code 0 although no report was found
    #[arg(long)]
    allow_empty: bool,
}

const EXAMPLES: &str = "\
Notes on what was unpacked go to standard error. Without any report the exit code is 1.

Examples:
  aws logs filter-log-events --log-group-name /aws/lambda/checkout | coldwatch parse
  aws lambda invoke --function-name checkout --log-type Tail out.json | coldwatch parse
  coldwatch parse --summary log-events-viewer-result.csv
  coldwatch parse --format table exported/*/*.gz
  gh run view 12345678 --log | coldwatch parse --allow-empty";

/// Reads the files, or standard input, and prints what is in them.
pub fn execute(args: &ParseArgs) -> Result<Exit, Failure> {
    let mut output = BufWriter::new(stdout());
    let exit = parse(args, &mut output)?;
    output.flush()?;
    Ok(exit)
}

fn parse(args: &ParseArgs, output: &mut impl Write) -> Result<Exit, Failure> {
    if args.summary {
        let mut summary = Summary::new(args.by.unwrap_or(By::Function));
        let seen = logs::read(&args.files, |file, entry| {
            summary.enter(file, &entry);
            Ok(())
        })?;
        if seen.reports > 0 {
            summary.print(output)?;
        }
        return ended(args, &seen);
    }
    if let Some(id) = &args.request_id {
        let mut last: Option<Entry> = None;
        logs::read(&args.files, |_, entry| {
            if entry.report.request_id == *id {
                last = Some(entry);
            }
            Ok(())
        })?;
        let none = || Failure::failed(format!("no readable REPORT of request `{id}`"));
        let last = last.ok_or_else(none)?;
        Printer::new(args.format, output)?.print(&last)?;
        return Ok(Exit::Done);
    }
    let mut printer = Printer::new(args.format, output)?;
    let seen = logs::read(&args.files, |_, entry| printer.print(&entry))?;
    ended(args, &seen)
}

/// Nothing found is a failure, unless it was allowed: a pipe would go on with an empty success.
fn ended(args: &ParseArgs, seen: &Seen) -> Result<Exit, Failure> {
    match seen.reports {
        0 if !args.allow_empty => Err(Failure::failed(format!("{seen}; `--allow-empty` ends with 0 all the same"))),
        _ => Ok(Exit::Done),
    }
}

#[cfg(test)]
mod tests;
