//! `coldwatch import`: stores cold starts that something else measured, or runs that could not be stored when they were made.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use clap::Args;
use coldwatch::aws::{RUNS_A_CALL, Store};
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::imported::{ImportedRun, entry};
use coldwatch::show::counted;
use futures::{StreamExt, TryStreamExt, stream};

use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::progress;
use crate::rows::{Bad, Sorter, named, open, sorted};

/// Calls under way at once.
const CALLS: usize = 4;

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    #[command(flatten)]
    place: Place,
    /// A CSV with the columns `series,timestamp,init_ms`; or a file that `coldwatch run` wrote when the table was out of
    /// reach, or a log of the orchestrator; `-` is stdin
    file: PathBuf,
    /// Import the good rows of a CSV although others are bad
    #[arg(long)]
    skip_bad: bool,
}

const EXAMPLES: &str = "\
The rows of a CSV can be in any order. Rows with the same series and timestamp are one run. All rows are read before \
anything is stored; if one row is bad, nothing is stored. Importing twice changes nothing, because a run that is \
already stored is replaced.

A timestamp is seconds since 1970, a date, or RFC 3339 (UTC if it has no zone): 1767261600, 2026-01-01, \
2026-01-01T10:00:00Z, 2026-01-01 10:00. An init duration is from 0.001 to 900,000 ms.

Examples:
  coldwatch import --local history.csv && coldwatch history --local
  zcat history.csv.gz | coldwatch import -
  coldwatch import coldwatch-run-0123456789ab.json";

/// Stores what the file holds.
pub async fn execute(args: ImportArgs) -> Result<Exit, Failure> {
    let (is_rows, source) = open(&args.file).map_err(|e| named(&args.file, &e))?;
    if is_rows { import_rows(&args, source).await } else { import_runs(&args, source).await }
}

/// Every run in the text. All are read before the first is stored.
async fn import_runs(args: &ImportArgs, mut source: impl Read) -> Result<Exit, Failure> {
    let mut text = String::new();
    source.read_to_string(&mut text).map_err(|e| named(&args.file, &e))?;
    let runs = UnstoredRun::read_all(&text).map_err(|e| named(&args.file, &e))?;
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

/// Every row, if all are good or the bad ones may be skipped.
async fn import_rows(args: &ImportArgs, source: impl BufRead) -> Result<Exit, Failure> {
    let mut sorter = sorted(
        &args.file,
        source,
        if args.skip_bad { Bad::Skipped } else { Bad::Refused("use `--skip-bad` to import the others") },
    )?;
    let (aws, standin) = args.place.open().await?;
    let stored = store(&aws.store, &mut sorter).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let (runs, starts) = stored?;
    let (starts, runs) = (counted(starts, "cold start"), counted(runs, "run"));
    println!("stored {starts} in {runs} of {} series", sorter.series().len());
    Ok(Exit::Done)
}

/// Stores the series and their runs, several calls at once. Gives the number of runs and of cold starts.
async fn store(store: &Store, sorter: &mut Sorter) -> Result<(u64, u64), Failure> {
    let known = store.series().await?;
    for (name, last) in sorter.series() {
        let new = entry(name, *last);
        let before = known.iter().find(|entry| entry.series == new.series).map(|entry| entry.last_run_at);
        store.put_series(&entry(name, before.map_or(*last, |before| before.max(*last)))).await?;
    }
    let (mut runs, mut starts) = (0, 0);
    let bar = progress::of_import(sorter.rows());
    let mut merged = sorter.runs().map_err(Failure::failed)?;
    let batches = std::iter::from_fn(|| {
        let batch: Result<Vec<_>, Failure> =
            merged.by_ref().take(RUNS_A_CALL).map(|run| run.map_err(Failure::failed)).collect();
        match batch {
            Ok(batch) if batch.is_empty() => None,
            other => Some(other),
        }
    });
    let batches = batches.map(|batch| {
        let batch: Vec<ImportedRun> =
            batch?.into_iter().map(|run| ImportedRun::new(&run.series, run.at, run.init_ms)).collect();
        runs += batch.len() as u64;
        starts += batch.iter().map(|run| u64::from(run.record.proven)).sum::<u64>();
        Ok::<_, Failure>(batch)
    });
    stream::iter(batches)
        .map(|batch| async {
            let batch = batch?;
            store.put_imported(&batch).await?;
            bar.inc(batch.iter().map(|run| u64::from(run.record.proven)).sum());
            Ok::<_, Failure>(())
        })
        .buffer_unordered(CALLS)
        .try_collect::<()>()
        .await?;
    Ok((runs, starts))
}
