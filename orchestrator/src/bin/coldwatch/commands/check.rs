//! `coldwatch check`: whether a suite is good, before it is deployed.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use coldwatch::suite::Overrides;

use crate::exit::{Exit, Failure};
use crate::suite::json_form;

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// Suite to check, TOML or JSON
    #[arg(value_name = "FILE")]
    suite: PathBuf,
}

const EXAMPLES: &str = "\
Prints the suite as one line of JSON, as a schedule's input and the deployed parameter take it. Asks AWS nothing. \
Exit code 2, with key, value and range, if a run would refuse it.

Examples:
  coldwatch check suite.toml
  coldwatch check suite.toml > suite.json
  aws ssm put-parameter --overwrite --name /coldwatch/suite --value file://suite.json";

/// Checks the suite and prints it.
pub fn execute(args: &CheckArgs) -> Result<Exit, Failure> {
    let json = json_form(&args.suite, Overrides::default())?;
    writeln!(std::io::stdout(), "{json}")?;
    Ok(Exit::Done)
}
