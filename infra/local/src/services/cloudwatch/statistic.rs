//! One number for all that a metric was given in one period.

use super::store::Points;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// `p99.9` is 99.9.
    Percentile(f64),
}

impl Statistic {
    /// By AWS's names. Absent for those that this stand-in does not compute (trimmed means and their kin), and for
    /// percentiles outside 0 to 100 or with more than ten decimals.
    pub(super) fn parse(name: &str) -> Option<Statistic> {
        Some(match name {
            "SampleCount" => Statistic::SampleCount,
            "Average" => Statistic::Average,
            "Sum" => Statistic::Sum,
            "Minimum" => Statistic::Minimum,
            "Maximum" => Statistic::Maximum,
            other => Statistic::Percentile(percentile(other)?),
        })
    }

    /// Absent where there is no data, and for a percentile where only sums of more than one value are left.
    pub(super) fn of(self, points: &[&Points]) -> Option<f64> {
        let total = points.iter().map(|points| Summary::of(points)).reduce(Summary::and)?;
        if total.sample_count <= 0.0 {
            return None;
        }
        match self {
            Statistic::SampleCount => Some(total.sample_count),
            Statistic::Average => Some(total.sum / total.sample_count),
            Statistic::Sum => Some(total.sum),
            Statistic::Minimum => Some(total.minimum),
            Statistic::Maximum => Some(total.maximum),
            Statistic::Percentile(percent) => quantile(&mut occurrences(points)?, percent / 100.0),
        }
    }
}

fn percentile(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p')?;
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 10 {
        return None;
    }
    digits.parse().ok().filter(|percent| *percent <= 100.0)
}

#[derive(Clone, Copy)]
struct Summary {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

impl Summary {
    fn of(points: &Points) -> Summary {
        match *points {
            Points::Statistics { sample_count, sum, minimum, maximum } => {
                Summary { sample_count, sum, minimum, maximum }
            }
            Points::Values(ref values) => Summary {
                sample_count: values.iter().map(|(_, count)| count).sum(),
                sum: values.iter().map(|(value, count)| value * count).sum(),
                minimum: values.iter().map(|(value, _)| *value).fold(f64::INFINITY, f64::min),
                maximum: values.iter().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max),
            },
        }
    }

    fn and(self, other: Summary) -> Summary {
        Summary {
            sample_count: self.sample_count + other.sample_count,
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }
}

/// Each value with its count. A statistic set has values only where they are certain: one value, or all the same
/// (AWS's API reference of `PutMetricData`).
fn occurrences(points: &[&Points]) -> Option<Vec<(f64, f64)>> {
    let mut all = Vec::new();
    for points in points {
        match points {
            Points::Values(values) => all.extend_from_slice(values),
            #[expect(clippy::float_cmp, reason = "the sender says that all values are the same by giving one")]
            Points::Statistics { sample_count, minimum, maximum, .. } if minimum == maximum => {
                all.push((*minimum, *sample_count));
            }
            Points::Statistics { .. } => return None,
        }
    }
    Some(all)
}

/// Linear interpolation between the two nearest ranks (type 7 of Hyndman and Fan 1996), each value repeated as often as
/// it was counted. AWS does not publish its own rule and rounds large sets; no figure should hang on the difference.
fn quantile(occurrences: &mut [(f64, f64)], share: f64) -> Option<f64> {
    occurrences.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    let sample_count: f64 = occurrences.iter().map(|(_, count)| count).sum();
    let rank = share * (sample_count - 1.0).max(0.0);
    let below = value_at(occurrences, rank.floor())?;
    let above = value_at(occurrences, rank.ceil())?;
    Some(below + (above - below) * rank.fract())
}

/// The value at a rank, counted from 0, of sorted occurrences.
fn value_at(occurrences: &[(f64, f64)], rank: f64) -> Option<f64> {
    let mut passed = 0.0;
    for (value, count) in occurrences {
        passed += count;
        if rank < passed {
            return Some(*value);
        }
    }
    occurrences.last().map(|(value, _)| *value)
}

/// Whether a text is a number without sign, point or exponent.
fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(points: &[Points], expected: &[(&str, Option<f64>)]) {
        let points: Vec<&Points> = points.iter().collect();
        let computed: Vec<_> = expected
            .iter()
            .map(|(name, _)| (*name, Statistic::parse(name).expect("a known statistic").of(&points)))
            .collect();
        assert_eq!(computed, expected);
    }

    #[test]
    fn percentiles_interpolate_between_ranks() {
        let values = |last: i32| Points::Values((0..=last).rev().map(|value| (f64::from(value), 1.0)).collect());
        check(&[values(100)], &[("p0", Some(0.0)), ("p50", Some(50.0)), ("p90", Some(90.0)), ("p100", Some(100.0))]);
        check(&[values(5)], &[("p50", Some(2.5)), ("p75", Some(3.75)), ("p95", Some(4.75))]);
        check(&[values(0)], &[("p1", Some(0.0)), ("p99.9", Some(0.0))]);
    }

    #[test]
    fn counts_weigh_in_every_statistic() {
        check(
            &[Points::Values(vec![(10.0, 3.0)]), Points::Values(vec![(20.0, 1.0)])],
            &[
                ("SampleCount", Some(4.0)),
                ("Sum", Some(50.0)),
                ("Average", Some(12.5)),
                ("Minimum", Some(10.0)),
                ("Maximum", Some(20.0)),
                ("p50", Some(10.0)),
                ("p75", Some(12.5)),
                ("p100", Some(20.0)),
            ],
        );
    }

    #[test]
    fn sums_have_no_percentiles_unless_all_values_are_the_same() {
        let mixed = Points::Statistics { sample_count: 2.0, sum: 3.0, minimum: 1.0, maximum: 2.0 };
        let same = Points::Statistics { sample_count: 3.0, sum: 6.0, minimum: 2.0, maximum: 2.0 };
        check(std::slice::from_ref(&mixed), &[("Average", Some(1.5)), ("Maximum", Some(2.0)), ("p50", None)]);
        check(std::slice::from_ref(&same), &[("p50", Some(2.0))]);
        check(&[mixed, same], &[("SampleCount", Some(5.0)), ("Sum", Some(9.0)), ("p50", None)]);
    }

    #[test]
    fn nothing_has_no_statistic() {
        check(&[], &[("SampleCount", None), ("p50", None)]);
    }

    #[test]
    fn unknown_statistics_are_not_taken_for_others() {
        for name in ["", "p", "p101", "p-1", "p5e1", "pNaN", "p.5", "p50.", "p99.12345678901", "TM(10%:90%)", "average"]
        {
            assert_eq!(Statistic::parse(name), None, "{name}");
        }
        assert_eq!(Statistic::parse("p99.9"), Some(Statistic::Percentile(99.9)));
    }
}
