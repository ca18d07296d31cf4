//! `coldwatch restore`: puts back what a dead run left behind.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use coldwatch::measure::restore::{Restored, restore_all};

use crate::context::context;
use crate::exit::{Exit, Failure};
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
    if results.is_empty() {
        println!("nothing to restore");
    }
    let mut exit = Exit::Done;
    for (function, restored) in results {
        match restored {
            Restored::PutBack => println!("{function}: put back"),
            Restored::Untouched => println!("{function}: did not need to be put back"),
            Restored::Gone => println!("{function}: no longer exists"),
            Restored::Busy(holder) => {
                println!(
                    "{function}: run {holder} is measuring it, or has just died and its lock is still valid; try \
                     again later"
                );
                exit = Exit::Failed;
            }
            Restored::Failed(error) => {
                println!("{function}: not put back: {error}");
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
