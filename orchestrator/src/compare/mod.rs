//! Two sides compared: by how much B starts slower than A, how sure that is, and what it means in words.
//!
//! Samples taken in turns within the same minutes are compared directly. Runs of different times differ by more than
//! the chance inside them. They are compared by their medians. With too few runs for that, the interval is widened by
//! the run effect (`docs/methodology.md`).

pub mod stopping;

use crate::figures::CONFIDENCE;
use crate::record::Distribution;
use crate::record::summary::distribution_ms;
use shift_stats::{
    Interval, RunNoise, Shift, Sorted, TwoModes, interpolated_p, interpolated_shift, mann_whitney, normal_p, normal_z,
    probability_b_greater, quantile, ratio, shift, two_modes,
};

/// The run effect of a function whose own is not known: the largest of the four kinds of function in the public
/// lambda-perf history (container images on x86-64).
pub const USUAL_RUN_EFFECT: f64 = 0.036;
/// What was measured of one side.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Name for people.
    pub label: String,
    /// Proven init (or restore) durations in ms, a sample for each run.
    pub runs: Vec<Sorted>,
    /// How whole runs of it scatter, if its history shows it.
    pub noise: Option<RunNoise>,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Name for people.
    pub label: String,
    /// Runs that the samples come from.
    pub runs: usize,
    /// The durations, in ms.
    pub durations: Distribution,
    /// The two modes, if there are two: a median between them says little.
    pub modes: Option<TwoModes>,
}

/// What the figures of a comparison rest on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Basis {
    /// Samples taken in turns.
    Together,
    /// The medians of runs.
    Runs,
    /// Samples of too few runs, with intervals widened by run effects.
    FewRuns {
        /// Run effect of A.
        a: f64,
        /// Run effect of B.
        b: f64,
    },
}

/// B against A.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What B is compared with.
    pub a: Side,
    /// What is compared.
    pub b: Side,
    /// What the figures rest on.
    pub basis: Basis,
    /// The probability of a difference at least this large, were there none.
    pub p: f64,
    /// The probability that a cold start of B takes longer than one of A; equal ones count half.
    pub probability_b_slower: f64,
    /// Hodges-Lehmann estimate of B − A in ms.
    pub shift: Shift,
    /// The same of B / A. Absent where a duration is 0.
    pub ratio: Option<Shift>,
}

/// What a comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// B is slower.
    Slower,
    /// B is faster.
    Faster,
    /// The interval holds "no difference".
    NoneShown,
    /// There are too few samples for an interval.
    NotEstimable,
}

/// A side without a sample.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has no proven cold start to compare")]
pub struct NothingToCompare(pub String);

/// Compares samples that were taken in turns.
pub fn together(a: &Group, b: &Group) -> Result<Comparison, NothingToCompare> {
    let (all_a, all_b) = (a.pooled()?, b.pooled()?);
    Ok(Comparison {
        a: a.side(&all_a),
        b: b.side(&all_b),
        basis: Basis::Together,
        p: mann_whitney(&all_a, &all_b).p,
        probability_b_slower: probability_b_greater(&all_a, &all_b),
        shift: shift(&all_a, &all_b, CONFIDENCE),
        ratio: ratio(&all_a, &all_b, CONFIDENCE),
    })
}

