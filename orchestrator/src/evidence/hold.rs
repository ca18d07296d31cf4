//! How long a cooperating target is asked to hold its first invocation, and how large the next burst is.
//!
//! The hold must outlast the time between the first and the last environment of the burst becoming ready:
//! until then Lambda may give a request that waits for a new environment to one that has become free. Longer
//! is waste, because a hold is billed. So it follows the spread that the last round showed.

use std::time::Duration;

use crate::evidence::outcome::Outcome;
use crate::evidence::sample::Sample;

/// Hold of the first round of a series without history. Near the spread of 100 simultaneous inits of 130 ms
/// whose logarithms vary by 0.15, the within-day value of zip functions in the lambda-perf history.
pub const FIRST_HOLD: Duration = Duration::from_millis(100);
/// Longest hold asked for.
pub const LONGEST_HOLD: Duration = Duration::from_secs(10);
/// Added to the first hold for each invoke beyond a hundred.
const PER_INVOKE: Duration = Duration::from_micros(400);
/// Added to the spread: scheduling and network jitter.
const MARGIN: Duration = Duration::from_millis(20);

/// The hold for a burst of one: nothing to keep apart.
pub fn for_burst(hold: Duration, burst: u32) -> Duration {
    if burst == 1 { Duration::ZERO } else { hold }
}

/// The hold of the first round of a series without history. Sending takes time too: some 0.3 ms an invoke on
/// two cores, which counts in bursts beyond a hundred.
pub fn first(burst: u32) -> Duration {
    FIRST_HOLD + PER_INVOKE * burst.saturating_sub(100)
}

/// The hold for the round after one of `samples` that held for `current`. A hold is part of the duration, so it
/// takes half of the function's `timeout` at most.
pub fn next(current: Duration, samples: &[Sample], timeout: Duration) -> Duration {
    let spread = ready_spread(samples).map(|s| s + s / 4 + MARGIN);
    let reused = samples.iter().any(|s| matches!(s.outcome, Outcome::Warm | Outcome::Proactive { .. }));
    let wanted = match (reused, spread) {
        (true, spread) => (current * 2).max(spread.unwrap_or_default()).max(FIRST_HOLD),
        (false, Some(spread)) => spread.max(current / 2),
        // Nothing to learn from; perhaps because the hold was too long.
        (false, None) => current.min(FIRST_HOLD),
    };
    longest(wanted, timeout)
}

/// Cuts a hold to what is allowed.
pub fn longest(hold: Duration, timeout: Duration) -> Duration {
    hold.min(LONGEST_HOLD).min(timeout / 2)
}

/// Time between the first and the last environment of a burst becoming ready, from the proven samples.
fn ready_spread(samples: &[Sample]) -> Option<Duration> {
    let ready = || samples.iter().filter_map(|s| Some(s.sent_after + s.init().or(s.restore())?));
    Some(ready().max()?.saturating_sub(ready().min()?))
}

/// The largest burst to try after a round: what Lambda accepted, where it throttled.
pub fn burst_cap(cap: u32, samples: &[Sample]) -> u32 {
    let throttled = samples.iter().filter(|s| matches!(s.outcome, Outcome::Throttled(_))).count();
    if throttled == 0 {
        return cap;
    }
    let accepted = u32::try_from(samples.len() - throttled).unwrap_or(u32::MAX);
    // What was refused now may be free a moment later, so never less than half.
    accepted.max(cap / 2).clamp(1, cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn sample(outcome: Outcome) -> Sample {
        Sample {
            outcome,
            request_id: None,
            environment_id: None,
            invocation: None,
            duration: None,
            held: None,
            billed: None,
            max_memory_used_mb: None,
            round_trip: Duration::from_secs(1),
            sent_after: Duration::ZERO,
            billing_disagrees: false,
        }
    }

    fn cold(ms: u64) -> Sample {
        sample(Outcome::Cold { init: Duration::from_millis(ms), raised: None })
    }

    #[test]
    fn the_hold_follows_the_spread() {
        let samples = [cold(100), cold(140), cold(120)];
        assert_eq!(next(Duration::from_millis(100), &samples, MINUTE), Duration::from_millis(70));
        let wide = [cold(100), cold(900)];
        assert_eq!(next(Duration::from_millis(100), &wide, MINUTE), Duration::from_millis(1_020));
    }

    #[test]
    fn the_hold_never_falls_by_more_than_half() {
        assert_eq!(next(Duration::from_millis(400), &[cold(100), cold(100)], MINUTE), Duration::from_millis(200));
    }

    #[test]
    fn reuse_doubles_the_hold_up_to_the_longest() {
        let samples = [cold(100), sample(Outcome::Warm)];
        assert_eq!(next(Duration::from_millis(100), &samples, MINUTE), Duration::from_millis(200));
        assert_eq!(next(Duration::from_secs(8), &samples, MINUTE), LONGEST_HOLD);
    }

    #[test]
    fn the_hold_fits_into_the_timeout() {
        let (samples, timeout) = ([cold(100), sample(Outcome::Warm)], Duration::from_secs(3));
        assert_eq!(next(Duration::from_secs(2), &samples, timeout), Duration::from_millis(1_500));
        let failed = [sample(Outcome::FunctionError("Sandbox.Timedout".to_owned()))];
        assert_eq!(next(Duration::from_secs(2), &failed, timeout), FIRST_HOLD);
    }

    #[test]
    fn an_isolated_cold_start_is_not_held() {
        assert_eq!(for_burst(FIRST_HOLD, 1), Duration::ZERO);
        assert_eq!(for_burst(FIRST_HOLD, 2), FIRST_HOLD);
    }

    #[test]
    fn throttles_shrink_the_burst_to_what_was_accepted() {
        let throttled = || sample(Outcome::Throttled("ConcurrentInvocationLimitExceeded".to_owned()));
        assert_eq!(burst_cap(3, &[cold(1), cold(1), throttled()]), 2);
        assert_eq!(burst_cap(2, &[throttled(), throttled()]), 1);
        assert_eq!(burst_cap(50, &[throttled(), throttled()]), 25);
        assert_eq!(burst_cap(50, &[cold(1)]), 50);
    }
}
