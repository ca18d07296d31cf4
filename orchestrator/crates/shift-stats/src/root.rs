//! A zero of a function between two points.

/// The zero of `f` between `a` and `b`, where `f(a)` and `f(b)` have opposite signs, to within `tolerance`.
///
/// Brent's method (R. P. Brent, *Algorithms for Minimization without Derivatives*, 1973, chapter 4), which R's `uniroot`
/// uses: on a step function with a plateau at zero the answer depends on the order of the trials, and agrees with R's.
/// At most `MOST_TRIALS` trials; then the best point so far.
pub(super) fn zero_between(f: impl Fn(f64) -> f64, a: f64, b: f64, tolerance: f64) -> f64 {
    let start = Point { x: a, y: f(a) };
    let end = Point { x: b, y: f(b) };
    if start.y == 0.0 {
        return start.x;
    }
    let mut bracket = Bracket { last: start, best: end, opposite: start };
    for _ in 0..MOST_TRIALS {
        let previous_step = bracket.best.x - bracket.last.x;
        bracket.put_best_first();
        let smallest_step = 2.0 * f64::EPSILON * bracket.best.x.abs() + tolerance / 2.0;
        let half = (bracket.opposite.x - bracket.best.x) / 2.0;
        if half.abs() <= smallest_step || bracket.best.y == 0.0 {
            break;
        }
        let step = bracket.interpolated(previous_step, smallest_step).unwrap_or(half);
        let step = if step.abs() < smallest_step { smallest_step.copysign(step) } else { step };
        let x = bracket.best.x + step;
        bracket.add(Point { x, y: f(x) });
    }
    bracket.best.x
}

const MOST_TRIALS: usize = 1_000;

#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

/// The zero is between `best` and `opposite`; `last` is the best point before.
struct Bracket {
    last: Point,
    best: Point,
    opposite: Point,
}

impl Bracket {
    fn put_best_first(&mut self) {
        if self.opposite.y.abs() < self.best.y.abs() {
            self.last = self.best;
            self.best = self.opposite;
            self.opposite = self.last;
        }
    }

    /// The step that a line or an inverse parabola through the points suggests; `None` where halving is the safer one.
    fn interpolated(&self, previous_step: f64, smallest_step: f64) -> Option<f64> {
        let Self { last, best, opposite } = self;
        if previous_step.abs() < smallest_step || last.y.abs() <= best.y.abs() {
            return None;
        }
        let width = opposite.x - best.x;
        let s = best.y / last.y;
        let (p, q) = if last.x.to_bits() == opposite.x.to_bits() {
            (width * s, 1.0 - s)
        } else {
            let (r, t) = (last.y / opposite.y, best.y / opposite.y);
            let p = s * (width * r * (r - t) - (best.x - last.x) * (t - 1.0));
            (p, (r - 1.0) * (t - 1.0) * (s - 1.0))
        };
        let (p, q) = if p > 0.0 { (p, -q) } else { (-p, q) };
        let stays_inside = p < 0.75 * width * q - (smallest_step * q).abs() / 2.0;
        let shrinks = p < (previous_step * q / 2.0).abs();
        (stays_inside && shrinks).then(|| p / q)
    }

    fn add(&mut self, point: Point) {
        self.last = self.best;
        self.best = point;
        if self.best.y * self.opposite.y > 0.0 {
            self.opposite = self.last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_found_to_the_tolerance() {
        let root = zero_between(|x| x * x - 2.0, 0.0, 2.0, 1e-10);
        assert!((root - 2.0_f64.sqrt()).abs() < 1e-10, "{root}");
    }

    #[test]
    fn a_step_function_has_its_zero_at_the_step() {
        let root = zero_between(|x| if x < 0.3 { 5.0 } else { -1.0 }, -10.0, 90.0, 1e-4);
        assert!((root - 0.3).abs() < 1e-4, "{root}");
    }

    #[test]
    fn an_end_may_be_the_zero() {
        let found = [1.0, 4.0].map(|zero| zero_between(|x| x - zero, 1.0, 4.0, 1e-4)).to_vec();
        assert_eq!(found, vec![1.0, 4.0]);
    }
}