/// Compares runs of different times: by the runs' medians if these give an interval, otherwise by the samples, with the
/// run effect added.
pub fn apart(a: &Group, b: &Group) -> Result<Comparison, NothingToCompare> {
    let pooled = together(a, b)?;
    let (medians_a, medians_b) = (a.medians()?, b.medians()?);
    let by_runs = interpolated_shift(&medians_a, &medians_b, CONFIDENCE);
    if by_runs.interval.is_none() {
        let (all_a, all_b) = (a.pooled()?, b.pooled()?);
        let shift = interpolated_shift(&all_a, &all_b, CONFIDENCE);
        let ratio = all_a.ln().zip(all_b.ln()).map(|(a, b)| exponential(interpolated_shift(&a, &b, CONFIDENCE)));
        return Ok(Comparison { shift, ratio, ..pooled }.with_run_effects(a, b));
    }
    let widening = error(a, b, |side| side.noise.as_ref().map_or(1.0, |noise| noise.widening(side.runs.len())))
        / error(a, b, |_| 1.0);
    let widened = |shift: Shift| farther(shift, |distance| distance * widening);
    let logarithms = medians_a.ln().zip(medians_b.ln());
    let ratio = logarithms.as_ref().map(|(a, b)| exponential(widened(interpolated_shift(a, b, CONFIDENCE))));
    let p = logarithms.map_or_else(|| interpolated_p(&medians_a, &medians_b), |(a, b)| interpolated_p(&a, &b));
    Ok(Comparison {
        basis: Basis::Runs,
        p: if widening > 1.0 { normal_p(normal_z(p) / widening) } else { p },
        shift: widened(by_runs),
        ratio,
        ..pooled
    })
}

impl Group {
    /// All samples of a side that were taken together.
    pub fn one_run(label: &str, samples: Vec<f64>) -> Result<Self, NothingToCompare> {
        let samples = Sorted::new(samples).map_err(|_| NothingToCompare(label.to_owned()))?;
        Ok(Self { label: label.to_owned(), runs: vec![samples], noise: None })
    }

    fn pooled(&self) -> Result<Sorted, NothingToCompare> {
        self.of(self.runs.iter().flat_map(Sorted::values).copied().collect())
    }

    fn medians(&self) -> Result<Sorted, NothingToCompare> {
        self.of(self.runs.iter().map(|run| quantile(run, 0.5)).collect())
    }

    fn of(&self, values: Vec<f64>) -> Result<Sorted, NothingToCompare> {
        Sorted::new(values).map_err(|_| NothingToCompare(self.label.clone()))
    }

    fn side(&self, all: &Sorted) -> Side {
        Side {
            label: self.label.clone(),
            runs: self.runs.len(),
            durations: distribution_ms(all.values().to_vec()),
            modes: two_modes(all),
        }
    }
}

impl Comparison {
    /// What it shows.
    pub fn finding(&self) -> Finding {
        match self.beside(0.0) {
            None => Finding::NotEstimable,
            Some((interval, none)) if interval.low > none => Finding::Slower,
            Some((interval, none)) if interval.high < none => Finding::Faster,
            Some(_) => Finding::NoneShown,
        }
    }

    /// Whether B is proven to be slower by more than this: the whole interval is above it.
    pub fn is_slower_than(&self, percent: f64) -> bool {
        self.beside(percent).is_some_and(|(interval, limit)| interval.low > limit)
    }

    /// Whether B may be slower by more than this.
    pub fn may_be_slower_than(&self, percent: f64) -> bool {
        self.beside(percent).is_none_or(|(interval, limit)| interval.high > limit)
    }

    /// Where no change is shown: the largest, in percent of A and in either direction, that the interval holds.
    pub fn no_change_above_percent(&self) -> Option<f64> {
        let Interval { low, high } = self.ratio?.interval?;
        (self.finding() == Finding::NoneShown).then_some(100.0 * (1.0 - low).max(high - 1.0))
    }

    /// The interval to judge by, and its value if B is slower by exactly `percent`. It is the interval of the ratio. If
    /// a duration is 0, it is that of the difference, and percent are of A's median.
    fn beside(&self, percent: f64) -> Option<(Interval, f64)> {
        let share = percent / 100.0;
        match self.ratio {
            Some(ratio) => Some((ratio.interval?, 1.0 + share)),
            None => Some((self.shift.interval?, share * self.a.durations.p50?)),
        }
    }

