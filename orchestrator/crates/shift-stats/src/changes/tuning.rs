//! Every constant of change detection in one series: what it is, in which unit, and where it comes from. What several series
//! show together is decided in `history`.

use std::ops::RangeInclusive;

// How noisy a series is

/// The share of distances from the middle that is taken to be free of outliers: four of five.
pub const INNER: (usize, usize) = (4, 5);
/// How many standard deviations that share is in normal values: Φ⁻¹(0.9).
pub const INNER_SIGMAS: f64 = 1.281_551_565_544_600_4;

/// Runs to either side in the running median.
pub const LEVEL_REACH: usize = 20;
/// Runs to either side in the local scale of the noise.
pub const SCALE_REACH: usize = 25;
/// The least local scale, as a share of the series'.
pub const SCALE_FLOOR: f64 = 0.5;
/// Residuals are cut at this many local scales.
pub const CLIP: f64 = 2.5;
/// Penalty of a further segment, in units of log n.
pub const PENALTY: f64 = 5.0;
/// Runs to either side of a change that its test looks at.
pub const SIDE: usize = 60;
/// The test's largest p, as the z of the normal approximation.
pub const LEAST_Z: f64 = 3.29;
/// The smallest change worth a word, in units of the values.
pub const LEAST_SHIFT: f64 = 0.02;
/// Fewest runs of the first level.
pub const FIRST_RUNS: usize = 20;

// Levels and their noise

/// A change is provisional until the new level has this many runs.
pub const CONFIRMING_RUNS: usize = 10;
/// Fewest runs from which the noise of a series is known.
pub const NOISE_RUNS: usize = 20;
/// Lags of the long-run variance.
pub const LAGS: usize = 5;
/// Standard errors beyond which autocorrelations are more than chance.
pub const CHANCE: f64 = 2.0;
/// The slowest fading that is reckoned with, from run to run.
pub const MOST_PERSISTENT: f64 = 0.5;

// Excursions

/// Runs to either side in the running median: short, so that an excursion is a level of its own.
pub const EXCURSION_LEVEL_REACH: usize = 5;
/// Runs to either side in the local scale.
pub const EXCURSION_SCALE_REACH: usize = 30;
/// Residuals are cut at this many scales.
pub const EXCURSION_CLIP: f64 = 4.0;
/// Fewest and most runs of an excursion.
pub const EXCURSION_RUNS: RangeInclusive<usize> = 10..=30;
/// Its least height, in standard deviations of the runs before, in and after it, whichever scatter most.
pub const LEAST_HEIGHT: f64 = 3.5;
/// What may remain of the height after it.
pub const RETURNS_TO: f64 = 0.35;
/// Changes this near to each other are one.
pub const SAME_EXCURSION: usize = 8;

// The newest runs

/// Fewest and most runs that are looked at as newest.
pub const NEWEST: RangeInclusive<usize> = 4..=20;
/// With no more runs than this they must also convince without the last: one more judgement costs less than a false alarm.
pub const FEW: usize = 6;
/// A segment that ends with the last run and is no longer than this must convince like the newest runs.
pub const YOUNG: usize = 40;
/// Fewest runs of the level before the newest runs.
pub const NEWEST_LEVEL_RUNS: usize = 20;
/// Fewest runs of the level before a young segment.
pub const YOUNG_LEVEL_RUNS: usize = 10;
/// How far the newest runs must lie off by their scores, in standard errors of the mean.
pub const NEWEST_LEAST_Z: f64 = 4.7;
/// The same for up to [`FEW`] runs, which must convince twice.
pub const FEW_LEAST_Z: f64 = 4.5;
/// From so many runs on they must lie the farther off the more they are, by this power of their number: a change that is as large as it
/// first seemed comes to lie farther off by the root of it, an excursion that goes back does not.
pub const MANY: f64 = 10.0;
/// The power of the number of runs beyond [`MANY`] by which they must lie farther off.
pub const MANY_POWER: f64 = 0.4;
/// How far by their figures.
pub const LEAST_FIGURE_Z: f64 = 4.0;
/// How far by their medians, so that a change of shape is none of the level.
pub const LEAST_MEDIAN_Z: f64 = 2.0;
/// What the figures' distance counts where it is the greater one: ranks have an end, and runs that differ more than their samples
/// reach it soon.
pub const FIGURES_SHARE: f64 = 0.75;
/// What the outer fifth of the level before counts where it says that the noise is wider than the inner half does: of runs at one of
/// two modes the inner half may know only one.
pub const OUTER_SHARE: f64 = 0.8;
/// No run counts for more than this many standard deviations.
pub const NEWEST_CLIP: f64 = 4.0;
/// At most one in so many of the newest runs may lie within a standard deviation of the old level, or beyond it.
pub const ONE_IN: usize = 5;
/// Scores of as many of the last runs are enough: the newest runs or a young segment, and the level before.
pub const SCORED_RUNS: usize = 100;

