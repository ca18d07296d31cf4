//! `coldwatch compare`: two functions, two builds, two histories or two samples.

mod ended;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::Utc;
use clap::{Args, ValueEnum};
use coldwatch::aws::Aws;
use coldwatch::compare::stopping::Looks;
use coldwatch::compare::{Comparison, Finding, Group, apart, together};
use coldwatch::measure::ending::{TargetEnd, TargetError};
use coldwatch::measure::run::RunReport;
use coldwatch::measure::side_by_side::side_by_side;
use coldwatch::record::measured::Measured;
use coldwatch::record::stopped::Stopped;
use coldwatch::show::comparison::{ComparisonDocument, Cost, details};
use coldwatch::show::export::github;
use coldwatch::show::html::{Step, Versus, VersusSide};
use coldwatch::show::text;
use coldwatch::show::verdict::verdict;
use coldwatch::suite::Suite;
use serde_json::{Value, json};
use shift_stats::{Sorted, quantile};

use crate::builds::BuildArgs;
use crate::context::context;
use crate::exit::{Exit, Failure, tell, warn, whoever_reads};
use crate::output::stdout;
use crate::place::Place;
use crate::rows::ColumnArgs;
use crate::standin::Standin;
use crate::{builds, page, progress, sample_file, series};
use ended::{missed, say, stopped};

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    #[command(flatten)]
    place: Place,
    /// The first side: a function, a file of durations, or with --local a build (folder, zip or program)
    a: String,
    /// The second side, of the same kind; the result says how much slower B is than A
    b: String,
    /// Compare stored runs instead of measuring now
    #[arg(long)]
    stored: bool,
    /// With --stored: at most the last N runs of each side
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..), requires = "stored")]
    last: u16,
    /// Measure until the ratio is known to plus or minus this [default: 3%]
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    precision: Option<f64>,
    /// At most this many cold starts of each side [1..1000] [default: 200]
    #[arg(long, value_name = "N")]
    samples: Option<u32>,
    /// Invokes per round [default: 10, or 1 with --local]
    #[arg(long, value_name = "N")]
    burst: Option<u32>,
    /// Payload to send to both sides instead of `{"hold_ms": N}`
    #[arg(long, value_name = "JSON", value_parser = payload)]
    payload: Option<Value>,
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Exit with code 3 if B is proven to be slower by more than this, and with 4 if there are too few cold starts
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    fail_if_slower: Option<f64>,
    /// Print the comparison as JSON
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also write the comparison as an HTML page that shows every cold start of both sides on one axis
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

impl CompareArgs {
    /// Whether functions of a local cloud may run in this process.
    pub fn is_local(&self) -> bool {
        self.place.local
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table and the verdict, for a terminal
    Text,
    /// What --json prints
    Json,
    /// Markdown for a comment on a pull request
    Github,
}

/// Default of `--precision`, in percent.
const PRECISION: f64 = 3.0;
/// Default of `--samples`.
const SAMPLES: u32 = 200;

const EXAMPLES: &str = "\
Examples:
  coldwatch compare checkout-x86 checkout-arm64        two functions, measured now in turns
  coldwatch compare --local main/dist pr/dist          two builds on this machine, no account needed
  coldwatch compare --stored checkout-x86 checkout-arm64
  coldwatch compare --local main/dist pr/dist --format github --report compare.html --fail-if-slower 5%
  coldwatch compare before.txt after.csv               two samples: a duration in ms a line, or a column init_ms
  coldwatch compare monday.log.gz tuesday.json         two logs, in any envelope
  coldwatch compare --column dur --unit s a.csv b.csv";

/// A comparison, and how it came about.
struct Outcome {
    compared: Comparison,
    /// What is drawn of A and B, and what one value in order is of.
    sides: [VersusSide; 2],
    step: Step,
    stopped: Option<Stopped>,
    cost: Option<Cost>,
    exit: Exit,
}

/// Compares, prints the verdict, and judges it where asked to.
pub async fn execute(args: CompareArgs) -> Result<Exit, Failure> {
    // A pipe is read like a file.
    let files = [&args.a, &args.b].map(|path| Path::new(path).exists() && !Path::new(path).is_dir());
    let outcome = match (args.place.local, args.stored, files) {
        (_, true, _) => stored(&args).await?,
        (false, false, [true, true]) => files_compared(&args)?,
        (false, false, _) => {
            may_be_function(&args.a, &args.b)?;
            may_be_function(&args.b, &args.a)?;
            measured_now(&args).await?
        }
        (true, false, _) => measured_now(&args).await?,
    };
    whoever_reads(show(&outcome, &args))?;
    let page = args.report.as_ref().map_or(Ok(()), |file| write_page(&outcome, file));
    let exit = gate(&outcome, &args);
    match page {
        // What the gate is there for counts more than a page that cannot be written.
        Err(failure) if exit == Exit::Regression => {
            failure.report();
            Ok(exit)
        }
        page => page.map(|()| exit),
    }
}

/// Refuses options of measuring where nothing is measured.
fn without_measuring(args: &CompareArgs) -> Result<(), Failure> {
    let given = [
        ("--precision", args.precision.is_some()),
        ("--samples", args.samples.is_some()),
        ("--burst", args.burst.is_some()),
        ("--payload", args.payload.is_some()),
    ];
    let option = given.into_iter().find_map(|(option, is_given)| is_given.then_some(option));
    option.map_or(Ok(()), |option| {
        Err(Failure::bad_input(format!("{option} only works when compare measures now, not with files or --stored")))
    })
}

/// Refuses what cannot name a function, and says what it is instead.
fn may_be_function(name: &str, other: &str) -> Result<(), Failure> {
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'$')) && name != "-" {
        return Ok(());
    }
    let path = Path::new(name);
    Err(Failure::bad_input(if path.is_dir() {
        format!("`{name}` is a folder; use --local to compare two builds")
    } else if path.exists() {
        format!("`{name}` is a file, and there is no file `{other}`: give two files, or two functions")
    } else {
        format!("`{name}` is not a file, and it cannot be a function name: give two files, or two functions")
    }))
}

