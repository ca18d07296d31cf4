//! What a comparison shows, in words.

use crate::compare::{Basis, Comparison, Finding, Side};
use crate::figures::telling;
use shift_stats::{Interval, Shift, TwoModes};

/// From this ratio on, or below its inverse, the verdict gives a factor instead of percent.
const TWICE: f64 = 2.0;

/// What a comparison shows, in one sentence.
pub fn verdict(compared: &Comparison) -> String {
    let statement = match (compared.finding(), compared.ratio.and_then(|r| Some((r.estimate, r.interval?)))) {
        (Finding::NotEstimable, _) => "too few cold starts for a 95 % interval".to_owned(),
        (Finding::NoneShown, Some((_, interval))) => none_shown(interval),
        (Finding::Slower, Some((ratio, interval))) => slower("B", "A", ratio, interval),
        (Finding::Faster, Some((ratio, interval))) => faster(ratio, interval),
        (_, None) => verdict_in_ms(compared),
    };
    format!("{}{statement}, {}{}", modes_in_words(compared), counts(compared), basis_in_words(compared))
}

fn verdict_in_ms(compared: &Comparison) -> String {
    let Shift { estimate, interval } = compared.shift;
    let Some(Interval { low, high }) = interval else { return "not estimable".to_owned() };
    let bounds = format!("(95 %: {low:+.2} to {high:+.2} ms)");
    match compared.finding() {
        Finding::NoneShown => format!("no change larger than {:.2} ms {bounds}", high.max(-low)),
        _ => format!("B differs from A by {estimate:+.2} ms {bounds}"),
    }
}

fn counts(compared: &Comparison) -> String {
    let (a, b) = (&compared.a, &compared.b);
    let starts = format!("{} + {} cold starts", a.durations.n, b.durations.n);
    if compared.basis == Basis::Together { starts } else { format!("{starts} of {} + {} runs", a.runs, b.runs) }
}

fn modes_in_words(compared: &Comparison) -> String {
    let of = |name: &str, side: &Side| {
        side.modes.map(|TwoModes { lower, upper, lower_share }| {
            let (share, rest) = (100.0 * lower_share, 100.0 * (1.0 - lower_share));
            format!("{name} starts in {lower:.1} ms ({share:.0} %) or in {upper:.1} ms ({rest:.0} %)")
        })
    };
    let modes: Vec<String> = [of("A", &compared.a), of("B", &compared.b)].into_iter().flatten().collect();
    if modes.is_empty() { String::new() } else { format!("two modes: {}; ", modes.join(", ")) }
}

fn basis_in_words(compared: &Comparison) -> String {
    let Basis::FewRuns { a, b } = compared.basis else { return String::new() };
    format!(
        "; too few runs to compare their medians, so the interval allows for runs that shift by {:.1} % as a whole",
        100.0 * a.max(b)
    )
}

fn slower(who: &str, than: &str, ratio: f64, Interval { low, high }: Interval) -> String {
    if ratio >= TWICE {
        let d = telling(low, high, 1);
        return format!("{who} takes {ratio:.d$} times as long as {than} (95 %: {low:.d$}–{high:.d$})");
    }
    let [ratio, low, high] = [ratio, low, high].map(|ratio| 100.0 * (ratio - 1.0));
    let d = telling(low, high, 1);
    format!("{who} is {ratio:.d$} % slower (95 %: {low:.d$}–{high:.d$} %)")
}

fn faster(ratio: f64, Interval { low, high }: Interval) -> String {
    if ratio <= 1.0 / TWICE {
        return slower("A", "B", 1.0 / ratio, Interval { low: 1.0 / high, high: 1.0 / low });
    }
    let [ratio, low, high] = [ratio, high, low].map(|ratio| 100.0 * (1.0 - ratio));
    let d = telling(low, high, 1);
    format!("B is {ratio:.d$} % faster (95 %: {low:.d$}–{high:.d$} %)")
}

