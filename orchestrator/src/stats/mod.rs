//! Statistics of samples: pure functions on bare numbers.
//!
//! Nothing here knows what a number stands for; units, outcomes and verdicts live in the modules that call.
//! Every method names its source.

mod quantile;
mod ranks;
mod root;
mod sorted;

pub use quantile::{Interval, interval, quantile};
pub use ranks::{MannWhitney, Method, Shift, mann_whitney, probability_b_greater, ratio, shift};
pub use sorted::{Sorted, SortedError};