fn files_compared(args: &CompareArgs) -> Result<Outcome, Failure> {
    without_measuring(args)?;
    let read = |path: &String| sample_file::read(Path::new(path), &args.columns);
    let [a, b] = [read(&args.a)?, read(&args.b)?];
    let compared = together(&Group::one_run(&args.a, a.clone())?, &Group::one_run(&args.b, b.clone())?)?;
    let sides = [a, b].map(of_samples);
    Ok(Outcome { compared, sides, step: Step::Sample, stopped: None, cost: None, exit: Exit::Done })
}

/// What is drawn of samples that come in the order they were taken.
fn of_samples(samples: Vec<f64>) -> VersusSide {
    VersusSide { in_order: samples.clone(), samples }
}

/// What is drawn of runs.
fn of_runs(group: &Group) -> VersusSide {
    VersusSide {
        samples: group.runs.iter().flat_map(Sorted::values).copied().collect(),
        in_order: group.runs.iter().map(|run| quantile(run, 0.5)).collect(),
    }
}

async fn stored(args: &CompareArgs) -> Result<Outcome, Failure> {
    without_measuring(args)?;
    let (aws, standin) = args.place.open().await?;
    let groups = series::groups(&aws.store, &args.a, &args.b, args.last.into()).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let (a, b) = groups?;
    let sides = [of_runs(&a), of_runs(&b)];
    Ok(Outcome { compared: apart(&a, &b)?, sides, step: Step::Run, stopped: None, cost: None, exit: Exit::Done })
}

async fn measured_now(args: &CompareArgs) -> Result<Outcome, Failure> {
    let scratch = tempfile::tempdir()?;
    let builds = [&args.a, &args.b].map(|path| args.place.local && Path::new(path).exists());
    if builds[0] != builds[1] && args.place.local {
        let (here, not) = if builds[0] { (&args.a, &args.b) } else { (&args.b, &args.a) };
        return Err(Failure::bad_input(format!("`{here}` is a build, and there is no file or folder `{not}`")));
    }
    if !builds[0] {
        let suite = suite(args, [&args.a, &args.b])?;
        let (aws, standin) = args.place.open().await?;
        if let Some((standin, cloud)) = standin.as_ref().and_then(|standin| Some((standin, standin.own()?))) {
            standin.create_targets(cloud).await?;
        }
        return finished(take_turns(aws, &suite, args).await, standin).await;
    }
    let names = ["build-a", "build-b"];
    let suite = suite(args, [names[0], names[1]])?;
    let code = |path: &str, name| builds::code(Path::new(path), &scratch.path().join(name), &args.build);
    let codes = [code(&args.a, names[0])?, code(&args.b, names[1])?];
    // A local cloud of their own: builds are temporary, and should leave no series behind.
    let standin = Standin::join_or_start(&scratch.path().join("state")).await?;
    for (name, code) in names.into_iter().zip(codes) {
        standin.create_build(name, code).await?;
    }
    let aws = standin.connect(&args.place.table).await?;
    finished(take_turns(aws, &suite, args).await, Some(standin)).await
}

async fn finished(outcome: Result<Outcome, Failure>, standin: Option<Standin>) -> Result<Outcome, Failure> {
    if let Some(standin) = standin {
        standin.stop().await;
    }
    outcome
}

fn suite(args: &CompareArgs, functions: [&str; 2]) -> Result<Suite, Failure> {
    let burst = args.burst.unwrap_or(if args.place.local { 1 } else { 10 });
    let samples = args.samples.unwrap_or(SAMPLES);
    let labels = [&args.a, &args.b];
    let target = |(function, label): (&str, &String)| match &args.payload {
        Some(payload) => json!({"function": function, "label": label, "payload": payload}),
        None => json!({"function": function, "label": label}),
    };
    let targets: Vec<Value> = functions.into_iter().zip(labels).map(target).collect();
    let suite = json!({"name": "compare", "samples": samples, "burst": burst, "parallel": 1, "targets": targets});
    Suite::from_json(suite).map_err(Failure::bad_input)
}

