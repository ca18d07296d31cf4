//! When enough has been measured: a rule that looks seldom, so that stopping early does not spoil the interval.

use crate::figures::CONFIDENCE;
use shift_stats::{Interval, Sorted, ratio, two_modes};

/// Cold starts of each side at the first look.
pub const FIRST_LOOK: usize = 20;
/// Cold starts from one look to the next.
pub const LOOK_EVERY: usize = 10;
/// Looks in a row at which the interval must be narrow enough. One alone is narrow by luck too often, and the interval then
/// covers less than it says.
pub const NARROW_LOOKS: u32 = 2;

/// The looks taken so far. Judges widths only: a rule that stops at a small p finds what is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Looks {
    precision: f64,
    next: usize,
    narrow: u32,
    two_modes: bool,
}

impl Looks {
    /// Looks until the interval reaches no further than `precision` (0.03 is 3 %) to either side.
    pub fn new(precision: f64) -> Self {
        Self { precision, next: FIRST_LOOK, narrow: 0, two_modes: false }
    }

    /// Whether two sides measured together suffice: by the interval of their ratio. Nothing is computed between looks.
    pub fn suffice(&mut self, a: &[f64], b: &[f64]) -> bool {
        let n = a.len().min(b.len());
        if n < self.next {
            return false;
        }
        let (Ok(a), Ok(b)) = (Sorted::new(a.to_vec()), Sorted::new(b.to_vec())) else { return false };
        let modes = two_modes(&a).is_some() || two_modes(&b).is_some();
        let width = ratio(&a, &b, CONFIDENCE).and_then(|r| Some(half_width(r.estimate, r.interval?)));
        self.look(n, width, modes)
    }

    /// One look at `n` cold starts a side: how far the interval reaches to either side of the estimate, as a share of
    /// it (`None` without an interval), and whether there are two modes. A sample with two modes never suffices: chance
    /// decides where between them its median is, and the interval's ends as well.
    pub fn look(&mut self, n: usize, half_width: Option<f64>, two_modes: bool) -> bool {
        if n < self.next {
            return false;
        }
        while self.next <= n {
            self.next += LOOK_EVERY;
        }
        self.two_modes |= two_modes;
        self.narrow = if half_width.is_some_and(|width| width <= self.precision) { self.narrow + 1 } else { 0 };
        self.narrow >= NARROW_LOOKS && !self.two_modes
    }
}

/// Half of the interval as a share of the estimate.
pub fn half_width(estimate: f64, interval: Interval) -> f64 {
    (interval.high - interval.low) / 2.0 / estimate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_narrow_looks_in_a_row_suffice() {
        let mut looks = Looks::new(0.03);
        let seen = [(19, 0.01), (20, 0.03), (25, 0.01), (30, 0.04), (41, 0.02), (49, 0.02), (50, 0.03)];
        let suffice: Vec<bool> = seen.into_iter().map(|(n, width)| looks.look(n, Some(width), false)).collect();
        assert_eq!(suffice, [false, false, false, false, false, false, true]);
    }

    #[test]
    fn two_modes_once_seen_never_suffice() {
        let mut looks = Looks::new(0.03);
        let suffice: Vec<bool> = (2..20).map(|tens| looks.look(tens * 10, Some(0.001), tens == 2)).collect();
        assert_eq!(suffice, [false; 18]);
    }

    #[test]
    fn without_an_interval_there_is_no_end() {
        let mut looks = Looks::new(0.03);
        assert!(
            !looks.look(20, Some(0.01), false) && !looks.look(30, None, false) && !looks.look(40, Some(0.01), false)
        );
        assert!(looks.look(50, Some(0.01), false));
    }

    #[test]
    fn the_shorter_side_counts() {
        let values = |n: u32| (0..n).map(|i| 100.0 + f64::from(i % 7) / 100.0).collect::<Vec<_>>();
        let mut looks = Looks::new(0.03);
        let seen = [(20, 19), (20, 20), (90, 29), (90, 30)];
        assert_eq!(seen.map(|(a, b)| looks.suffice(&values(a), &values(b))), [false, false, false, true]);
    }
}
