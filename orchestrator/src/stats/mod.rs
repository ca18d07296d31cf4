//! Statistics of samples: pure functions on bare numbers.
//!
//! Nothing here knows what a number stands for; units, outcomes and verdicts live in the modules that call.
//! Every method names its source.

mod change_points;
mod discoveries;
mod excursions;
mod location;
mod modes;
mod newest;
mod noise;
mod place;
mod quantile;
mod ramp;
mod ranks;
mod root;
mod season;
mod segment;
mod sorted;
mod spread;
mod tails;

pub use change_points::{
    CONFIRMING_RUNS, Evidence, Settings, believable, change_points, level_shift, minimum_detectable,
};
pub use discoveries::benjamini_hochberg;
pub use excursions::LEAST_HEIGHT;
pub use location::locations;
pub use modes::{MODES_FROM, TwoModes, dip, two_modes};
pub use newest::LEAST_Z;
pub use noise::robust_sigma;
pub use place::place;
pub use quantile::{Interval, interval, quantile, quantile_of};
pub use ramp::{Ramp, ramp};
pub use ranks::{
    MannWhitney, Method, Shift, interpolated_p, interpolated_shift, mann_whitney, normal_p, normal_z,
    probability_b_greater, ratio, shift,
};
pub use season::season;
pub use sorted::{Sorted, SortedError};
pub use spread::{RUN_EFFECT_FROM, RunNoise};
pub use tails::{COUNTED as TAIL_COUNTED, Tails, tail_scores};

/// A number of samples or of runs, to reckon with.
#[expect(clippy::cast_precision_loss, reason = "samples and runs are far fewer than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
