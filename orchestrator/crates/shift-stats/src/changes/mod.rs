//! Where a series changes its level.

mod change_points;
mod excursions;
mod location;
mod newest;
mod noise;
mod place;
mod ramp;
mod season;
mod segment;
mod tails;

pub use change_points::{
    CONFIRMING_RUNS, Evidence, Settings, believable, change_points, level_shift, minimum_detectable, segments,
};
pub use excursions::LEAST_HEIGHT;
pub use location::locations;
pub use newest::LEAST_Z;
pub use noise::{median, robust_sigma};
pub use place::place;
pub use ramp::{Ramp, ramp};
pub use season::season;
pub use tails::{COUNTED as TAIL_COUNTED, Tails, tail_scores};
