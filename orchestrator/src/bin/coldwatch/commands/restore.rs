//! `coldwatch restore`: puts back what a dead run left behind.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::restore::{Patience, Restored, journalled, restore_each};

use crate::context::context;
use crate::exit::{Exit, Failure, whoever_reads};
use crate::output::print;
use crate::place::Place;
use crate::progress;

/// Arguments of `restore`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RestoreArgs {
    #[command(flatten)]
    place: Place,
    /// Functions to look at, whether or not a run has left a note about them [default: all that it has]
    functions: Vec<String>,
    /// Wait for runs that are measuring a function, or have just died
    #[arg(long)]
    wait: bool,
}

const EXAMPLES: &str = "\
A function is put back once the lock of the run that changed it has run out: 60 s after it died. --wait waits for that.

Examples:
  coldwatch restore --wait
  coldwatch restore checkout      also if a deployment has brought back what a run had removed";

/// Puts back every function whose journal is still there, or those that are named, and says what became of each.
pub async fn execute(args: RestoreArgs) -> Result<Exit, Failure> {
    let (aws, standin) = args.place.open().await?;
    let context = context(aws, None, Duration::from_mins(10), Arc::new(|_| {})).await?;
    let results = restore(&context, &args).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let results = results?;
    whoever_reads(show(&results))?;
    Ok(if results.iter().any(|(_, restored)| has_failed(restored)) { Exit::Failed } else { Exit::Done })
}

async fn restore(context: &RunContext, args: &RestoreArgs) -> Result<Vec<(String, Restored)>, Failure> {
    let functions = if args.functions.is_empty() { journalled(context).await? } else { named(context, args).await? };
    let patience = if args.wait { Patience::Wait } else { Patience::Leave };
    let bar = progress::of_restore(functions.len() as u64);
    Ok(restore_each(context, functions, patience, |_, _| bar.inc(1)).await)
}

/// The functions that were named, each once.
async fn named(context: &RunContext, args: &RestoreArgs) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    for name in &args.functions {
        match context.aws.lambda.function(name).await {
            Ok(config) => found.push(config.arn),
            Err(error) if error.is_not_found() => {
                return Err(Failure::bad_input(format!("there is no function `{name}` in this account and region")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn show(results: &[(String, Restored)]) -> Result<(), Failure> {
    if results.is_empty() {
        print("nothing to restore")?;
    }
    results.iter().try_for_each(|(function, restored)| print(format_args!("{function}: {}", words(restored))))
}

fn words(restored: &Restored) -> String {
    match restored {
        Restored::PutBack => "put back".to_owned(),
        Restored::Untouched => "did not need to be put back".to_owned(),
        Restored::Gone => "no longer exists".to_owned(),
        Restored::Busy(holder) => {
            format!("run {holder} is measuring it, or has just died and its lock is still valid; use --wait")
        }
        Restored::Failed(error) => format!("not put back: {error}"),
    }
}

/// Whether a function may still have the run's change.
fn has_failed(restored: &Restored) -> bool {
    matches!(restored, Restored::Busy(_) | Restored::Failed(_))
}
