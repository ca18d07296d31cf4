//! Why a suite is refused.

use crate::figures;

/// Why a suite was refused. Nothing has been touched when this is returned.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum SuiteError {
    /// Not TOML or JSON of the right shape; the parser's own words name the place.
    #[error("the suite cannot be read: {0}")]
    Syntax(String),
    /// A number outside its range.
    #[error("suite key `{key}` is {value}: allowed are {low} to {high}")]
    OutOfRange {
        /// Name of the key.
        key: &'static str,
        /// What was given.
        value: i64,
        /// Smallest allowed value.
        low: u32,
        /// Largest allowed value.
        high: u32,
    },
    /// A word that is none of those allowed.
    #[error("suite key `{key}` is \"{value}\": allowed are {allowed}")]
    NotOneOf {
        /// Name of the key.
        key: &'static str,
        /// What was given.
        value: String,
        /// The words allowed.
        allowed: &'static str,
    },
    /// No target at all.
    #[error("the suite names no target: add [[targets]] with `function = \"name\"`, or `tagged = \"KEY=VALUE\"`")]
    NoTargets,
    /// Not of the form of a tag.
    #[error("suite key `tagged` is \"{0}\": expected KEY=VALUE, or KEY for any value")]
    BadTag(String),
    /// The same function twice; its samples would be counted in one series twice.
    #[error("target `{0}` is the same function as another target: each function may be measured once per suite")]
    DuplicateTarget(String),
    /// A function name that Lambda would not accept.
    #[error("target `{}` is not a function name, an ARN, or name:qualifier", figures::visible(.0))]
    BadFunction(String),
    /// A label that a terminal or a page could not show as it is.
    #[error("label `{0}` cannot be used: allowed are 1 to 200 characters, without control characters")]
    BadLabel(String),
    /// People could not tell the two targets apart.
    #[error("label `{0}` is given to two targets: give each a label of its own")]
    DuplicateLabel(String),
    /// A value that JSON does not have.
    #[error("suite key `{key}` is {value}, which a payload in JSON cannot hold: use a text or a number")]
    NotJson {
        /// Where it is.
        key: String,
        /// What was given.
        value: String,
    },
    /// `idle` takes one invocation and no more.
    #[error(
        "suite key `{key}` is {value}: with start = \"idle\" only 1 is allowed, because an idle run makes one \
         invocation"
    )]
    Idle {
        /// Name of the key.
        key: &'static str,
        /// What was given.
        value: u32,
    },
    /// Nothing would be left for measuring.
    #[error(
        "suite key `max_seconds` is {value}: allowed are {low} to {high}, because {reserve} s are reserved for putting \
         functions back"
    )]
    TooShort {
        /// What was given.
        value: u32,
        /// Smallest allowed value.
        low: u32,
        /// Largest allowed value.
        high: u32,
        /// Whole seconds kept free.
        reserve: u32,
    },
    /// A burst would never be sent.
    #[error(
        "suite key `burst` is {burst}: with max_concurrency = {max_concurrency}, allowed are 1 to {max_concurrency}"
    )]
    BurstTooLarge {
        /// Burst size.
        burst: u32,
        /// Most invocations at the same time.
        max_concurrency: u32,
    },
    /// The wanted samples cannot be reached within a limit.
    #[error("suite key `{key}` is {value}: {samples} samples in bursts of {burst} need at least {needed}")]
    TooFew {
        /// Name of the limiting key.
        key: &'static str,
        /// What was given.
        value: u32,
        /// Samples wanted.
        samples: u32,
        /// Burst size.
        burst: u32,
        /// Smallest value that could suffice.
        needed: u32,
    },
}
