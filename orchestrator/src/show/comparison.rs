//! A comparison as JSON (`docs/schema.md`) and as text for a terminal.

use serde::Serialize;

use crate::compare::{Basis, Comparison, Finding, Side};
use crate::record::version::VERSION;
use crate::record::{Distribution, RunRecord};
use crate::show::verdict::verdict;
use shift_stats::{Interval, Shift};

/// What measuring both sides took. Absent for stored and given samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cost {
    /// Invocations, the rejected ones too.
    pub invocations: u32,
    /// Billed GB-seconds.
    pub billed_gb_seconds: f64,
    /// Estimated price of the invocations in USD.
    pub usd: f64,
    /// Wall time in seconds.
    pub seconds: f64,
}

/// What `compare --json` prints.
#[derive(Debug, Serialize)]
pub struct ComparisonDocument<'a> {
    version: u32,
    a: SideView<'a>,
    b: SideView<'a>,
    basis: &'static str,
    p: f64,
    shift_ms: f64,
    shift_low: Option<f64>,
    shift_high: Option<f64>,
    ratio: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    probability_b_slower: f64,
    no_change_above_percent: Option<f64>,
    finding: &'static str,
    verdict: String,
    stopped: Option<&'a str>,
    cost: Option<Cost>,
}

#[derive(Debug, Serialize)]
struct SideView<'a> {
    label: &'a str,
    runs: usize,
    n: u64,
    min: Option<f64>,
    p50: Option<f64>,
    p50_low: Option<f64>,
    p50_high: Option<f64>,
    p90: Option<f64>,
    p90_low: Option<f64>,
    p90_high: Option<f64>,
    max: Option<f64>,
    two_modes: Option<ModesView>,
}

#[derive(Debug, Serialize)]
struct ModesView {
    lower_ms: f64,
    upper_ms: f64,
    lower_share: f64,
}

impl Cost {
    /// Of the runs that measured both sides.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a RunRecord>, seconds: f64) -> Self {
        let none = Self { invocations: 0, billed_gb_seconds: 0.0, usd: 0.0, seconds };
        records.into_iter().fold(none, |sum, record| Self {
            invocations: sum.invocations + record.attempted,
            billed_gb_seconds: sum.billed_gb_seconds + record.billed_gb_seconds.unwrap_or_default(),
            usd: sum.usd + record.cost_usd.unwrap_or_default(),
            seconds,
        })
    }
}

impl<'a> ComparisonDocument<'a> {
    /// The document of a comparison; `stopped` says why measuring ended, in one word.
    pub fn new(compared: &'a Comparison, stopped: Option<&'a str>, cost: Option<Cost>) -> Self {
        let (shift_low, shift_high) = bounds(compared.shift);
        let (ratio_low, ratio_high) = compared.ratio.map_or((None, None), bounds);
        Self {
            version: VERSION,
            a: SideView::new(&compared.a),
            b: SideView::new(&compared.b),
            basis: match compared.basis {
                Basis::Together => "together",
                Basis::Runs => "runs",
                Basis::FewRuns { .. } => "few_runs",
            },
            p: compared.p,
            shift_ms: compared.shift.estimate,
            shift_low,
            shift_high,
            ratio: compared.ratio.map(|r| r.estimate),
            ratio_low,
            ratio_high,
            probability_b_slower: compared.probability_b_slower,
            no_change_above_percent: compared.no_change_above_percent(),
            finding: match compared.finding() {
                Finding::Slower => "slower",
                Finding::Faster => "faster",
                Finding::NoneShown => "none_shown",
                Finding::NotEstimable => "not_estimable",
            },
            verdict: verdict(compared),
            stopped,
            cost,
        }
    }
}

impl<'a> SideView<'a> {
    fn new(side: &'a Side) -> Self {
        let Distribution { n, min, p50, p50_low, p50_high, p90, p90_low, p90_high, max } = side.durations;
        let two_modes = side.modes.map(|modes| ModesView {
            lower_ms: modes.lower,
            upper_ms: modes.upper,
            lower_share: modes.lower_share,
        });
        let (label, runs) = (side.label.as_str(), side.runs);
        Self { label, runs, n, min, p50, p50_low, p50_high, p90, p90_low, p90_high, max, two_modes }
    }
}

/// The lines below the verdict: how sure it is, and what it took.
pub fn details(compared: &Comparison, cost: Option<Cost>) -> String {
    let pairs = 100.0 * compared.probability_b_slower;
    let Shift { estimate, interval } = compared.shift;
    let bounds =
        interval.map_or_else(String::new, |Interval { low, high }| format!(" (95 %: {low:+.2} to {high:+.2} ms)"));
    let took = cost.map_or_else(String::new, |cost| {
        let Cost { invocations, billed_gb_seconds, usd, seconds } = cost;
        format!("it took {invocations} invocations, {billed_gb_seconds:.3} GB-s, about {usd:.5} USD, {seconds:.0} s\n")
    });
    format!(
        "B is the slower one in {pairs:.0} % of pairs, p {}\nB − A is {estimate:+.2} ms{bounds}\n{took}",
        p_value(compared.p)
    )
}

fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") }
}

/// The ends of the interval, absent together.
fn bounds(shift: Shift) -> (Option<f64>, Option<f64>) {
    (shift.interval.map(|i| i.low), shift.interval.map(|i| i.high))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compare::{Group, together};

    fn compared() -> Comparison {
        let group = |label: &str, from: f64| {
            Group::one_run(label, (0..6).map(|i| from + f64::from(i) / 4.0).collect()).expect("a sample")
        };
        together(&group("old", 100.0), &group("new", 110.0)).expect("samples")
    }

    #[test]
    fn the_document_has_the_fields_of_the_contract() {
        let compared = compared();
        let document = serde_json::to_value(ComparisonDocument::new(&compared, None, None)).expect("plain data");
        assert_eq!((&document["a"]["n"], &document["a"]["p50"]), (&json!(6), &json!(100.625)));
        assert_eq!(
            (&document["shift_ms"], &document["shift_low"], &document["shift_high"]),
            (&json!(10.0), &json!(9.25), &json!(10.75))
        );
        assert_eq!((&document["p"], &document["probability_b_slower"]), (&json!(2.0 / 924.0), &json!(1.0)));
        assert_eq!((&document["finding"], &document["basis"]), (&json!("slower"), &json!("together")));
        assert_eq!(document["no_change_above_percent"], json!(null), "one is shown");
        let ratio = ["ratio_low", "ratio", "ratio_high"].map(|key| document[key].as_f64().expect("a number"));
        assert!(1.09 < ratio[0] && ratio[0] < ratio[1] && ratio[1] < ratio[2] && ratio[2] < 1.11, "{ratio:?}");
        assert_eq!(document["verdict"], verdict(&compared));
    }

    #[test]
    fn the_details_say_what_it_took() {
        let cost = Cost { invocations: 12, billed_gb_seconds: 0.15, usd: 0.000_003, seconds: 31.4 };
        assert_eq!(
            details(&compared(), Some(cost)),
            "B is the slower one in 100 % of pairs, p = 0.002\nB − A is +10.00 ms (95 %: +9.25 to +10.75 ms)\n\
             it took 12 invocations, 0.150 GB-s, about 0.00000 USD, 31 s\n"
        );
    }
}
