//! How the measuring of two sides ended, in words.

use coldwatch::compare::Comparison;
use coldwatch::compare::stopping::half_width;
use coldwatch::record::measured::Measured;
use coldwatch::record::stopped::Stopped;
use coldwatch::show::failures::failures;
use shift_stats::Shift;

use crate::exit::warn;

/// Errors of the runtimes where code cannot be loaded.
const OF_INIT: [&str; 5] = [
    "Runtime.ImportModuleError",
    "Runtime.HandlerNotFound",
    "Runtime.MalformedHandlerName",
    "Runtime.UserCodeSyntaxError",
    "Runtime.InvalidEntrypoint",
];

/// Why measuring ended, in one word: that of the side which ended it before the rule did, and which the other followed.
pub fn stopped<'a>(sides: &[&'a Measured; 2]) -> &'a Stopped {
    let words = sides.map(|m| &m.record.stopped);
    words.into_iter().find(|word| ended_measuring(word)).unwrap_or(words[0])
}

/// What a reader should know of one side.
pub fn say(measured: &Measured) {
    let record = &measured.record;
    if let (false, Some(detail)) = (is_of_rule(&record.stopped), &record.stopped_detail) {
        warn(format!("{}: {} of {} cold starts proven: {detail}", record.label, record.proven, record.wanted));
    }
    if record.proven == 0
        && let Some(detail) = measured.samples().find_map(|s| s.outcome.detail())
    {
        warn(format!("{}: {}", record.label, failed_with(detail)));
    } else {
        for failure in failures(record) {
            warn(format!("{}: {failure}", record.label));
        }
    }
    record.warnings.iter().for_each(|w| warn(format!("{}: {w}", record.label)));
}

/// What to say at the limit of samples if the interval is wider than requested. The verdict mentions two modes.
pub fn missed(compared: &Comparison, precision: f64) -> Option<String> {
    let Shift { estimate, interval } = compared.ratio?;
    let reached = interval.is_some_and(|interval| 100.0 * half_width(estimate, interval) <= precision);
    let (a, b) = (&compared.a, &compared.b);
    let way_out = if a.modes.or(b.modes).is_some() { "" } else { "; use more --samples" };
    let n = a.durations.n.min(b.durations.n);
    (!reached).then(|| format!("±{precision} % was not reached with {n} cold starts a side{way_out}"))
}

/// Advice after a failed invocation. The reply's own message is not kept, because it may contain secrets.
fn failed_with(detail: &str) -> String {
    if OF_INIT.contains(&detail) {
        return format!("its init failed with {detail}, before it reads any payload; its log names the file or module");
    }
    format!("an invocation failed with {detail}; --payload sends what the function expects")
}

fn is_of_rule(stopped: &Stopped) -> bool {
    [Stopped::Enough, Stopped::Precise].contains(stopped)
}

/// Whether a side's reason ended the measuring of both.
fn ended_measuring(word: &Stopped) -> bool {
    !is_of_rule(word) && *word != Stopped::OtherSide
}
