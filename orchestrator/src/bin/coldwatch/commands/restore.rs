//! `coldwatch restore`: puts back what a dead run left behind.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use coldwatch::measure::restore::{Restored, restore_all};

use crate::context::context;
use crate::exit::{Exit, Failure, whoever_reads};
use crate::output::print;
use crate::place::Place;

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    place: Place,
}

/// Puts every function back whose journal is still there, and says what became of each.
pub async fn execute(args: RestoreArgs) -> Result<Exit, Failure> {
    let (aws, standin) = args.place.open().await?;
    let context = context(aws, None, Duration::from_mins(10), Arc::new(|_| {})).await?;
    let results = restore_all(&context).await?;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    whoever_reads(show(&results))?;
    let failed = |restored: &Restored| matches!(restored, Restored::Busy(_) | Restored::Failed(_));
    Ok(if results.iter().any(|(_, restored)| failed(restored)) { Exit::Failed } else { Exit::Done })
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
            format!("run {holder} is measuring it, or has just died and its lock is still valid; try again later")
        }
        Restored::Failed(error) => format!("not put back: {error}"),
    }
}
