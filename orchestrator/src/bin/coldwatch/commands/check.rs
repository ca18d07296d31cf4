//! `coldwatch check`: whether a suite is good, before it is deployed.

use std::path::PathBuf;

use clap::Args;
use coldwatch::suite::Overrides;

use crate::exit::{Exit, Failure};
use crate::output::print;
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
Prints the suite as one line of JSON, the form for a schedule's input and for the deployed parameter. Does not call \
AWS. If a run would refuse the suite, the exit code is 2, and the message names key, value and range.

Examples:
  coldwatch check suite.toml
  coldwatch check suite.toml > suite.json
  aws ssm put-parameter --overwrite --name /coldwatch/suite --value file://suite.json";

/// Checks the suite and prints it.
pub fn execute(args: &CheckArgs) -> Result<Exit, Failure> {
    let json = json_form(&args.suite, Overrides::default())?;
    print(json)?;
    Ok(Exit::Done)
}