// Where a change is placed

/// Runs to either side whose scores tell.
pub const PLACE_REACH: usize = 60;
/// How many runs a change may be moved.
pub const PLACE_SEARCH: usize = 16;
/// Fewest runs to either side.
pub const PLACE_LEAST_SIDE: usize = 2;
/// Scores are cut this many standard deviations beyond the levels.
pub const PLACE_CLIP: f64 = 1.5;
/// Squared distances are counted up to so many runs: farther off is wrong, and no more wrong with every run.
pub const PLACE_WRONG: usize = 7;

// Ramps

/// Runs to either side of the steps that are looked at.
pub const RAMP_REACH: usize = 60;
/// Fewest runs of a ramp; a quicker one is a step.
pub const RAMP_LEAST_RUNS: usize = 15;
/// Fewest runs that are left of the level on either side.
pub const RAMP_LEAST_LEVEL: usize = 5;
/// Places tried are this many runs apart.
pub const RAMP_GRAIN: usize = 3;
/// What a further parameter has to gain, in units of log n.
pub const RAMP_PARAMETER: f64 = 2.0;

// Days and weeks

/// A day and a week, in days.
pub const PERIODS: [f64; 2] = [1.0, 7.0];
/// Fewest runs from which a season is estimated.
pub const SEASON_LEAST_RUNS: usize = 60;
/// Fewest periods from which a season is estimated.
pub const SEASON_LEAST_PERIODS: f64 = 3.0;
/// Runs to either side in the level beside which waves are fitted; whether there are any is told beside blocks of as many. A period
/// that does not fit in there is part of the level.
pub const SEASON_LEVEL_REACH: usize = 20;
/// No run counts for more than this many standard deviations.
pub const SEASON_CLIP: f64 = 2.5;
/// What an amplitude and a phase have to gain, in units of log n: twice what the Bayesian information criterion asks.
pub const SEASON_PRICE: f64 = 4.0;
/// A wave that keeps less than this share of its variance at the times of the runs cannot be separated from the level.
pub const SEASON_LEAST_SHARE: f64 = 0.02;
/// The running median keeps some of a week, so that the first fit is not the last.
pub const SEASON_FITS: usize = 2;

// Where a run lies

/// The parts that are tried, as quantiles between which the samples are averaged.
pub const PARTS: [(f64, f64); 4] = [(0.0, 0.3), (0.0, 0.5), (0.0, 0.75), (0.25, 0.75)];
/// What a part may scatter at most, relative to the medians, to be taken instead of them.
pub const PART_LEAST_GAIN: f64 = 0.85;
/// Runs to either side in the level from which the scatter is measured.
pub const PART_LEVEL_REACH: usize = 20;
/// Runs of a block, in which a part keeps its distance from the medians.
pub const PART_BLOCK: usize = 2 * PART_LEVEL_REACH + 1;
/// Runs to either side in the level of a part relative to the median.
pub const PART_SHAPE_REACH: usize = 25;

// Tails of a run

/// A run's samples are divided by their 30th percentile: a second mode or a tail that grows moves it little, the run effect as
/// much as any other.
pub const TAIL_BASE: f64 = 0.3;
/// Between these percentiles is the body below the median, whose width is the unit of distance.
pub const TAIL_BODY: (f64, f64) = (0.1, 0.4);
/// Standard deviations of normal values between the percentiles of [`TAIL_BODY`].
pub const TAIL_BODY_WIDTH: f64 = 1.028_204_462_408_846_8;
/// Standard deviations of normal values from [`TAIL_BASE`] to the median.
pub const TAIL_BASE_TO_MEDIAN: f64 = 0.524_400_512_708_040_8;
/// From how many standard deviations a sample begins to count, and from how many it counts in full.
pub const TAIL_COUNTED: (f64, f64) = (1.5, 6.0);
/// What Anscombe (1948) adds to a count before its root is taken, so that the variance of the root is the same for all counts.
pub const ANSCOMBE: f64 = 0.375;