    /// Adds to both ends of the intervals what runs shift together, as variances add.
    fn with_run_effects(self, a: &Group, b: &Group) -> Self {
        let of_runs = |side: &Group| {
            let alike = side.noise.as_ref().map_or(1.0, |noise| noise.variance_of_mean(side.runs.len()));
            run_effect(side) * alike.sqrt()
        };
        let normal = normal_z(1.0 - CONFIDENCE);
        let reach = normal * error(a, b, of_runs);
        let student = [a, b].into_iter().filter_map(|side| Some(side.noise.as_ref()?.reach(CONFIDENCE) / normal));
        let student = student.fold(1.0, f64::max);
        let level = self.b.durations.p50.unwrap_or_default();
        let wider = |shift: Shift, level: f64| farther(shift, |distance| student * distance.hypot(reach * level));
        let ratio = self.ratio.map(|ratio| exponential(wider(logarithm(ratio), 1.0)));
        let p = ratio.and_then(|r| Some((r.estimate.ln(), r.interval?))).map_or(1.0, |(estimate, interval)| {
            let sd = (interval.high.ln() - interval.low.ln()) / 2.0 / normal;
            if sd > 0.0 { normal_p(estimate / sd) } else { self.p }
        });
        let shift = wider(self.shift, level);
        Self { basis: Basis::FewRuns { a: run_effect(a), b: run_effect(b) }, p, shift, ratio, ..self }
    }
}

/// The standard error of the difference between both sides' means of runs, where a run of a side has the standard deviation `of`.
fn error(a: &Group, b: &Group, of: impl Fn(&Group) -> f64) -> f64 {
    let of_mean = |side: &Group| of(side) / count(side.runs.len()).sqrt();
    of_mean(a).hypot(of_mean(b))
}

/// A shift whose interval ends are as far from the estimate as `distance` says.
fn farther(shift: Shift, distance: impl Fn(f64) -> f64) -> Shift {
    let Shift { estimate, interval } = shift;
    let interval = interval.map(|Interval { low, high }| Interval {
        low: estimate - distance(estimate - low),
        high: estimate + distance(high - estimate),
    });
    Shift { estimate, interval }
}

/// The ratio that a difference of logarithms is.
fn exponential(difference: Shift) -> Shift {
    each(difference, f64::exp)
}

/// The difference of logarithms that a ratio is.
fn logarithm(ratio: Shift) -> Shift {
    each(ratio, f64::ln)
}

fn each(Shift { estimate, interval }: Shift, f: fn(f64) -> f64) -> Shift {
    let interval = interval.map(|Interval { low, high }| Interval { low: f(low), high: f(high) });
    Shift { estimate: f(estimate), interval }
}

#[expect(clippy::cast_precision_loss, reason = "runs and samples are few")]
fn count(n: usize) -> f64 {
    n as f64
}

