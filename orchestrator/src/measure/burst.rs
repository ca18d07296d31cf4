//! N invokes at once, each sent once, each answered or accounted for.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::Seat;
use crate::evidence::invocation::{Invocation, InvokeError};
use crate::units::millis;

/// Longest initialisation that Lambda waits for on demand (developer guide, "Lambda execution environment").
const INIT_LIMIT: Duration = Duration::from_secs(10);
/// Placement, download and network, on top of init and timeout.
const MARGIN: Duration = Duration::from_secs(10);
/// Invokes of a run that are under way at once where the suite does not say: more would be taken from production.
const USUAL_AT_ONCE: u32 = 100;
/// Share of the account's limit that a run takes at most where the suite does not say.
const USUAL_SHARE: u32 = 10;

/// Invocations that a run may use of an account's `limit`. One is left: the orchestrator's own.
pub fn usable(limit: u32) -> u32 {
    limit.saturating_sub(1)
}

/// How many invokes of a run of this suite may be under way at once, on an account with this `limit`: as many as the
/// suite says, else a tenth of the limit and at most 100. Never fewer than one burst, and never all of the limit.
pub fn invokes_at_once(limit: u32, burst: u32, max_concurrency: Option<u32>) -> u32 {
    let usual = (limit / USUAL_SHARE).min(USUAL_AT_ONCE);
    max_concurrency.unwrap_or(usual).max(burst).min(usable(limit))
}

/// How long to wait for a reply: the function's timeout, once more for an initialisation, and a margin.
pub fn reply_deadline(function_timeout: Duration) -> Duration {
    function_timeout + INIT_LIMIT + MARGIN
}

/// The payload of a burst. Without one of the user's own it is `{"hold_ms": N}`; in the user's own, only a
/// `hold_ms` that is already there is filled in, because other functions may not expect the key.
pub fn payload(own: Option<&Value>, hold: Duration) -> Vec<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 10,000 ms")]
    let hold_ms = millis(hold).ceil() as u64;
    let mut value = own.cloned().unwrap_or_else(|| json!({ "hold_ms": 0 }));
    if let Some(member) = value.get_mut("hold_ms") {
        *member = hold_ms.into();
    }
    value.to_string().into_bytes()
}

/// Sends one invoke from each of the `seats`, all at once, and waits for all of them. `stop` abandons those still
/// unanswered: their outcome is a transport failure, and they stay counted.
pub async fn burst(
    seats: Vec<Seat>,
    arn: &str,
    payload: &[u8],
    deadline: Duration,
    stop: &CancellationToken,
) -> Vec<Invocation> {
    let start = Instant::now();
    let mut invokes = JoinSet::new();
    for seat in seats {
        let (arn, payload, stop) = (arn.to_owned(), payload.to_vec(), stop.clone());
        invokes.spawn(async move {
            let sent_after = start.elapsed();
            tokio::select! {
                biased;
                invocation = seat.invoke(&arn, payload, start, deadline) => invocation,
                () = stop.cancelled() => Invocation {
                    sent_after,
                    round_trip: start.elapsed().saturating_sub(sent_after),
                    answer: Err(InvokeError::Transport("abandoned: the run was stopped".to_owned())),
                },
            }
        });
    }
    let mut invocations = invokes.join_all().await;
    invocations.sort_by_key(|i| i.sent_after);
    invocations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own: Option<&Value>, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&payload(own, Duration::from_micros(99_500))), expected);
    }

    #[test]
    fn invokes_have_connections_and_a_burst_has_all_of_its_own() {
        // Limit, burst and what the suite says.
        for (limit, burst, said, at_once) in [
            (1_000, 50, None, 100),
            (5_000, 50, None, 100),
            (500, 20, None, 50),
            (10, 5, None, 5),
            (10_000, 1_000, None, 1_000),
            (1_000, 50, Some(900), 900),
            (1_000, 50, Some(60), 60),
            (300, 50, Some(900), 299),
            (10, 20, None, 9),
            (0, 1, None, 0),
        ] {
            assert_eq!(invokes_at_once(limit, burst, said), at_once, "{limit} {burst} {said:?}");
        }
    }

    #[test]
    fn the_hold_is_filled_in_where_it_is_expected() {
        check(None, r#"{"hold_ms":100}"#);
        check(Some(&json!({"hold_ms": null, "key": 1})), r#"{"hold_ms":100,"key":1}"#);
    }

    #[test]
    fn a_payload_of_the_users_own_is_left_alone() {
        check(Some(&json!({"key": 1})), r#"{"key":1}"#);
        check(Some(&json!([1, 2])), "[1,2]");
    }
}
