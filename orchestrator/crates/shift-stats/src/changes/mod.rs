//! Where a series changes its level.
//!
//! | step | in |
//! |---|---|
//! | where each run lies, without days and weeks | [`location`], [`season`] |
//! | the noise around each run | [`noise`] |
//! | candidates: the best division into levels, and early steps of young series | [`segment`], [`early`] |
//! | one test for each candidate | [`contrast`], [`memory`], [`find`] |
//! | sorted into changes and passing events | [`passing`] |
//! | each placed where it is likely to be; drifts | [`place`], [`ramp`] |
//! | changes of shape | [`tails`] |

pub mod tuning;
pub(crate) mod noise;
mod location;
mod season;
mod memory;
mod segment;
mod contrast;
mod early;
mod passing;
pub(crate) mod find;
mod place;
mod ramp;
mod tails;
mod levels;

pub use find::{Found, change_points, find, find_scores, segments, shown_by};
pub use levels::{Levels, Runs, level_shift, minimum_detectable};
pub use noise::{median, robust_sigma};
pub use passing::Passing;
pub use place::place;
pub use ramp::{Ramp, ramp};
pub use tails::{Tails, tail_scores};
pub use tuning::CONFIRMING_RUNS;
