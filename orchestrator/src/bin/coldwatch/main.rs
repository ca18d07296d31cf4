//! `coldwatch`: arguments, environment, clock, wiring. What is done is in the library.

mod commands;
mod builds;
mod context;
mod exit;
mod insights;
mod logs;
mod observed;
mod output;
mod page;
mod place;
mod progress;
mod report_line;
mod rows;
mod sample_file;
mod series;
mod series_files;
mod signals;
mod standin;
mod suite;
mod times;
mod visible;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{changes, check, compare, export, history, import, local, parse, plan, report, restore, run, score};
use exit::{Exit, Failure};

/// Benchmarks AWS Lambda cold starts: forces them, proves each one, keeps the history.
///
/// Without an AWS account, `coldwatch run --local` does the same in a local cloud on this machine, which starts real
/// processes.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 failed; 2 usage or bad input; 3 regression found; \
                          4 done, with fewer proven samples than wanted or needed.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the targets of a suite once
    Run(run::RunArgs),
    /// Check a suite, and print it as JSON
    Check(check::CheckArgs),
    /// Show what a run would do, without changing anything
    Plan(plan::PlanArgs),
    /// Show stored runs
    History(history::HistoryArgs),
    /// Show the history as one HTML page
    Report(report::ReportArgs),
    /// Print stored runs in the formats of other tools
    Export(export::ExportArgs),
    /// Find the changes of a series in a file
    Changes(changes::ChangesArgs),
    /// Show whether B starts slower than A, by how much, and how certain that is
    Compare(compare::CompareArgs),
    /// Store cold starts from a CSV, or runs that could not be stored when they were measured
    Import(import::ImportArgs),
    /// Put back functions that a killed run left changed
    Restore(restore::RestoreArgs),
    /// Print the platform reports of a log in any envelope, or a summary of them
    Parse(parse::ParseArgs),
    /// Write detections and parsed reports for scorers
    #[command(hide = true)]
    Score(score::ScoreArgs),
    /// Serve the local cloud until interrupted
    Local(local::LocalArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.command.starts_functions()
        && let Err(error) = drop_credentials()
    {
        return Failure::failed(format!("cannot start again without the AWS credentials: {error}")).report();
    }
    if let Err(failure) = raise_open_file_limit() {
        return failure.report();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(execute(cli.command)),
        Err(error) => Err(Failure::failed(error)),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

/// Enough for a burst of 20 in the local cloud, where each invoke has both ends of a connection, a process and its pipes.
const FEWEST_OPEN_FILES: u64 = 512;

/// Variables that hold credentials, or say where to get some.
const CREDENTIALS: [&str; 9] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// Starts this program anew without the AWS credentials of its environment, if there are any. A function of the local
/// cloud may read `/proc/PPID/environ`, and that shows what a program was started with, whatever it has removed since.
fn drop_credentials() -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    if CREDENTIALS.iter().all(|name| std::env::var_os(name).is_none()) {
        return Ok(());
    }
    let mut again = std::process::Command::new(std::env::current_exe()?);
    again.args(std::env::args_os().skip(1));
    for name in CREDENTIALS {
        again.env_remove(name);
    }
    // It returns only if it fails.
    Err(again.exec())
}

impl Command {
    /// Whether functions of a local cloud may run in this process.
    fn starts_functions(&self) -> bool {
        match self {
            Command::Local(_) => true,
            Command::Run(args) => args.is_local(),
            Command::Compare(args) => args.is_local(),
            _ => false,
        }
    }
}

async fn execute(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run::execute(args).await,
        Command::Check(args) => check::execute(&args),
        Command::Plan(args) => plan::execute(args).await,
        Command::History(args) => history::execute(args).await,
        Command::Report(args) => report::execute(args).await,
        Command::Export(args) => export::execute(args).await,
        Command::Changes(args) => changes::execute(&args),
        Command::Compare(args) => compare::execute(args).await,
        Command::Import(args) => import::execute(args).await,
        Command::Restore(args) => restore::execute(args).await,
        Command::Parse(args) => parse::execute(&args),
        Command::Score(args) => score::execute(&args),
        Command::Local(args) => local::execute(args).await,
    }
}

/// A burst over plain HTTP takes a connection an invoke, and the local cloud the other end of it; the usual
/// soft limit of 1,024 open files would cut a large one short. With fewer, what fails does not say why.
fn raise_open_file_limit() -> Result<(), Failure> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where this is not allowed the limit stays, and a burst too large for it reports transport failures.
    let _ = setrlimit(Resource::Nofile, limit);
    match getrlimit(Resource::Nofile).current {
        Some(allowed) if allowed < FEWEST_OPEN_FILES => Err(Failure::failed(format!(
            "the system allows {allowed} open files, and {FEWEST_OPEN_FILES} are needed: raise the limit, for example \
             with `ulimit -n {FEWEST_OPEN_FILES}`"
        ))),
        _ => Ok(()),
    }
}
