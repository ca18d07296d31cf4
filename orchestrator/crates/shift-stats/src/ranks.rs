//! Two samples compared by ranks: is `b` different from `a`, by how much, and how often is it the greater one?
//!
//! The results are those of R's `wilcox.test(b, a, conf.int = TRUE)`: exact where both samples have fewer than 50 values
//! and no value occurs twice, else by the normal approximation with corrections for continuity and ties
//! (Mann & Whitney 1947; Hodges & Lehmann 1963; Hollander & Wolfe 1999, chapter 4).
//! A *shift* is what has to be subtracted from `b` to make it look like `a`.

use statrs::function::erf::{erfc, erfc_inv};

use crate::count::count;
use crate::quantile::Interval;
use crate::root::zero_between;
use crate::sorted::Sorted;

/// The Mann-Whitney test that both samples come from one distribution, two-sided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the value of `b` is the greater one; equal pairs count half.
    pub u: f64,
    /// The probability of a `u` at least this far from the middle, were there no difference.
    pub p: f64,
    /// How `p` was found.
    pub method: Method,
}

/// Where the distribution of U comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All orders of the values counted.
    Exact,
    /// The normal approximation, corrected for continuity and ties.
    Normal,
}

/// The Hodges-Lehmann estimate of a difference or of a ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median of `b − a`, or of `b / a`, over all pairs.
    pub estimate: f64,
    /// `None` where even the widest interval of samples this small has less than the confidence asked for.
    pub interval: Option<Interval>,
}

/// Tests whether `b` and `a` differ. In O(n + m) beyond the sorting; exact distributions take O(n²m) of small samples.
pub fn mann_whitney(a: &Sorted, b: &Sorted) -> MannWhitney {
    let comparison = Comparison::of(a, b, 0.0);
    if comparison.is_exact() {
        let p = Orders::new(a.len(), b.len()).two_sided_p(comparison.u);
        return MannWhitney { u: comparison.u, p, method: Method::Exact };
    }
    let p = if comparison.sd() > 0.0 { normal_p(comparison.z()) } else { 1.0 };
    MannWhitney { u: comparison.u, p, method: Method::Normal }
}

/// The probability of a normal value at least this many standard deviations from the middle, on either side.
pub fn normal_p(z: f64) -> f64 {
    erfc(z.abs() / 2.0_f64.sqrt())
}

/// The inverse of [`normal_p`]: how many standard deviations from the middle have this probability, on both sides together.
pub fn normal_z(p: f64) -> f64 {
    2.0_f64.sqrt() * erfc_inv(p)
}

/// How far `b` is above `a`, in standard deviations of U, by the normal approximation with correction for ties. For
/// screening where no exact p is needed.
pub(super) fn rank_z(a: &[f64], b: &[f64]) -> f64 {
    let Some((a, b)) = sorted(a).zip(sorted(b)) else { return 0.0 };
    let comparison = Comparison::of(&a, &b, 0.0);
    if comparison.sd() > 0.0 { comparison.z_uncorrected() } else { 0.0 }
}

/// The share of pairs in which `b` is greater, equal pairs counting half: 0.5 where nothing differs.
pub fn probability_b_greater(a: &Sorted, b: &Sorted) -> f64 {
    Comparison::of(a, b, 0.0).u / (count(a.len()) * count(b.len()))
}

/// How far `b` is above `a`, with an interval of the `confidence` asked for (0 to 1, exclusive).
pub fn shift(a: &Sorted, b: &Sorted, confidence: f64) -> Shift {
    let tail = (1.0 - confidence) / 2.0;
    let wide_enough = smallest_tail(a.len(), b.len()) < tail;
    let found = if Comparison::of(a, b, 0.0).is_exact() { exact_shift(a, b, tail) } else { searched_shift(a, b, tail) };
    Shift { interval: found.interval.filter(|_| wide_enough), ..found }
}

