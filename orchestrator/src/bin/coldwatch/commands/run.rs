//! `coldwatch run`: one run of a suite, against the account of the environment or the local cloud.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use coldwatch::arn::function_name;
use coldwatch::aws::Aws;
use coldwatch::measure::ending::{TargetEnd, TargetError};
use coldwatch::measure::run::{self, RunReport};
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::measured::Measured;
use coldwatch::show::failures::failures;
use coldwatch::show::html::Report;
use coldwatch::show::json::RunsDocument;
use coldwatch::show::{text, trend};

use crate::context::context;
use crate::exit::{Exit, Failure, tell, warn, whoever_reads};
use crate::output::{self, stdout};
use crate::suite::SuiteArgs;
use crate::{page, progress};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    choice: SuiteArgs,
    /// Exit with code 3 if a target has a regression
    #[arg(long)]
    fail_on_regression: bool,
    /// Print all samples as JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Write the history of the measured targets, including this run, as one HTML page
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl RunArgs {
    /// Whether functions of a local cloud may run in this process.
    pub fn is_local(&self) -> bool {
        self.choice.place().local
    }
}

/// Runs the suite and prints the result.
pub async fn execute(args: RunArgs) -> Result<Exit, Failure> {
    let (aws, standin, suite) = args.choice.open().await?;
    let allowed = Duration::from_secs(suite.limits.seconds.into());
    let context = context(aws, Some(&suite), allowed, progress::observer(&suite)).await?;
    let report = run::run(&suite, &context).await;
    let page = match (&args.report, &report) {
        (Some(file), Ok(report)) => Some((file, history_of(report, &context.aws, &args).await)),
        _ => None,
    };
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let report = report?;
    // First of all: what is not in the table is kept before anything can go wrong with the terminal.
    report.targets.iter().filter_map(|t| measured(&t.end)).filter(|m| m.unstored.is_some()).for_each(keep);
    whoever_reads(show(&report, args.json))?;
    report.targets.iter().for_each(|target| report_trouble(&target.end));
    report.warnings.iter().for_each(warn);
    if let Some((file, page)) = page {
        page::write(&page?, file)?;
    }
    let regressed = report.targets.iter().filter_map(|t| measured(&t.end)).filter_map(|m| m.record.finding.as_ref());
    if args.fail_on_regression && regressed.into_iter().any(|finding| finding.regression) {
        return Ok(Exit::Regression);
    }
    Ok(exit(&report, context.stop.is_cancelled()))
}

/// What the history holds of the measured targets.
async fn history_of(report: &RunReport, aws: &Aws, args: &RunArgs) -> Result<Report, Failure> {
    let series: Vec<&str> =
        report.targets.iter().filter_map(|t| measured(&t.end)).map(|m| m.record.series.as_str()).collect();
    page::gather(aws, args.choice.place(), |entry| series.contains(&entry.series.as_str()), None).await
}

fn show(report: &RunReport, json: bool) -> Result<(), Failure> {
    let measured: Vec<&Measured> = report.targets.iter().filter_map(|t| measured(&t.end)).collect();
    let mut out = stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, &RunsDocument::new(measured.iter().copied()))?;
        writeln!(out)?;
    } else if !measured.is_empty() {
        let records: Vec<_> = measured.iter().map(|m| &m.record).collect();
        writeln!(out, "{}", text::runs(&records))?;
        let starts: Vec<(&str, Vec<f64>)> = measured.iter().map(|m| (m.record.label.as_str(), m.durations())).collect();
        if let Some(line) = text::fastest(&starts) {
            writeln!(out, "{line}")?;
        }
    }
    if !json {
        for record in measured.iter().map(|m| &m.record) {
            if let Some(finding) = &record.finding {
                writeln!(out, "{}: {}", record.label, trend::finding(finding, record))?;
            }
        }
    }
    Ok(out.flush()?)
}

fn report_trouble(end: &TargetEnd) {
    match end {
        TargetEnd::Refused(error) => tell(format_args!("error: {error}")),
        TargetEnd::AlreadyMeasured(record) => {
            warn(format!("{}: this run was done before, at {}; nothing was changed", record.label, record.finished_at));
        }
        TargetEnd::Left(_) => unreachable!("a command hands nothing on"),
        TargetEnd::Measured(measured) => {
            let record = &measured.record;
            if let Some(detail) = &record.stopped_detail {
                let got = format!("{} of {} samples proven", record.proven, record.wanted);
                warn(format!("{}: {got}: {detail}", record.label));
            }
            failures(record).iter().chain(&record.warnings).for_each(|w| warn(format!("{}: {w}", record.label)));
            if let Some(reason) = &measured.unstored {
                warn(format!("{}: this run is not in the history: {reason}", record.label));
            }
        }
    }
}

/// Writes a run that could not be stored to the current folder, where the user finds it, or else to stderr.
fn keep(measured: &Measured) {
    let record = &measured.record;
    let name = function_name(&record.function).replace(':', "-");
    let file = format!("coldwatch-run-{}-{name}.json", record.run_id);
    let line = UnstoredRun::of(measured).to_line();
    match output::put(&format!("{line}\n"), Some(Path::new(&file))) {
        Ok(()) => warn(format!("{}: it is saved in {file}; `coldwatch import {file}` stores it", record.label)),
        Err(error) => {
            let advice = "it could not be saved either; keep the next line, and give it to `coldwatch import`";
            warn(format!("{}: {advice}: {error}", record.label));
            tell(line);
        }
    }
}

fn measured(end: &TargetEnd) -> Option<&Measured> {
    match end {
        TargetEnd::Measured(measured) => Some(measured),
        _ => None,
    }
}

fn exit(report: &RunReport, interrupted: bool) -> Exit {
    let not_found = report.refused().any(|e| matches!(e, TargetError::NotFound(_)));
    let unstored = report.targets.iter().filter_map(|t| measured(&t.end)).any(|m| m.unstored.is_some());
    let short = report.targets.iter().filter_map(|t| measured(&t.end)).any(|m| m.record.shortfall > 0);
    if not_found {
        Exit::BadInput
    } else if interrupted || unstored || report.refused().next().is_some() {
        Exit::Failed
    } else if short {
        Exit::Short
    } else {
        Exit::Done
    }
}
