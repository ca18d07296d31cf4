//! From a tick to the suite that is run: reads the parameter, finds tagged functions.

use crate::aws::{Aws, AwsError};
use crate::record::trigger::Trigger;
use crate::schedule::discovery::{DiscoveryError, discover};
use crate::schedule::handover::{MAX_EVENT_BYTES, largest_event_bytes};
use crate::schedule::tick::{SuiteSource, Tick, TickError};
use crate::suite::{Suite, SuiteError};

/// The suite that the function has of its own, for events that bring none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnSuite {
    /// The suite itself, TOML or JSON.
    pub text: Option<String>,
    /// Name of the parameter that holds it.
    pub parameter: Option<String>,
}

/// Why there is nothing to run.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The event itself.
    #[error(transparent)]
    Event(#[from] TickError),
    /// Nobody gave a suite.
    #[error(
        "there is no suite: give `suite` or `suite_parameter` in the event, or set COLDWATCH_SUITE or COLDWATCH_SUITE_PARAMETER"
    )]
    NoSuite,
    /// The event brings a suite, from whoever may invoke the function.
    #[error(
        "the event brings a suite, and this orchestrator accepts none: name its parameter in `suite_parameter`, or set \
         COLDWATCH_INLINE_SUITES=true"
    )]
    Inline,
    /// The suite is refused.
    #[error("{place}: {source}")]
    Suite {
        /// Its name.
        place: String,
        /// What is wrong with it.
        #[source]
        source: SuiteError,
    },
    /// The parameter does not exist.
    #[error("there is no parameter `{0}` in this account and region")]
    NoParameter(String),
    /// No target is left.
    #[error(transparent)]
    Discovery(DiscoveryError),
    /// Too large to be handed on, should the time not suffice.
    #[error(
        "the suite is too large to be handed on: {bytes} bytes with its {targets} targets, at most \
         {MAX_EVENT_BYTES} are allowed; split it, or shorten payloads"
    )]
    TooLarge {
        /// Its size as an event.
        bytes: usize,
        /// Number of targets.
        targets: usize,
    },
    /// AWS could not be asked.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

impl InputError {
    /// Whether the same event may do another time.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Aws(_))
    }
}

/// Refuses an event that brings a suite, unless `inline` allows that. What this function has handed on to itself holds
/// one always.
pub fn check_source(tick: &Tick, inline: bool) -> Result<(), InputError> {
    let brings_one = matches!(tick.suite, SuiteSource::Inline(_)) && tick.continued.is_none();
    if brings_one && !inline { Err(InputError::Inline) } else { Ok(()) }
}

/// The suite of a tick, complete with what its tag finds. `own_arn` is the orchestrator's own function.
pub async fn suite(aws: &Aws, source: SuiteSource, own: &OwnSuite, own_arn: &str) -> Result<Suite, InputError> {
    let suite = match source {
        SuiteSource::Inline(suite) => suite,
        SuiteSource::Parameter(name) => in_parameter(aws, &name).await?,
        SuiteSource::Own => match own {
            OwnSuite { text: Some(text), .. } => read(text, "COLDWATCH_SUITE")?,
            OwnSuite { parameter: Some(name), .. } => in_parameter(aws, name).await?,
            OwnSuite { text: None, parameter: None } => return Err(InputError::NoSuite),
        },
    };
    discover(&aws.tags, suite, Some(own_arn)).await.map_err(|error| match error {
        DiscoveryError::Aws(error) => InputError::Aws(error),
        nothing @ DiscoveryError::NothingTagged(_) => InputError::Discovery(nothing),
    })
}

async fn in_parameter(aws: &Aws, name: &str) -> Result<Suite, InputError> {
    let text = aws.parameters.get(name).await?.ok_or_else(|| InputError::NoParameter(name.to_owned()))?;
    read(&text, &format!("parameter {name}"))
}

fn read(text: &str, place: &str) -> Result<Suite, InputError> {
    Suite::from_text(text).map_err(|source| InputError::Suite { place: place.to_owned(), source })
}

/// Refuses a suite that could not be handed on whole.
pub fn check_size(suite: &Suite, trigger: &Trigger) -> Result<(), InputError> {
    let bytes = largest_event_bytes(suite, trigger);
    if bytes <= MAX_EVENT_BYTES { Ok(()) } else { Err(InputError::TooLarge { bytes, targets: suite.targets.len() }) }
}