/// By what factor `b` is greater than `a`: the shift of the logarithms. `None` where a value is not positive.
pub fn ratio(a: &Sorted, b: &Sorted, confidence: f64) -> Option<Shift> {
    let Shift { estimate, interval } = shift(&a.ln()?, &b.ln()?, confidence);
    let interval = interval.map(|Interval { low, high }| Interval { low: low.exp(), high: high.exp() });
    Some(Shift { estimate: estimate.exp(), interval })
}

/// The same as [`shift`], with ends between two ordered differences where the confidence asked for lies between those of the two
/// (Hettmansperger & Sheather 1986 do so for the median). An exact interval of few values has a higher confidence than was asked
/// for: from 5 + 5 values the next one to 95 % has 96.8 %. [`interpolated_p`] agrees with it.
pub fn interpolated_shift(a: &Sorted, b: &Sorted, confidence: f64) -> Shift {
    let exact = shift(a, b, confidence);
    if exact.interval.is_none() || !few(a, b) {
        return exact;
    }
    let (differences, orders) = (differences(a, b), Orders::new(a.len(), b.len()));
    let tail = (1.0 - confidence) / 2.0;
    let inner = orders.rarer_than(tail).min(differences.len() / 2);
    let Some(outer) = inner.checked_sub(1) else { return exact };
    let part = (tail - orders.share(outer)) / (orders.share(inner) - orders.share(outer));
    let between = |outer: f64, inner: f64| outer + part * (inner - outer);
    let last = differences.len() - 1;
    let low = between(differences[outer], differences[inner]);
    let high = between(differences[last - outer], differences[last - inner]);
    Shift { interval: Some(Interval { low, high }), ..exact }
}

/// The p at which an end of [`interpolated_shift`] would be 0: between two exact ones.
pub fn interpolated_p(a: &Sorted, b: &Sorted) -> f64 {
    if !few(a, b) {
        return mann_whitney(a, b).p;
    }
    let (upwards, orders) = (differences(a, b), Orders::new(a.len(), b.len()));
    let downwards: Vec<f64> = upwards.iter().rev().map(|difference| -difference).collect();
    let tail = |differences: &[f64]| {
        let inner = differences.partition_point(|difference| *difference <= 0.0);
        let Some(outer) = inner.checked_sub(1) else { return orders.share(0) };
        let Some(beyond) = differences.get(inner) else { return 1.0 };
        let part = -differences[outer] / (beyond - differences[outer]);
        orders.share(outer) + part * (orders.share(inner) - orders.share(outer))
    };
    (2.0 * tail(&upwards).min(tail(&downwards))).min(1.0)
}

/// Whether orders are counted, were there no ties.
fn few(a: &Sorted, b: &Sorted) -> bool {
    a.len() < 50 && b.len() < 50
}

/// All n·m differences b − a, ascending.
fn differences(a: &Sorted, b: &Sorted) -> Vec<f64> {
    let mut differences: Vec<f64> = b.values().iter().flat_map(|b| a.values().iter().map(move |a| b - a)).collect();
    differences.sort_unstable_by(f64::total_cmp);
    differences
}

/// From all n·m differences; their ranks come from the exact distribution.
fn exact_shift(a: &Sorted, b: &Sorted, tail: f64) -> Shift {
    let differences = differences(a, b);
    let last = differences.len() - 1;
    let outside = Orders::new(a.len(), b.len()).rarer_than(tail).min(differences.len().div_ceil(2)).max(1);
    Shift {
        estimate: f64::midpoint(differences[last / 2], differences[last.div_ceil(2)]),
        interval: Some(Interval { low: differences[outside - 1], high: differences[last + 1 - outside] }),
    }
}

/// The shifts at which the normal test would just reject, and the one it likes best: a search for the zero, with R's
/// tolerance. Never forms the n·m differences.
fn searched_shift(a: &Sorted, b: &Sorted, tail: f64) -> Shift {
    const TOLERANCE: f64 = 1e-4;
    let (lowest, highest) = (b.min() - a.max(), b.max() - a.min());
    if lowest >= highest {
        return Shift { estimate: lowest, interval: Some(Interval { low: lowest, high: lowest }) };
    }
    let z_at = |shift: f64| Comparison::of(a, b, shift).z();
    let limit = |z: f64| {
        if z_at(lowest) <= z {
            lowest
        } else if z_at(highest) >= z {
            highest
        } else {
            zero_between(|shift| z_at(shift) - z, lowest, highest, TOLERANCE)
        }
    };
    let z = normal_z(2.0 * tail);
    Shift {
        estimate: zero_between(|shift| Comparison::of(a, b, shift).z_uncorrected(), lowest, highest, TOLERANCE),
        interval: Some(Interval { low: limit(z), high: limit(-z) }),
    }
}

