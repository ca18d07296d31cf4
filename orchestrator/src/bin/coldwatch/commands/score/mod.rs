//! `coldwatch score`: detections and parsed reports in the form that scorers read. Hidden from the help.

mod changes;
mod logs;

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};
use crate::output::stdout;

/// Arguments of `score`.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write what change detection finds in files
    Changes(changes::ChangesArgs),
    /// Print what is read of logs with known reports
    Logs(LogsArgs),
}

/// Arguments of `score logs`.
#[derive(Debug, Args)]
struct LogsArgs {
    /// The cases, one JSON object a line: `id`, `log` or `log_base64`, `target_request_id`; `-` is standard input
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
}

/// Writes what was asked for.
pub fn execute(args: &ScoreArgs) -> Result<Exit, Failure> {
    match &args.what {
        What::Changes(args) => changes::execute(args),
        What::Logs(args) => {
            let mut output = BufWriter::new(stdout());
            logs::parse_cases(&crate::logs::bytes(&args.cases)?, &mut output)?;
            output.flush()?;
            Ok(Exit::Done)
        }
    }
}