/// What runs of a side shift together, as a share of the level.
fn run_effect(side: &Group) -> f64 {
    side.noise.as_ref().map_or(USUAL_RUN_EFFECT, |noise| noise.effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(label: &str, runs: &[Vec<f64>]) -> Group {
        let runs = runs.iter().map(|run| Sorted::new(run.clone()).unwrap()).collect();
        Group { label: label.to_owned(), runs, noise: None }
    }

    /// `n` values whose logarithms are evenly spread over ± `spread` around that of `level`.
    fn around(level: f64, spread: f64, n: u32) -> Vec<f64> {
        let place = |i| f64::from(i) / f64::from(n - 1) * 2.0 - 1.0;
        (0..n).map(|i| level * (spread * place(i)).exp()).collect()
    }

    #[test]
    fn slower_than_a_limit_needs_the_whole_interval_above_it() {
        let compared =
            together(&group("a", &[around(100.0, 0.1, 60)]), &group("b", &[around(112.4, 0.1, 60)])).unwrap();
        let shown = [0.0, 5.0, 10.0, 12.0, 15.0].map(|limit| compared.is_slower_than(limit));
        assert_eq!(shown, [true, true, false, false, false]);
        assert_eq!((compared.may_be_slower_than(12.0), compared.may_be_slower_than(16.0)), (true, false));
    }

    #[test]
    fn a_duration_of_zero_leaves_the_limit() {
        let of = |level| group("x", &[[vec![0.0], vec![level; 30]].concat()]);
        let compared = together(&of(100.0), &of(500.0)).unwrap();
        assert_eq!((compared.ratio, compared.finding()), (None, Finding::Slower));
        assert_eq!([5.0, 399.0, 401.0].map(|limit| compared.is_slower_than(limit)), [true, true, false]);
        assert_eq!([399.0, 401.0].map(|limit| compared.may_be_slower_than(limit)), [true, false]);
    }

    #[test]
    fn runs_are_compared_by_their_medians() {
        let runs = |level: f64, n: u32| {
            (0..n).map(|i| around(level * (1.0 + f64::from(i) / 100.0), 0.1, 50)).collect::<Vec<_>>()
        };
        let (a, b) = (group("a", &runs(100.0, 6)), group("b", &runs(120.0, 5)));
        let compared = apart(&a, &b).unwrap();
        // Six medians from 100 and five from 120, each a hundredth apart: none of A above any of B.
        assert_eq!((compared.basis, compared.p), (Basis::Runs, 2.0 / 462.0));
        let exact = ratio(&a.medians().unwrap(), &b.medians().unwrap(), CONFIDENCE).unwrap();
        let (exact, found) = (exact.interval.unwrap(), compared.ratio.unwrap().interval.unwrap());
        assert!(exact.low < found.low && found.high < exact.high, "{found:?} lies within the exact {exact:?}");
        assert_eq!((compared.a.runs, compared.b.runs), (6, 5));
    }

    #[test]
    fn runs_that_resemble_their_predecessors_count_for_less() {
        let noise = |memory: f64| RunNoise { effect: 0.01, runs: 100, autocorrelation: vec![memory] };
        let runs = |level: f64, memory| Group {
            noise: Some(noise(memory)),
            ..group("x", &[0.98, 0.99, 1.0, 1.01, 1.02].map(|by| around(level * by, 0.05, 50)))
        };
        let of = |memory| apart(&runs(100.0, memory), &runs(103.0, memory)).unwrap();
        let (independent, alike) = (of(0.0), of(0.6));
        assert_eq!((independent.finding(), alike.finding()), (Finding::Slower, Finding::NoneShown));
        let width = |compared: &Comparison| compared.shift.interval.map(|i| i.high - i.low).unwrap();
        assert!((width(&alike) / width(&independent) - noise(0.6).widening(5)).abs() < 1e-9);
        assert!(independent.p < 0.05 && alike.p > 0.05, "{} {}", independent.p, alike.p);
    }

    #[test]
    fn of_one_run_a_side_the_run_effect_is_allowed_for() {
        let runs = |level, effect: Option<f64>| Group {
            noise: effect.map(|effect| RunNoise { effect, runs: 10_000, autocorrelation: vec![] }),
            ..group("x", &[around(level, 0.05, 100)])
        };
        let pooled = together(&runs(100.0, None), &runs(104.0, None)).unwrap();
        assert_eq!(pooled.finding(), Finding::Slower);
        // 1.96 · √(0.015² + 0.015²) is 4.2 %, more than the difference; 1.96 · √2 · 0.005 is 1.4 %.
        let usual = apart(&runs(100.0, Some(0.015)), &runs(104.0, Some(0.015))).unwrap();
        let calm = apart(&runs(100.0, Some(0.005)), &runs(104.0, Some(0.005))).unwrap();
        assert_eq!((usual.finding(), calm.finding()), (Finding::NoneShown, Finding::Slower));
        assert!(pooled.p < calm.p && calm.p < 0.05 && usual.p > 0.05, "{} {} {}", pooled.p, calm.p, usual.p);
        let barely_known = || RunNoise { effect: 0.00502, runs: 8, autocorrelation: vec![] };
        let barely = |level| Group { noise: Some(barely_known()), ..runs(level, None) };
        let barely = apart(&barely(100.0), &barely(104.0)).unwrap();
        assert!(calm.p < barely.p, "an effect known from eight runs is known less well: {} {}", calm.p, barely.p);
        let unknown = apart(&runs(100.0, None), &runs(104.0, None)).unwrap();
        assert_eq!(unknown.basis, Basis::FewRuns { a: USUAL_RUN_EFFECT, b: USUAL_RUN_EFFECT });
    }

    #[test]
    fn a_side_without_samples_is_named() {
        assert_eq!(Group::one_run("b", vec![]).unwrap_err().to_string(), "b has no proven cold start to compare");
    }
}