/// The result of one walk over both samples.
struct Comparison {
    n: f64,
    m: f64,
    /// Pairs with `b − shift` greater than `a`; equal pairs count half.
    u: f64,
    /// Σ (t³ − t) over the groups of t equal values in both samples together.
    ties: f64,
}

impl Comparison {
    fn of(a: &Sorted, b: &Sorted, shift: f64) -> Self {
        let (mut below, mut rest) = (0.0, b.values());
        let mut remaining = a.values();
        let (mut u, mut ties) = (0.0, 0.0);
        while let Some(value) = smaller_of(remaining.first().copied(), rest.first().map(|b| b - shift)) {
            let equal_in_a = remaining.iter().take_while(|&&a| a <= value).count();
            let equal_in_b = rest.iter().take_while(|&&b| b - shift <= value).count();
            u += count(equal_in_b) * (below + count(equal_in_a) / 2.0);
            below += count(equal_in_a);
            let group = count(equal_in_a + equal_in_b);
            ties += group.powi(3) - group;
            remaining = &remaining[equal_in_a..];
            rest = &rest[equal_in_b..];
        }
        Self { n: count(a.len()), m: count(b.len()), u, ties }
    }

    /// Whether R would count orders instead of approximating.
    fn is_exact(&self) -> bool {
        self.n < 50.0 && self.m < 50.0 && self.ties == 0.0
    }

    fn distance_from_middle(&self) -> f64 {
        self.u - self.n * self.m / 2.0
    }

    /// The standard deviation of U; 0 where all values are equal.
    fn sd(&self) -> f64 {
        let all = self.n + self.m;
        (self.n * self.m / 12.0 * ((all + 1.0) - self.ties / (all * (all - 1.0)))).max(0.0).sqrt()
    }

    fn z_uncorrected(&self) -> f64 {
        self.distance_from_middle() / self.sd()
    }

    /// The correction for continuity moves U by a half towards the middle.
    fn z(&self) -> f64 {
        let distance = self.distance_from_middle();
        if distance == 0.0 { 0.0 } else { (distance - 0.5_f64.copysign(distance)) / self.sd() }
    }
}

/// In how many of the orders of n and m different values each U occurs.
struct Orders {
    /// Cumulated: `at_most[u]` orders have U ≤ u; the last is all of them.
    at_most: Vec<i128>,
}

impl Orders {
    /// The coefficients of the Gaussian binomial coefficient: ∏ (1 − q^(n+i)) / (1 − q^i) for i = 1..m. Exact in
    /// integers: with both below 50 there are fewer than 2^95 orders.
    fn new(n: usize, m: usize) -> Self {
        let mut ways = vec![0_i128; n * m + 1];
        ways[0] = 1;
        for i in 1..=m {
            for u in (n + i..ways.len()).rev() {
                ways[u] -= ways[u - (n + i)];
            }
            for u in i..ways.len() {
                ways[u] += ways[u - i];
            }
        }
        let mut sum = 0;
        let at_most = ways.into_iter().map(|way| {
            sum += way;
            sum
        });
        Self { at_most: at_most.collect() }
    }

    fn two_sided_p(&self, u: f64) -> f64 {
        let highest = count(self.at_most.len() - 1);
        let nearer_end = u.min(highest - u);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number from 0 to n·m")]
        let index = nearer_end as usize;
        (2.0 * self.share(index)).min(1.0)
    }

