//! Which suite a command works on, and where.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Args;
use coldwatch::aws::Aws;
use coldwatch::record::trigger::Trigger;
use coldwatch::schedule::discovery::{DiscoveryError, discover};
use coldwatch::schedule::input::check_size;
use coldwatch::suite::{Overrides, Suite};
use serde_json::Value;

use crate::exit::Failure;
use crate::place::Place;
use crate::standin::{Standin, built_in_suite};

/// Arguments of every command that works on a suite.
#[derive(Debug, Args)]
pub struct SuiteArgs {
    #[command(flatten)]
    place: Place,
    /// Suite to use, TOML or JSON [default with --local: a built-in suite]
    #[arg(long, value_name = "FILE", required_unless_present = "local")]
    suite: Option<PathBuf>,
    /// Proven cold starts wanted per target, instead of the suite's [1..1000]
    #[arg(long, value_name = "N")]
    samples: Option<u32>,
    /// Invokes per round, instead of the suite's [1..1000]
    #[arg(long, value_name = "N")]
    burst: Option<u32>,
}

impl SuiteArgs {
    /// Where the history is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The suite, and the clients to work with. Nothing is started or asked before the suite is found good.
    pub async fn open(&self) -> Result<(Aws, Option<Standin>, Suite), Failure> {
        let overrides = Overrides { samples: self.samples, burst: self.burst };
        let own = self.read(overrides)?;
        let built_in = built_in_suite(overrides).map_err(Failure::bad_input)?;
        let (aws, standin) = self.place.open().await?;
        let suite = match &standin {
            Some(standin) => standin.prepare(&aws, own, built_in).await?,
            None => own.expect("without --local a suite is required"),
        };
        let suite = discover(&aws.tags, suite, None).await.map_err(|error| match error {
            DiscoveryError::NothingTagged(_) => Failure::bad_input(error),
            DiscoveryError::Aws(_) => Failure::failed(error),
        })?;
        Ok((aws, standin, suite))
    }

    fn read(&self, overrides: Overrides) -> Result<Option<Suite>, Failure> {
        let Some(path) = &self.suite else { return Ok(None) };
        Suite::from_text_with(&text(path)?, overrides).map(Some).map_err(|e| named(path, &e))
    }
}

/// The suite of a file as JSON, as the deployed orchestrator takes it. Bad input if it would refuse it.
pub fn json_form(path: &Path, overrides: Overrides) -> Result<Value, Failure> {
    let text = text(path)?;
    let suite = Suite::from_text_with(&text, overrides).map_err(|e| named(path, &e))?;
    check_size(&suite, &Trigger::fresh(Utc::now(), 0)).map_err(|e| named(path, &e))?;
    Suite::json_form(&text, overrides).map_err(|e| named(path, &e))
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|e| named(path, &e))
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::bad_input(format!("{}: {error}", path.display()))
}
