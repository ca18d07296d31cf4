//! Statistics of samples and of series: pure functions on bare numbers.
//!
//! Nothing here knows what a number means; units, outcomes and verdicts live with the caller. Every method names its
//! source. [`changes`] finds where a series changes its level.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod changes;
mod count;
mod discoveries;
mod modes;
mod quantile;
mod ranks;
mod root;
mod sorted;
mod spread;

pub use discoveries::benjamini_hochberg;
pub use modes::{MODES_FROM, TwoModes, dip, two_modes};
pub use quantile::{Interval, interval, quantile, quantile_of};
pub use ranks::{
    MannWhitney, Method, Shift, interpolated_p, interpolated_shift, mann_whitney, normal_p, normal_z,
    probability_b_greater, ratio, shift,
};
pub use sorted::{Sorted, SortedError};
pub use spread::{RUN_EFFECT_FROM, RunNoise};
