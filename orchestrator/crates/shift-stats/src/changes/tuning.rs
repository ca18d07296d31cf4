//! Every constant of change detection: what it is, in which unit, and where it comes from.
//!
//! `docs/evidence/detection.md` says what the detection loses without each; a script measures it over seeded series.

// The noise of a series.

/// Runs to either side in the running median, from which residuals are taken. Series of fewer than 100 runs use a fifth of them.
pub const LEVEL_REACH: usize = 20;
/// Runs to either side in the local scale of the noise.
pub const SCALE_REACH: usize = 25;
/// The least local scale, as a share of that of the whole series.
pub const SCALE_FLOOR: f64 = 0.5;
/// The least scale of all, in logarithms: no duration repeats to better than 0.2 %.
pub const LEAST_SCALE: f64 = 0.002;
/// The share of residuals that is taken to be free of outliers.
pub const OUTER: f64 = 0.8;

// Levels.

/// A run counts for no more than one this many scales from its level (biweight loss; Fearnhead & Rigaill 2019).
pub const LOSS_CUT: f64 = 2.0;
/// What a further level costs, in squared scales.
pub const PENALTY: f64 = 16.0;
/// The same cut for the second look, which finds shorter stretches.
pub const SHORT_LOSS_CUT: f64 = 3.0;
/// What a further level costs in the second look.
pub const SHORT_PENALTY: f64 = 20.0;
/// Runs on either side of a change that its test uses.
pub const SIDE: usize = 60;
/// Residuals are cut at this many scales in the test.
pub const TEST_CUT: f64 = 2.5;
/// How far apart two levels must be, in standard errors.
pub const LEAST_Z: f64 = 4.0;
/// The same for a last level with fewer than [`CONFIRMING_RUNS`] runs.
pub const NEWEST_LEAST_Z: f64 = 4.7;
/// How far the medians of the runs must be apart as well, so that a change of shape is not one of the level.
pub const MEDIAN_LEAST_Z: f64 = 3.0;
/// The smallest change that is reported, in logarithms.
pub const LEAST_SHIFT: f64 = 0.02;
/// Fewest runs of a level.
pub const LEAST_RUNS: usize = 4;
/// Fewest runs of the first level.
pub const FIRST_RUNS: usize = 5;
/// Levels this many scales apart are seen on a plot, whatever the autocorrelation.
pub const VISIBLE: f64 = 3.0;
/// The smallest shift that counts as seen, in logarithms.
pub const VISIBLE_SHIFT: f64 = 0.05;
/// Changes this near to each other are one, in runs.
pub const SAME: usize = 7;
/// A change is provisional until the new level has this many runs.
pub const CONFIRMING_RUNS: usize = 10;

// Young series.

/// How far apart they must be, in standard errors.
pub const EARLY_LEAST_Z: f64 = 5.5;
/// From so many runs on a level is known.
pub const LEARNING_RUNS: usize = 20;

// Passing events.

/// Most runs of a stretch that came back.
pub const PASSING_RUNS: usize = 60;
/// What may remain of its height afterwards.
pub const RETURNS_TO: f64 = 0.35;
/// A passing event raises an alert from this size on, while it is under way, in logarithms.
pub const LARGE: f64 = 0.14;

// Autocorrelation.

/// Lags of the long-run variance (Newey & West 1987).
pub const LAGS: usize = 5;
/// The slowest fading from run to run that is assumed.
pub const MOST_PERSISTENT: f64 = 0.5;

// Days and weeks.

/// Lengths of the waves that are fitted, in days.
pub const PERIODS: [f64; 2] = [1.0, 7.0];
/// Fewest periods from which a wave is fitted.
pub const SEASON_LEAST_PERIODS: f64 = 3.0;
/// A wave that keeps less than this share of its variance at the times of the runs cannot be told from the level.
pub const SEASON_LEAST_SHARE: f64 = 0.02;
/// How often waves and level are fitted in turn.
pub const SEASON_FITS: usize = 2;

// Drift.

/// What a further parameter of a ramp or of a wave must gain, in units of log n (Schwarz 1978 asks for 1).
pub const PARAMETER_PRICE: f64 = 2.0;
/// Fewest runs of a ramp; a quicker one is a step.
pub const RAMP_LEAST_RUNS: usize = 15;
/// Ends of a ramp are tried at every third run.
pub const RAMP_GRAIN: usize = 3;

// The samples of a run.

/// The parts of a run that may locate it, as quantiles between which its samples are averaged.
pub const PARTS: [(f64, f64); 4] = [(0.0, 0.3), (0.0, 0.5), (0.0, 0.75), (0.25, 0.75)];
/// What a part may scatter at most, relative to the medians, to be used instead of them.
pub const PART_LEAST_GAIN: f64 = 0.85;
/// A run's samples are divided by this percentile of them, which a second mode or a growing tail moves little.
pub const TAIL_BASE: f64 = 0.3;
/// Between these percentiles is the body below the median, whose width is the unit of distance.
pub const TAIL_BODY: (f64, f64) = (0.1, 0.4);
/// From how many standard deviations a sample counts as in the tail, and from how many it counts in full.
pub const TAIL_COUNTED: (f64, f64) = (1.5, 6.0);