    /// How many values of U, from 0 on, have together less than the probability `tail`.
    fn rarer_than(&self, tail: f64) -> usize {
        // The slack is R's: a probability that is `tail` up to rounding counts as reaching it.
        let tail = tail - 10.0 * f64::EPSILON;
        (0..self.at_most.len()).take_while(|&u| self.share(u) < tail).count()
    }

    #[expect(clippy::cast_precision_loss, reason = "a quotient of two integers, rounded once each")]
    fn share(&self, u: usize) -> f64 {
        self.at_most[u] as f64 / self.at_most[self.at_most.len() - 1] as f64
    }
}

/// The probability of the most extreme order at one end: 1 / C(n+m, n).
fn smallest_tail(n: usize, m: usize) -> f64 {
    let (fewer, more) = (n.min(m), n.max(m));
    (1..=fewer).map(|i| count(i) / count(more + i)).product()
}

fn smaller_of(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

/// `None` where there is no value.
fn sorted(values: &[f64]) -> Option<Sorted> {
    Sorted::new(values.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(values: &[f64]) -> Sorted {
        Sorted::new(values.to_vec()).unwrap()
    }

    #[track_caller]
    fn close(got: f64, wanted: f64, tolerance: f64) {
        assert!((got - wanted).abs() <= tolerance, "{got} instead of {wanted}");
    }

    #[test]
    fn three_values_above_three_others_are_one_order_of_twenty() {
        let test = mann_whitney(&sample(&[1.0, 2.0, 3.0]), &sample(&[10.0, 20.0, 30.0]));
        assert_eq!(test, MannWhitney { u: 9.0, p: 0.1, method: Method::Exact });
    }

    #[test]
    fn orders_are_counted_exactly() {
        // n = m = 2: the six orders have U = 0, 1, 2, 2, 3, 4.
        assert_eq!(Orders::new(2, 2).at_most, [1, 2, 4, 5, 6]);
        // C(98, 49), the largest number of orders that is ever counted.
        assert_eq!(*Orders::new(49, 49).at_most.last().unwrap(), 25_477_612_258_980_856_902_730_428_600);
    }

    #[test]
    fn equal_values_use_the_normal_approximation() {
        // Ranks of b: 2.5, 4, 5 of 5; U = 11.5 − 6 = 5.5; variance 2·3/12·(6 − 6/20) = 2.85; z = (5.5 − 3 − 0.5)/√2.85.
        let test = mann_whitney(&sample(&[1.0, 2.0]), &sample(&[2.0, 3.0, 4.0]));
        assert_eq!((test.u, test.method), (5.5, Method::Normal));
        close(test.p, 0.236_136_970_2, 1e-9);
    }

    #[test]
    fn samples_that_are_all_one_value_do_not_differ() {
        let five = sample(&[7.0; 5]);
        assert_eq!(mann_whitney(&five, &five), MannWhitney { u: 12.5, p: 1.0, method: Method::Normal });
        let shift = shift(&five, &sample(&[8.0; 5]), 0.95);
        assert_eq!(shift, Shift { estimate: 1.0, interval: Some(Interval { low: 1.0, high: 1.0 }) });
    }

    #[test]
    fn the_shift_is_the_median_of_all_differences() {
        // Differences 1 … 9 of 3 × 3 pairs; no interval, because 1 order in 20 is at each end.
        let (a, b) = (sample(&[0.0, 1.0, 2.0]), sample(&[3.0, 6.0, 9.0]));
        assert_eq!(shift(&a, &b, 0.95), Shift { estimate: 5.0, interval: None });
        // At 85 % one order may be cut off at each end: from the second difference to the last but one would need two.
        assert_eq!(shift(&a, &b, 0.85).interval, Some(Interval { low: 1.0, high: 9.0 }));
    }

    #[test]
    fn exact_results_are_those_of_r() {
        // The example of R's own page on wilcox.test (Hollander & Wolfe 1973, p. 69: permeability of membranes), there one-sided:
        // W = 35, p = 0.1272. Two-sided the p is twice that.
        let at_term = sample(&[0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]);
        let early = sample(&[1.15, 0.88, 0.90, 0.74, 1.21]);
        let test = mann_whitney(&early, &at_term);
        assert_eq!((test.u, test.method), (35.0, Method::Exact));
        close(test.p, 0.254_412_254_412, 1e-12);
        let shift = shift(&early, &at_term, 0.95);
        close(shift.estimate, 0.305, 1e-12);
        let Interval { low, high } = shift.interval.unwrap();
        close(low, -0.15, 1e-12);
        close(high, 0.76, 1e-12);
    }

    #[test]
    fn ends_lie_between_ordered_differences() {
        // Of 4 + 4 values in 70 orders U = 0 has one, U ≤ 1 has two: 1/70 < 0.025 < 2/70, and 0.75 of the way from one to the other.
        let (a, b) = (sample(&[0.0, 1.0, 3.0, 6.0]), sample(&[10.0, 30.0, 70.0, 150.0]));
        // Differences 4, 7, 9, 10, … 144, 147, 149, 150.
        let exact = shift(&a, &b, 0.95);
        assert_eq!(exact.interval, Some(Interval { low: 4.0, high: 150.0 }));
        let interpolated = interpolated_shift(&a, &b, 0.95);
        close(interpolated.estimate, exact.estimate, 1e-12);
        let Interval { low, high } = interpolated.interval.unwrap();
        close(low, 4.0 + 0.75 * 3.0, 1e-12);
        close(high, 150.0 - 0.75, 1e-12);
        assert_eq!(interpolated_shift(&a, &sample(&[7.0, 8.0]), 0.95).interval, None);
    }

    #[test]
    fn the_interpolated_p_is_where_an_end_is_zero() {
        let a = sample(&[0.0, 1.0, 3.0, 6.0, 6.5]);
        for b in [sample(&[2.0, 4.0, 7.0, 15.0]), sample(&[-3.0, -2.0, 0.5, 2.0, 5.0, 5.5])] {
            let p = interpolated_p(&a, &b);
            assert!(p <= mann_whitney(&a, &b).p && p > 0.1, "{p}");
            let Interval { low, high } = interpolated_shift(&a, &b, 1.0 - p).interval.unwrap();
            close(low.abs().min(high.abs()), 0.0, 1e-9);
        }
        close(interpolated_p(&a, &sample(&[7.0, 8.0])), 2.0 / 21.0, 1e-12);
        close(interpolated_p(&a, &a), 1.0, 0.0);
    }

    #[test]
    fn the_ratio_is_the_shift_of_the_logarithms() {
        let a = sample(&[1.0, 2.0, 4.0, 8.0, 16.0]);
        let b = sample(&[3.0, 6.0, 12.0, 24.0, 48.0]);
        close(ratio(&a, &b, 0.95).unwrap().estimate, 3.0, 1e-4);
        assert_eq!(ratio(&a, &sample(&[0.0]), 0.95), None);
    }

    #[test]
    fn swapping_the_samples_mirrors_the_result() {
        let a = sample(&[5.0, 6.5, 7.25, 9.0, 12.0, 13.5]);
        let b = sample(&[6.0, 8.0, 10.0, 15.0, 17.0]);
        let (there, back) = (shift(&a, &b, 0.95), shift(&b, &a, 0.95));
        let mirrored = back.interval.map(|interval| Interval { low: -interval.high, high: -interval.low });
        assert_eq!((there.estimate, there.interval), (-back.estimate, mirrored));
        close(mann_whitney(&a, &b).p, mann_whitney(&b, &a).p, 0.0);
        close(probability_b_greater(&a, &b) + probability_b_greater(&b, &a), 1.0, 1e-12);
    }

    #[test]
    fn large_samples_are_searched_not_paired() {
        let a = Sorted::new((0..200_000).map(f64::from).collect()).unwrap();
        let b = Sorted::new((0..200_000).map(|i| f64::from(i) + 500.0).collect()).unwrap();
        let shift = shift(&a, &b, 0.95);
        close(shift.estimate, 500.0, 1.0);
        let Interval { low, high } = shift.interval.unwrap();
        assert!(low < 500.0 && 500.0 < high && high - low < 1_000.0, "{low} … {high}");
    }
}
