//! Statistics of samples: pure functions on bare numbers.
//!
//! Nothing here knows what a number stands for; units, outcomes and verdicts live in the modules that call.
//! Every method names its source.

mod modes;
mod quantile;
mod ranks;
mod root;
mod sorted;
mod spread;

pub use modes::{MODES_FROM, TwoModes, dip, two_modes};
pub use quantile::{Interval, interval, quantile};
pub use ranks::{MannWhitney, Method, Shift, mann_whitney, normal_p, probability_b_greater, ratio, shift};
pub use sorted::{Sorted, SortedError};
pub use spread::{RUN_EFFECT_FROM, robust_sigma, run_effect};
