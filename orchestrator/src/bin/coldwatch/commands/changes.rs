//! `coldwatch changes`: the changes of a series in a file, or of every series in a folder.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use coldwatch::history::platform::{Member, platform_events};
use coldwatch::history::{self, Change, Run};
use coldwatch::show::json::ChangesDocument;
use coldwatch::show::text;

use crate::exit::{Exit, Failure};
use crate::output::stdout;
use crate::rows::ColumnArgs;
use crate::series_files::{MetricArg, in_parallel, sources};

/// Arguments of `changes`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct ChangesArgs {
    /// A file with one series (`run,timestamp,n,samples`: one run a line, samples in ms, separated by blanks), a folder
    /// of such files, or a file with several series (`series,timestamp,init_ms`: one cold start a line, as for
    /// `import`)
    path: PathBuf,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Which figure of each run to analyse
    #[arg(long, value_enum, default_value_t = MetricArg::P50)]
    metric: MetricArg,
    /// Print the changes as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = "The index of a change is its first run, counted from 0. A change is provisional until enough \
    runs confirm it.\n\
    In a folder, changes of many series at the same time are shown as platform events. The architecture (arm64, \
    x86_64)\n\
    is taken from the file names.\n\n\
    Example:\n  coldwatch changes login.csv\n  coldwatch changes series/ --metric p90";

/// Finds the changes, and prints them.
pub fn execute(args: &ChangesArgs) -> Result<Exit, Failure> {
    let sources = sources(&args.path, &args.columns)?;
    let judged: Vec<(String, Vec<Run>, Vec<Change>)> = in_parallel(&sources, |source| {
        let runs = source.runs()?.into_owned();
        let changes = history::changes(&runs, args.metric.into());
        Ok((source.id(), runs, changes))
    })?;
    let events = platform_events(&judged.iter().filter_map(member).collect::<Vec<_>>());
    let mut out = stdout();
    if args.json {
        let series = judged.iter().map(|(id, runs, changes)| (id.as_str(), runs.len(), changes.as_slice()));
        serde_json::to_writer_pretty(&mut out, &ChangesDocument::new(args.metric.into(), series, &events))?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    for (id, runs, changes) in &judged {
        writeln!(out, "{}", text::changes(id, runs.len(), changes))?;
    }
    for event in &events {
        writeln!(out, "{}", text::platform_event(event))?;
    }
    Ok(Exit::Done)
}

/// A series among the others of its folder. Its architecture is what its name says.
fn member((id, runs, changes): &(String, Vec<Run>, Vec<Change>)) -> Option<Member<'_>> {
    let architecture = ["arm64", "x86_64"].into_iter().find(|name| id.contains(name));
    let measured = (runs.first()?.at, runs.last()?.at);
    Some(Member { series: id, architecture, control: false, measured, changes })
}
