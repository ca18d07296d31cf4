//! `coldwatch import`: stores cold starts that something else measured, or runs that could not be stored when they were made.

pub mod rows;
mod sorter;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use coldwatch::aws::{RUNS_A_CALL, Store};
use coldwatch::history::{Circumstances, Run};
use coldwatch::imported::{ImportedRun, entry};
use coldwatch::show::counted;
use coldwatch::unstored::UnstoredRun;
use futures::{StreamExt, TryStreamExt, stream};

use crate::Place;
use crate::outcome::{Exit, Failure, warn};
use crate::progress;
use sorter::{Sorted, Sorter};

/// Bad rows that are told one by one.
const TOLD: u64 = 20;
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
The rows of a CSV may come in any order; those of one series and one timestamp are one run. All rows are read before the \
first is stored, and one bad row stores nothing. Importing twice changes nothing; rows of a run that is stored already \
replace it.

A timestamp is seconds since 1970, a date, or RFC 3339, which without a zone is UTC: 1767261600, 2026-01-01, \
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

/// The series in a file of rows, by name; `None` where it is another kind of file.
pub fn series(path: &Path) -> Result<Option<BTreeMap<String, Vec<Run>>>, Failure> {
    let (is_rows, source) = open(path).map_err(|e| named(path, &e))?;
    if !is_rows {
        return Ok(None);
    }
    let mut sorter = sorted(path, source, Bad::Refused("mend the file"))?;
    let circumstances = Arc::new(Circumstances::default());
    let mut series: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for run in sorter.runs().map_err(Failure::failed)? {
        let Sorted { series: name, at, init_ms: samples } = run.map_err(Failure::failed)?;
        let runs = series.entry(name).or_default();
        runs.push(Run { id: runs.len().to_string(), at, samples, circumstances: Arc::clone(&circumstances) });
    }
    Ok(Some(series))
}

/// The file, and whether it is one of rows.
fn open(path: &Path) -> std::io::Result<(bool, impl BufRead)> {
    let mut source: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(path)?))
    };
    // A log may hold bytes of any kind; only a header matters here.
    let mut first = Vec::new();
    (&mut source).take(1 << 16).read_until(b'\n', &mut first)?;
    let is_rows = rows::is_header(String::from_utf8_lossy(&first).trim_end());
    Ok((is_rows, Cursor::new(first).chain(source)))
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::bad_input(format!("{}: {error}", path.display()))
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
        if args.skip_bad { Bad::Skipped } else { Bad::Refused("`--skip-bad` imports the others") },
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

/// What becomes of a file with bad rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bad {
    /// With what to do then.
    Refused(&'static str),
    Skipped,
}

/// All rows, at least one. The first bad ones are told line by line.
fn sorted(path: &Path, source: impl BufRead, on_bad: Bad) -> Result<Sorter, Failure> {
    let (file, mut sorter, mut bad) = (path.display(), Sorter::default(), 0);
    let read = rows::each(source, |line, row| match row {
        Ok(row) => sorter.push(&row).map_err(|e| format!("line {line} cannot be kept in a temporary file: {e}")),
        Err(reason) => {
            bad += 1;
            if bad <= TOLD {
                warn(format!("{file}: line {line}: {reason}"));
            }
            Ok(())
        }
    });
    read.map_err(|e| named(path, &e))?;
    let rows = if bad == 1 { "row is" } else { "rows are" };
    match (bad, on_bad) {
        (0, _) => {}
        (_, Bad::Skipped) => warn(format!("{file}: {bad} {rows} bad and skipped")),
        (_, Bad::Refused(way)) => return Err(named(path, &format!("{bad} {rows} bad and nothing was done; {way}"))),
    }
    if sorter.series().is_empty() {
        return Err(named(path, &"there is no good row in it"));
    }
    // A run that is too large is known only when all its rows are together, and nothing is to be stored before that.
    for run in sorter.runs().map_err(Failure::failed)? {
        run.map_err(|e| if e.kind() == ErrorKind::InvalidData { named(path, &e) } else { Failure::failed(e) })?;
    }
    Ok(sorter)
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
