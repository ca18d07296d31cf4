//! `coldwatch changes`: the changes of a series in a file, or of every series in a folder.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use coldwatch::history::platform::{Member, platform_events};
use coldwatch::history::replay::{Alert, replay};
use coldwatch::history::{self, Change, Metric, Run, series_file};
use coldwatch::show::json::ChangesDocument;
use coldwatch::show::text;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::rows::{self, ColumnArgs};

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
    /// Write the indices of the changes of each series to this file, as JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Judge each series run by run, as the orchestrator does, and give the alerts that this raises
    #[arg(long, requires = "out")]
    replay: bool,
    /// Print the changes as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLE: &str = "The index of a change is its first run, counted from 0. A change is provisional until enough \
    runs confirm it.\n\
    In a folder, changes of many series at the same time are shown as platform events. The architecture (arm64, \
    x86_64)\n\
    is taken from the file names.\n\n\
    Example:\n  coldwatch changes login.csv\n  coldwatch changes series/ --metric p90 --out changes.json";

/// [`Metric`] as an argument.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum MetricArg {
    P50,
    P90,
    Spread,
}

impl From<MetricArg> for Metric {
    fn from(arg: MetricArg) -> Self {
        match arg {
            MetricArg::P50 => Self::P50,
            MetricArg::P90 => Self::P90,
            MetricArg::Spread => Self::Spread,
        }
    }
}

/// The file that `--out` writes.
#[derive(Serialize)]
struct Detections {
    tool: &'static str,
    metric: Metric,
    /// Mean time in ms to find the changes of a series, reading the file not included.
    ms_per_series: f64,
    det: BTreeMap<String, Vec<usize>>,
}

/// The file that `--replay --out` writes.
#[derive(Serialize)]
struct Replayed {
    tool: &'static str,
    metric: Metric,
    alerts: BTreeMap<String, Vec<Alert>>,
}

/// Finds the changes, and prints or writes them.
pub fn execute(args: &ChangesArgs) -> Result<Exit, Failure> {
    let sources = sources(&args.path, &args.columns)?;
    if args.out.is_none() {
        return show(&sources, args);
    }
    if args.replay {
        let metric = args.metric.into();
        let said = in_parallel(&sources, |source| Ok((source.id(), replay(&source.runs()?, metric))))?;
        let replayed = Replayed { tool: "coldwatch", metric, alerts: said.into_iter().collect() };
        write(args.out.as_deref(), &replayed)?;
        return Ok(Exit::Done);
    }
    let found = in_parallel(&sources, |source| {
        let runs = source.runs()?;
        let start = Instant::now();
        let indices = history::change_indices(&runs, args.metric.into());
        Ok((source.id(), indices, start.elapsed()))
    })?;
    let spent: Duration = found.iter().map(|(_, _, time)| *time).sum();
    let series = u32::try_from(found.len()).expect("a folder has fewer files");
    let detections = Detections {
        tool: "coldwatch",
        metric: args.metric.into(),
        ms_per_series: (spent / series).as_secs_f64() * 1_000.0,
        det: found.into_iter().map(|(id, indices, _)| (id, indices)).collect(),
    };
    write(args.out.as_deref(), &detections)?;
    Ok(Exit::Done)
}

fn show(sources: &[Source], args: &ChangesArgs) -> Result<Exit, Failure> {
    let judged: Vec<(String, Vec<Run>, Vec<Change>)> = in_parallel(sources, |source| {
        let runs = source.runs()?.into_owned();
        let changes = history::changes(&runs, args.metric.into());
        Ok((source.id(), runs, changes))
    })?;
    let events = platform_events(&judged.iter().filter_map(member).collect::<Vec<_>>());
    let mut out = std::io::stdout().lock();
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

/// Where the runs of a series are.
enum Source {
    /// In a file of their own.
    File(PathBuf),
    /// Read with those of other series: its name, and its runs.
    Read(String, Vec<Run>),
}

impl Source {
    /// The name of the series: that of its file without `.csv`, or what the rows say.
    fn id(&self) -> String {
        match self {
            Self::File(file) => file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Read(name, _) => name.clone(),
        }
    }

    fn runs(&self) -> Result<Cow<'_, [Run]>, Failure> {
        match self {
            Self::File(file) => read(file).map(Cow::Owned),
            Self::Read(_, runs) => Ok(Cow::Borrowed(runs)),
        }
    }
}

/// The file itself, the series in it, or the `*.csv` files of a folder by name.
fn sources(path: &Path, columns: &ColumnArgs) -> Result<Vec<Source>, Failure> {
    if !path.is_dir() {
        let series =
            rows::series(path, columns)?.map(|series| series.into_iter().map(|(name, runs)| Source::Read(name, runs)));
        return Ok(series.map_or_else(|| vec![Source::File(path.to_owned())], Iterator::collect));
    }
    Ok(files(path)?.into_iter().map(Source::File).collect())
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let named = |e: std::io::Error| Failure::bad_input(format!("{}: {e}", path.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(named)? {
        let file = entry.map_err(named)?.path();
        if file.extension().is_some_and(|extension| extension == "csv") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::bad_input(format!("{}: no `*.csv` file is in this folder", path.display())));
    }
    Ok(files)
}

fn read(file: &Path) -> Result<Vec<Run>, Failure> {
    let named = |e: &dyn std::fmt::Display| Failure::bad_input(format!("{}: {e}", file.display()));
    let text = rows::text(file)?;
    if text.lines().next().is_some_and(|line| rows::is_header(line, &ColumnArgs::default())) {
        return Err(named(&"it has several series, one cold start a line; give such a file alone, not in a folder"));
    }
    series_file::read(&text).map_err(|e| named(&e))
}

/// Does the work of each on all cores, and gives the results in order; the first failure ends it.
fn in_parallel<S: Sync, T: Send>(
    sources: &[S],
    work: impl Fn(&S) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from).min(sources.len());
    let next = AtomicUsize::new(0);
    let worker = || {
        let take = || {
            let index = next.fetch_add(1, Ordering::Relaxed);
            Some((index, sources.get(index)?))
        };
        let each = std::iter::from_fn(|| take().map(|(index, source)| work(source).map(|result| (index, result))));
        each.collect::<Result<Vec<_>, Failure>>()
    };
    let parts: Vec<Result<Vec<(usize, T)>, Failure>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a panic ends the program")).collect()
    });
    let mut results = Vec::with_capacity(sources.len());
    for part in parts {
        results.extend(part?);
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

fn write(path: Option<&Path>, document: &impl Serialize) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let named = |e: std::io::Error| Failure::failed(format!("{}: {e}", path.display()));
    let mut out = BufWriter::new(File::create(path).map_err(named)?);
    serde_json::to_writer(&mut out, document)?;
    writeln!(out).and_then(|()| out.flush()).map_err(named)
}