/// Measures both until the rule has enough, and compares what is proven.
async fn take_turns(aws: Aws, suite: &Suite, args: &CompareArgs) -> Result<Outcome, Failure> {
    let allowed = Duration::from_secs(suite.limits.seconds.into());
    let context = context(aws, Some(suite), allowed, progress::observer(suite)).await?;
    let precision = args.precision.unwrap_or(PRECISION);
    let (start, mut looks) = (Instant::now(), Looks::new(precision / 100.0));
    let report = Box::pin(side_by_side(suite, &context, |a, b| looks.suffice(a, b))).await?;
    let sides = measured(&report)?;
    let cost = Cost::of(sides.iter().map(|m| &m.record), start.elapsed().as_secs_f64());
    for measured in sides {
        say(measured);
    }
    let group = |m: &Measured| Group::one_run(&m.record.label, m.durations());
    let compared = together(&group(sides[0])?, &group(sides[1])?)?;
    let short = sides.iter().any(|m| m.record.shortfall > 0);
    let exit = match (context.stop.is_cancelled(), short) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Short,
        (false, false) => Exit::Done,
    };
    let stopped = Some(stopped(&sides).clone());
    if stopped == Some(Stopped::Enough) {
        missed(&compared, precision).into_iter().for_each(warn);
    }
    let sides = [sides[0], sides[1]].map(|m| of_samples(m.durations()));
    Ok(Outcome { compared, sides, step: Step::Sample, stopped, cost: Some(cost), exit })
}

/// Both sides; the error of the first that was not measured.
fn measured(report: &RunReport) -> Result<[&Measured; 2], Failure> {
    let mut sides = Vec::new();
    for target in &report.targets {
        match &target.end {
            TargetEnd::Measured(measured) => sides.push(&**measured),
            TargetEnd::Refused(error @ TargetError::NotFound(_)) => {
                return Err(Failure::bad_input(format!("{error}; use --stored to compare series of the history")));
            }
            TargetEnd::Refused(error) => return Err(Failure::failed(error)),
            TargetEnd::AlreadyMeasured(_) => return Err(Failure::failed("this comparison was made before")),
            TargetEnd::Left(_) => unreachable!("a command hands nothing on"),
        }
    }
    sides.try_into().map_err(|_| Failure::failed("only one side was measured"))
}

fn show(outcome: &Outcome, args: &CompareArgs) -> Result<(), Failure> {
    let mut out = stdout();
    let compared = &outcome.compared;
    match if args.json { Format::Json } else { args.format } {
        Format::Json => {
            let document =
                ComparisonDocument::new(compared, outcome.stopped.as_ref().map(Stopped::as_str), outcome.cost);
            serde_json::to_writer_pretty(&mut out, &document)?;
            writeln!(out)?;
        }
        Format::Github => write!(out, "{}", github::comparison(compared))?,
        Format::Text => {
            writeln!(out, "{}\n", text::sides(compared))?;
            writeln!(out, "{}", verdict(compared))?;
            write!(out, "{}", details(compared, outcome.cost))?;
        }
    }
    Ok(())
}

fn write_page(outcome: &Outcome, file: &Path) -> Result<(), Failure> {
    let Outcome { compared, sides, step, cost, .. } = outcome;
    let command = page::command_line();
    let page = Versus { made_at: Utc::now(), command, compared, sides, step: *step, cost: *cost }.render();
    page::put(&page, file)?;
    tell(format_args!("wrote {}: {} KB", file.display(), page.len().div_ceil(1_000)));
    Ok(())
}

fn gate(outcome: &Outcome, args: &CompareArgs) -> Exit {
    let Some(limit) = args.fail_if_slower else { return outcome.exit };
    let compared = &outcome.compared;
    if outcome.exit == Exit::Failed {
        warn("the comparison was stopped, so --fail-if-slower was not checked");
        return outcome.exit;
    }
    if compared.is_slower_than(limit) {
        tell(format_args!("error: B is slower by more than {limit} %"));
        return Exit::Regression;
    }
    if compared.finding() == Finding::NotEstimable {
        warn(format!("B may be slower by more than {limit} %: no interval can be computed; use {}", outcome.more()));
        return Exit::Short;
    }
    if compared.may_be_slower_than(limit) {
        warn(format!(
            "B may be slower by more than {limit} %: the interval reaches beyond that; use {}",
            outcome.more()
        ));
    }
    outcome.exit
}

impl Outcome {
    /// What the user can do to get a clearer answer.
    fn more(&self) -> &'static str {
        match (&self.stopped, self.step) {
            (Some(Stopped::Precise), _) => "a smaller --precision",
            (Some(Stopped::Enough), _) => "more --samples",
            (Some(_), _) => "more cold starts",
            (None, Step::Sample) => "more durations in the files",
            (None, Step::Run) => "more stored runs",
        }
    }
}

/// `3%`, `3 %` or `3`.
pub fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    let value = number.parse().ok().filter(|value| (0.0..=1_000.0).contains(value));
    value.ok_or_else(|| "expected a percentage from 0 to 1000, such as 3%".to_owned())
}

fn payload(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|e| format!("not JSON: {e}"))
}
