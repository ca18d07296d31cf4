//! `coldwatch import`: stores runs that could not be stored when they were made.

use std::path::PathBuf;

use clap::Args;
use coldwatch::unstored::UnstoredRun;

use crate::Place;
use crate::outcome::{Exit, Failure};

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    place: Place,
    /// File that `coldwatch run` wrote when the table was out of reach, or a log of the orchestrator
    file: PathBuf,
}

/// Stores every run in the file. All are read before the first is stored; storing one twice changes nothing.
pub async fn execute(args: ImportArgs) -> Result<Exit, Failure> {
    let named = |e: &dyn std::fmt::Display| Failure::bad_input(format!("{}: {e}", args.file.display()));
    let text = std::fs::read_to_string(&args.file).map_err(|e| named(&e))?;
    let runs = UnstoredRun::read_all(&text).map_err(|e| named(&e))?;
    let (aws, standin) = args.place.open().await?;
    for run in &runs {
        run.store(&aws.store).await?;
        println!("stored run {} of {}", run.record.run_id, run.record.label);
    }
    if let Some(standin) = standin {
        standin.stop().await;
    }
    Ok(Exit::Done)
}