fn none_shown(Interval { low, high }: Interval) -> String {
    let [low, high] = [low, high].map(|ratio| 100.0 * (ratio - 1.0));
    let d = telling(low, high, 1);
    format!("no change larger than {:.d$} % (95 %: {low:+.d$} to {high:+.d$} %)", high.max(-low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Group, apart, together};

    /// `n` values whose logarithms are evenly spread over ± `spread` around that of `level`.
    fn around(level: f64, spread: f64, n: u32) -> Vec<f64> {
        let place = |i| f64::from(i) / f64::from(n - 1) * 2.0 - 1.0;
        (0..n).map(|i| level * (spread * place(i)).exp()).collect()
    }

    #[track_caller]
    fn verdict_of(a: Vec<f64>, b: Vec<f64>) -> String {
        let group = |label, samples| Group::one_run(label, samples).expect("a sample");
        verdict(&together(&group("a", a), &group("b", b)).expect("samples"))
    }

    #[test]
    fn verdicts_are_in_words() {
        let a = || around(100.0, 0.1, 60);
        let (mut got, mut wanted) = (Vec::new(), Vec::new());
        for (b, words) in [
            (around(112.4, 0.1, 60), "B is 12.4 % slower (95 %: 9.8–15.1 %), 60 + 60 cold starts"),
            (around(80.0, 0.1, 60), "B is 20.0 % faster (95 %: 18.1–21.9 %), 60 + 60 cold starts"),
            (around(100.5, 0.1, 60), "no change larger than 2.9 % (95 %: -1.9 to +2.9 %), 60 + 60 cold starts"),
            (around(780.0, 0.1, 60), "B takes 7.8 times as long as A (95 %: 7.6–8.0), 60 + 60 cold starts"),
            (around(10.0, 0.1, 60), "A takes 10.0 times as long as B (95 %: 9.8–10.2), 60 + 60 cold starts"),
            (vec![130.0, 131.0], "too few cold starts for a 95 % interval, 3 + 2 cold starts"),
        ] {
            let a = if b.len() == 2 { around(100.0, 0.1, 3) } else { a() };
            got.push(verdict_of(a, b));
            wanted.push(words);
        }
        assert_eq!(got, wanted);
    }

    #[test]
    fn a_small_change_is_not_rounded_away() {
        let mut got = Vec::new();
        for (a, b) in [
            (vec![100.0; 6], vec![100.02; 6]),
            (around(100.0, 0.0004, 200), around(100.07, 0.0004, 200)),
            (around(100.07, 0.0004, 200), around(100.0, 0.0004, 200)),
            (around(100.0, 0.01, 200), around(100.003, 0.01, 200)),
            (vec![100.0; 6], vec![100.0; 6]),
        ] {
            got.push(verdict_of(a, b).split(", ").next().unwrap_or_default().to_owned());
        }
        let wanted = [
            "B is 0.02 % slower (95 %: 0.02–0.02 %)",
            "B is 0.070 % slower (95 %: 0.069–0.071 %)",
            "B is 0.070 % faster (95 %: 0.069–0.071 %)",
            "no change larger than 0.1 % (95 %: -0.1 to +0.1 %)",
            "no change larger than 0.0 % (95 %: +0.0 to +0.0 %)",
        ];
        assert_eq!(got, wanted);
    }

    #[test]
    fn two_modes_are_said_before_anything_else() {
        let b = [around(100.0, 0.02, 20), around(180.0, 0.02, 20)].concat();
        let words = verdict_of(around(100.0, 0.02, 40), b);
        assert!(words.starts_with("two modes: B starts in 100.0 ms (50 %) or in 180.0 ms (50 %); B is "), "{words}");
    }

    #[test]
    fn a_duration_of_zero_leaves_the_difference() {
        let b: Vec<f64> = (0..20).map(f64::from).collect();
        let a: Vec<f64> = b.iter().map(|v| v + 50.0).collect();
        let same = verdict_of(vec![0.0; 10], vec![0.0; 10]);
        assert_eq!(same, "no change larger than 0.00 ms (95 %: +0.00 to +0.00 ms), 10 + 10 cold starts");
        assert_eq!(verdict_of(a, b), "B differs from A by -50.00 ms (95 %: -54.00 to -46.00 ms), 20 + 20 cold starts");
    }

    #[test]
    fn runs_and_what_is_allowed_for_too_few_of_them_are_named() {
        let runs = |label: &str, n: u32| {
            let one = |i: u32| Group::one_run(label, around(100.0 + f64::from(i), 0.1, 50)).expect("a sample");
            let runs = (0..n).flat_map(|i| one(i).runs).collect();
            Group { label: label.to_owned(), runs, noise: None }
        };
        let words = |n| verdict(&apart(&runs("a", n), &runs("b", n)).expect("samples"));
        assert!(words(6).ends_with("300 + 300 cold starts of 6 + 6 runs"), "{}", words(6));
        assert!(words(1).ends_with("so the interval allows for runs that shift by 3.6 % as a whole"), "{}", words(1));
    }
}
