//! Series in files: one run a line, or one cold start a line, alone or in a folder.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use clap::ValueEnum;
use coldwatch::history::{Metric, Run, series_file};

use crate::exit::Failure;
use crate::rows::{self, ColumnArgs};

/// [`Metric`] as an argument.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum MetricArg {
    /// The median
    P50,
    /// The 90th percentile
    P90,
    /// p90 / p10 − 1
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

/// Where the runs of a series are.
pub enum Source {
    /// In a file of their own.
    File(PathBuf),
    /// Read with those of other series: its name, and its runs.
    Read(String, Vec<Run>),
}

impl Source {
    /// The name of the series: that of its file without `.csv`, or what the rows say.
    pub fn id(&self) -> String {
        match self {
            Self::File(file) => file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            Self::Read(name, _) => name.clone(),
        }
    }

    /// Its runs, oldest first.
    pub fn runs(&self) -> Result<Cow<'_, [Run]>, Failure> {
        match self {
            Self::File(file) => read(file).map(Cow::Owned),
            Self::Read(_, runs) => Ok(Cow::Borrowed(runs)),
        }
    }
}

/// The file itself, the series in it, or the `*.csv` files of a folder by name.
pub fn sources(path: &Path, columns: &ColumnArgs) -> Result<Vec<Source>, Failure> {
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
pub fn in_parallel<S: Sync, T: Send>(
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
