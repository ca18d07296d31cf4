//! `coldwatch import`: stores cold starts that something else measured, or runs that could not be stored when they were made.

use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use coldwatch::aws::{Aws, Connection, Logs, RUNS_A_CALL, Seconds, Store};
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::imported::{ImportedRun, OBSERVED, PROTOCOL, entry};
use coldwatch::show::counted;
use futures::{StreamExt, TryStreamExt, stream};

use crate::exit::{Exit, Failure, note, whoever_reads};
use crate::observed::{Observed, run_of};
use crate::output::print;
use crate::place::Place;
use crate::rows::{Bad, ColumnArgs, Row, Sorter, lambda_perf_rows, named, open, sorted};
use crate::{insights, logs, progress, times};

/// Calls under way at once.
const CALLS: usize = 4;

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    #[command(flatten)]
    place: Place,
    /// A CSV with the columns `series,timestamp,init_ms`; lambda-perf's daily JSON; a file that `coldwatch run` wrote when
    /// the table was out of reach, or a log of the orchestrator; with --logs any logs of Lambda; `-` is stdin
    #[arg(required_unless_present = "log_group")]
    files: Vec<PathBuf>,
    /// The files are logs, in any envelope: their cold starts become series of the start mode `observed`
    #[arg(long)]
    logs: bool,
    /// Ask CloudWatch Logs Insights for the cold starts in the log groups of this name, in which `*` stands for any text;
    /// AWS bills 0.005 USD per GB scanned
    #[arg(long, value_name = "PATTERN", conflicts_with_all = ["files", "logs"])]
    log_group: Option<String>,
    /// With --log-group: ask for what was logged since then, such as 7d, 12h or 2026-11-01 [default: 7d]
    #[arg(long, value_name = "TIME", requires = "log_group", value_parser = times::time)]
    since: Option<DateTime<Utc>>,
    /// With --logs and --log-group: how long a run is; all cold starts of a function in it are one run [default: 1d]
    #[arg(long, value_name = "LENGTH", value_parser = every)]
    every: Option<TimeDelta>,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Import the good rows of a CSV although others are bad
    #[arg(long)]
    skip_bad: bool,
}

const EXAMPLES: &str = "\
The rows of a CSV can be in any order. Rows with the same series and timestamp are one run. All rows are read before \
anything is stored; if one row is bad, nothing is stored. Importing twice changes nothing, because a run that is \
already stored is replaced.

A timestamp is a number since 1970 (seconds, or ms), a date, or RFC 3339, which without a zone is UTC: 1767261600, \
1767261600000, 2026-01-01, 2026-01-01T10:00:00Z, 2026-01-01 10:00. An init duration is from 0.001 to 900,000 ms. Gzip, a \
byte order mark, semicolons or tabs between columns, and decimal commas are recognised.

Logs become series of the start mode `observed`, one a function and one run a day. They are never mixed with forced starts.

--log-group asks the AWS account of your environment, also with --local, which only says where the history is. It needs \
the permissions logs:DescribeLogGroups, logs:StartQuery and logs:GetQueryResults. What \
it is going to ask is said before, and what was scanned, and its price, after.

