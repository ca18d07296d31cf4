//! Where a series changes its level.

pub mod tuning;
pub(crate) mod change_points;
mod evidence;
mod excursions;
mod location;
mod newest;
pub(crate) mod noise;
mod place;
mod ramp;
mod season;
mod segment;
mod tails;

pub use change_points::{believable, change_points, level_shift, minimum_detectable, segments};
pub use evidence::Evidence;
pub use location::locations;
pub use noise::{median, robust_sigma};
pub use place::place;
pub use ramp::{Ramp, ramp};
pub use season::season;
pub use tails::{Tails, tail_scores};
pub use tuning::CONFIRMING_RUNS;