Examples:
  coldwatch import --local --logs exported/*/*.gz && coldwatch history --local
  coldwatch import --local --log-group '/aws/lambda/*' --since 7d && coldwatch history --local
  coldwatch import --local --column init_ms=dur --time when --unit s theirs.csv
  coldwatch import --local history.csv && coldwatch history --local
  zcat history.csv.gz | coldwatch import -
  coldwatch import coldwatch-run-0123456789ab.json";

/// Stores what the files hold, or the log groups.
pub async fn execute(args: ImportArgs) -> Result<Exit, Failure> {
    check(&args)?;
    if let Some(pattern) = &args.log_group {
        return import_log_groups(&args, pattern).await;
    }
    if args.logs {
        return import_logs(&args).await;
    }
    for file in &args.files {
        let (is_rows, source) = open(file, &args.columns).map_err(|e| named(file, &e))?;
        if is_rows { import_rows(&args, file, source).await? } else { import_text(&args, file, source).await? }
    }
    Ok(Exit::Done)
}

/// Refuses arguments that do not go together.
fn check(args: &ImportArgs) -> Result<(), Failure> {
    let is_logs = args.logs || args.log_group.is_some();
    if args.every.is_some() && !is_logs {
        return Err(Failure::bad_input("`--every` is for logs: use it with --logs or --log-group"));
    }
    if is_logs && (args.columns.is_given() || args.columns.unit.is_some()) {
        return Err(Failure::bad_input(
            "`--column`, `--time`, `--series` and `--unit` are for a CSV, and --logs and --log-group read logs",
        ));
    }
    Ok(())
}

/// The length of a run.
fn every(text: &str) -> Result<TimeDelta, String> {
    let length = times::length(text).filter(|length| *length >= TimeDelta::minutes(1));
    length.ok_or_else(|| "expected a length of time from 1m, such as 1d or 6h".to_owned())
}

/// The cold starts of logs, as series of what users met.
async fn import_logs(args: &ImportArgs) -> Result<Exit, Failure> {
    let mut observed = Observed::new(args.every.unwrap_or(TimeDelta::days(1)));
    let seen = logs::read(&args.files, |file, entry| observed.take(file, &entry))?;
    if seen.reports == 0 {
        return Err(Failure::failed(seen));
    }
    store_all(args, &mut observed.rows(seen.reports)?, OBSERVED).await?;
    Ok(Exit::Done)
}

/// The cold starts in the log groups of the environment's account, as series of what users met.
async fn import_log_groups(args: &ImportArgs, pattern: &str) -> Result<Exit, Failure> {
    let account = Aws::connect(Connection::default()).await?;
    let (aws, standin) = args.place.open().await?;
    let imported = import_answers(args, pattern, &account.logs, &aws.store).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    imported.map(|()| Exit::Done)
}

async fn import_answers(args: &ImportArgs, pattern: &str, logs: &Logs, store: &Store) -> Result<(), Failure> {
    // A missing table is found before anything is billed.
    store.series().await?;
    let every = args.every.unwrap_or(TimeDelta::days(1));
    let now = Utc::now();
    let since = args.since.unwrap_or(now - TimeDelta::days(7));
    // From the beginning of a run: half a run would replace the whole one that an earlier import has stored.
    let since = run_of(since.timestamp_millis(), every).unwrap_or(since);
    let time = Seconds { first: since.timestamp().max(0), last: now.timestamp() };
    let groups = insights::groups(logs, pattern).await?;
    note(insights::announcement(&groups, time));
    let mut observed = Observed::new(every);
    let scan = insights::read(logs, &groups, time, |entry| observed.take(Path::new(""), &entry)).await?;
    note(scan);
    store_in(store, &mut observed.rows(scan.reports)?, OBSERVED).await
}

/// A file that is no CSV: lambda-perf's, or runs that could not be stored.
async fn import_text(args: &ImportArgs, file: &Path, mut source: impl Read) -> Result<(), Failure> {
    let mut text = String::new();
    source.read_to_string(&mut text).map_err(|e| named(file, &e))?;
    let Some(series) = lambda_perf_rows(&text) else { return import_runs(args, file, &text).await };
    let mut sorter = Sorter::default();
    for (name, at, init_ms) in &series {
        for &init_ms in init_ms {
            sorter.push(&Row { series: name, at: *at, init_ms })?;
        }
    }
    store_all(args, &mut sorter, PROTOCOL).await
}

/// Every run in the text. All are read before the first is stored.
async fn import_runs(args: &ImportArgs, file: &Path, text: &str) -> Result<(), Failure> {
    let runs = UnstoredRun::read_all(text).map_err(|e| named(file, &e))?;
    let (aws, standin) = args.place.open().await?;
    let mut printed = Ok(());
    for run in &runs {
        run.store(&aws.store).await?;
        // Whatever becomes of the lines, the other runs are stored.
        printed =
            printed.and_then(|()| print(format_args!("stored run {} of {}", run.record.run_id, run.record.label)));
    }
    if let Some(standin) = standin {
        standin.stop().await;
    }
    whoever_reads(printed)
}

/// Every row, if all are good or the bad ones may be skipped.
async fn import_rows(args: &ImportArgs, file: &Path, source: impl BufRead) -> Result<(), Failure> {
    let on_bad = if args.skip_bad { Bad::Skipped } else { Bad::Refused("use `--skip-bad` to import the others") };
    let mut sorter = sorted(file, source, &args.columns, on_bad)?;
    store_all(args, &mut sorter, PROTOCOL).await
}

/// Opens the store, and stores what was read.
async fn store_all(args: &ImportArgs, sorter: &mut Sorter, protocol: &str) -> Result<(), Failure> {
    let (aws, standin) = args.place.open().await?;
    let stored = store_in(&aws.store, sorter, protocol).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    stored
}

/// Stores what was read, and says how much that is.
async fn store_in(store: &Store, sorter: &mut Sorter, protocol: &str) -> Result<(), Failure> {
    let (runs, starts) = store_rows(store, sorter, protocol).await?;
    let (starts, runs) = (counted(starts, "cold start"), counted(runs, "run"));
    print(format_args!("stored {starts} in {runs} of {} series", sorter.series().len()))
}

/// Stores the series and their runs, several calls at once. Gives the number of runs and of cold starts.
async fn store_rows(store: &Store, sorter: &mut Sorter, protocol: &str) -> Result<(u64, u64), Failure> {
    let known = store.series().await?;
    for (name, last) in sorter.series() {
        let new = entry(name, protocol, *last);
        let before = known.iter().find(|entry| entry.series == new.series).map(|entry| entry.last_run_at);
        store.put_series(&entry(name, protocol, before.map_or(*last, |before| before.max(*last)))).await?;
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
            batch?.into_iter().map(|run| ImportedRun::new(&run.series, protocol, run.at, run.init_ms)).collect();
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
