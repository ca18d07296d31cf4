//! The proof that an invocation was a cold start, or the reason why it does not count.
//!
//! `Cold` needs a REPORT of this very request with an init duration, and nothing that contradicts it. `Warm` needs a
//! complete REPORT without one. Whatever is missing, cut or unreadable is neither.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::evidence::failure::{Failure, is_of_the_runtime};
use crate::evidence::invocation::{Invocation, InvokeError, Reply};
use crate::evidence::outcome::Outcome;
use crate::evidence::sample::Sample;
use lambda_report::{BillingCheck, PlatformReport, StartKind, report_for};

/// How far the clocks of two execution environments may differ. Far more than AWS's own time service
/// leaves (Amazon Time Sync keeps hosts within milliseconds), so that no cold start is rejected for a clock.
pub const CLOCK_TOLERANCE: Duration = Duration::from_millis(500);

/// How much later than the reply the handler's duration may end where the log shows no extension.
pub const WORK_AFTER_REPLY: Duration = Duration::from_millis(100);
/// A log of fewer bytes is whole; of a longer one, Lambda returns the end.
const LOG_TAIL_BYTES: usize = 4_096;

/// What a cooperating target says of itself. Anything else a function may answer is not read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Testimony {
    environment_id: String,
    invocation: u64,
    #[serde(default)]
    started_at: Option<DateTime<Utc>>,
    #[serde(default)]
    held_ms: Option<f64>,
}

/// Turns the invocations of a burst into samples, in their order. `seen` holds the environment ids met so far
/// in this run and learns the new ones.
pub fn classify(invocations: Vec<Invocation>, seen: &mut BTreeSet<String>) -> Vec<Sample> {
    let testimonies: Vec<Option<Testimony>> = invocations.iter().map(Testimony::of).collect();
    let early = initialised_early(&invocations, &testimonies);
    let all = invocations.into_iter().zip(testimonies).zip(early);
    all.map(|((invocation, testimony), early)| {
        let sample = classify_one(invocation, testimony, early, seen);
        seen.extend(sample.environment_id.clone());
        sample
    })
    .collect()
}

fn classify_one(invocation: Invocation, testimony: Option<Testimony>, early: bool, seen: &BTreeSet<String>) -> Sample {
    let Invocation { sent_after, round_trip, answer } = invocation;
    let mut sample = Sample {
        outcome: Outcome::ReportMissing,
        request_id: None,
        environment_id: None,
        invocation: None,
        duration: None,
        held: None,
        billed: None,
        max_memory_used_mb: None,
        round_trip,
        sent_after,
        billing_disagrees: false,
    };
    let reply = match answer {
        Ok(reply) => reply,
        Err(error) => {
            sample.outcome = match error {
                InvokeError::Throttled(reason) => Outcome::Throttled(reason),
                InvokeError::Refused(reason) | InvokeError::Transport(reason) => Outcome::Transport(reason),
            };
            return sample;
        }
    };
    // Lambda writes this log itself: what can only be read leniently is somebody's copy of a line.
    let report = reply.request_id.as_deref().and_then(|id| report_for(&reply.log, id)).filter(|report| !report.lenient);
    if let Some(report) = &report {
        sample.duration = report.duration;
        sample.billed = report.billed;
        sample.max_memory_used_mb = report.max_memory_used_mb;
        sample.billing_disagrees = report.billing == BillingCheck::Disagrees;
    }
    sample.outcome = judge(&reply, report.as_ref(), testimony.as_ref(), early, seen, round_trip);
    if let Some(testimony) = testimony {
        sample.held = testimony.held();
        sample.invocation = Some(testimony.invocation);
        sample.environment_id = Some(testimony.environment_id);
    }
    sample.request_id = reply.request_id;
    sample
}

impl Testimony {
    /// What the function said, unless it failed.
    fn of(invocation: &Invocation) -> Option<Self> {
        let reply = invocation.answer.as_ref().ok().filter(|reply| reply.function_error.is_none())?;
        // The id is stored; a function that answers a novel under that name does not cooperate.
        serde_json::from_slice(&reply.payload).ok().filter(|t: &Self| t.environment_id.len() <= 128)
    }

    fn held(&self) -> Option<Duration> {
        self.held_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok())
    }
}

/// Which environments of a burst were initialised before their request was sent, whatever the clocks say.
///
/// Environments report their start by their own clocks. These may differ from the orchestrator's by any amount, but
/// hardly from each other. Each started before its reply was received, so the offset is at most the smallest "received
/// − started" of the burst. Where "sent − started" is greater even than that, the start came before the request. A
/// burst of one shows nothing this way.
fn initialised_early(invocations: &[Invocation], testimonies: &[Option<Testimony>]) -> Vec<bool> {
    let Some(zero) = testimonies.iter().find_map(|t| started(t.as_ref())) else {
        return vec![false; invocations.len()];
    };
    let seconds = |at: DateTime<Utc>| (at - zero).as_seconds_f64();
    let offset = invocations
        .iter()
        .zip(testimonies)
        .filter_map(|(i, t)| Some((i.sent_after + i.round_trip).as_secs_f64() - seconds(started(t.as_ref())?)))
        .fold(f64::INFINITY, f64::min);
    let is_early = |(i, t): (&Invocation, &Option<Testimony>)| {
        started(t.as_ref())
            .is_some_and(|at| i.sent_after.as_secs_f64() - seconds(at) > offset + CLOCK_TOLERANCE.as_secs_f64())
    };
    invocations.iter().zip(testimonies).map(is_early).collect()
}

fn judge(
    reply: &Reply,
    report: Option<&PlatformReport>,
    testimony: Option<&Testimony>,
    early: bool,
    seen: &BTreeSet<String>,
    round_trip: Duration,
) -> Outcome {
    let in_time = |init| round_trip >= shortest_round_trip(reply, report, testimony, init);
    let started = judge_start(report, testimony, early, seen, in_time);
    let Some(header) = &reply.function_error else { return started };
    let killed = report.and_then(|report| report.error_type.clone()).filter(|name| is_of_the_runtime(name));
    let failure = killed.map_or_else(|| Failure::of(&reply.payload, header), Failure::Runtime);
    match (started, failure) {
        (Outcome::Cold { init, .. }, Failure::Handler(error)) => Outcome::Cold { init, raised: Some(error) },
        (Outcome::Restored { restore, .. }, Failure::Handler(error)) => {
            Outcome::Restored { restore, raised: Some(error) }
        }
        (_, Failure::Handler(error) | Failure::Runtime(error)) => Outcome::FunctionError(error),
    }
}

/// How the invocation started, whatever the handler came to. `in_time` says whether an init fits into the round trip.
fn judge_start(
    report: Option<&PlatformReport>,
    testimony: Option<&Testimony>,
    early: bool,
    seen: &BTreeSet<String>,
    in_time: impl Fn(Duration) -> bool,
) -> Outcome {
    let Some(report) = report else { return Outcome::ReportMissing };
    match report.start {
        StartKind::Unknown => Outcome::ReportMissing,
        StartKind::InitFailed => Outcome::InitTimeout,
        StartKind::Contradictory => Outcome::Contradiction("REPORT with both init and restore".to_owned()),
        StartKind::Provisioned => report.init.map_or(Outcome::ReportMissing, |init| Outcome::Proactive { init }),
        StartKind::Warm => match testimony {
            Some(t) if t.invocation == 1 => {
                Outcome::Contradiction("REPORT without init, reply says first invocation".to_owned())
            }
            _ => Outcome::Warm,
        },
        StartKind::Cold { init } => match against_first(testimony, seen) {
            Some(reason) => Outcome::Contradiction(reason),
            None if early || !in_time(init) => Outcome::Proactive { init },
            None => Outcome::Cold { init, raised: None },
        },
        // A snapshot carries the environment id of the environment it was taken from, so ids repeat.
        StartKind::Restored { restore } => match testimony {
            Some(t) if t.invocation != 1 => Outcome::Contradiction(not_first(t.invocation)),
            _ => Outcome::Restored { restore, raised: None },
        },
    }
}

/// What the round trip takes at least if the request waited for an `init` of this duration: that, and the handler until it
/// replies. The handler's duration ends later if something works on after the reply. An extension may do so for any time,
/// so where there may be one, only the hold counts, which the handler measured itself.
fn shortest_round_trip(
    reply: &Reply,
    report: Option<&PlatformReport>,
    testimony: Option<&Testimony>,
    init: Duration,
) -> Duration {
    let held = testimony.and_then(Testimony::held).unwrap_or_default();
    let duration = report.and_then(|report| report.duration).filter(|_| shows_no_extension(&reply.log));
    init + duration.unwrap_or_default().saturating_sub(WORK_AFTER_REPLY).max(held)
}

/// Whether the whole log is there, and has no line in which an extension registers.
fn shows_no_extension(log: &[u8]) -> bool {
    log.len() < LOG_TAIL_BYTES && !log.split(|byte| *byte == b'\n').any(registers)
}

/// What in the reply speaks against a first invocation in a new environment.
fn against_first(testimony: Option<&Testimony>, seen: &BTreeSet<String>) -> Option<String> {
    let testimony = testimony?;
    if testimony.invocation != 1 {
        return Some(not_first(testimony.invocation));
    }
    seen.contains(&testimony.environment_id).then(|| "REPORT with init, environment met before".to_owned())
}

fn not_first(invocation: u64) -> String {
    format!("REPORT of a start, reply says invocation {invocation}")
}

/// When a function says that it started.
fn started(testimony: Option<&Testimony>) -> Option<DateTime<Utc>> {
    testimony?.started_at
}

/// Whether a line tells of an extension.
fn registers(line: &[u8]) -> bool {
    line.starts_with(b"EXTENSION\t") || line.windows(b"platform.extension".len()).any(|w| w == b"platform.extension")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::outcome::OutcomeKind;

    const ID: &str = "8f5c1e3a-0000-4000-8000-000000000001";

    fn report(rest: &str) -> String {
        // A billed duration that leaves room for an init would be no proof of a warm start.
        let billed = if rest.is_empty() { 2 } else { 132 };
        format!(
            "START RequestId: {ID} Version: $LATEST\nEND RequestId: {ID}\nREPORT RequestId: {ID}\tDuration: 2.00 ms\t\
             Billed Duration: {billed} ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t{rest}\n"
        )
    }

    fn invocation(log: String, payload: &str) -> Invocation {
        Invocation {
            sent_after: Duration::ZERO,
            round_trip: Duration::from_millis(150),
            answer: Ok(Reply {
                request_id: Some(ID.to_owned()),
                function_error: None,
                log: log.into_bytes(),
                payload: payload.as_bytes().to_vec(),
            }),
        }
    }

    fn failed(log: String, payload: &str) -> Invocation {
        let mut failed = invocation(log, payload);
        failed.answer.as_mut().expect("a reply").function_error = Some("Unhandled".to_owned());
        failed
    }

    fn outcome(invocation: Invocation) -> Outcome {
        outcomes(vec![invocation]).pop().expect("one sample")
    }

    fn outcomes(burst: Vec<Invocation>) -> Vec<Outcome> {
        classify(burst, &mut BTreeSet::from(["old".to_owned()])).into_iter().map(|s| s.outcome).collect()
    }

    fn testimony(id: &str, invocation: u64, started_at: &str) -> String {
        format!(
            "{{\"environment_id\":\"{id}\",\"invocation\":{invocation},\"started_at\":\"{started_at}\",\"held_ms\":0.5}}"
        )
    }

    const COLD: Outcome = Outcome::Cold { init: Duration::from_millis(130), raised: None };
    const INIT: &str = "Init Duration: 130.00 ms\t";
    const NOW: &str = "2026-01-01T00:00:10.020Z";

    #[test]
    fn a_report_with_init_is_cold() {
        assert_eq!(outcome(invocation(report(INIT), "{}")), COLD);
        assert_eq!(outcome(invocation(report(INIT), &testimony("new", 1, NOW))), COLD);
    }

    #[test]
    fn a_report_without_init_is_warm() {
        assert_eq!(outcome(invocation(report(""), "{}")), Outcome::Warm);
        assert_eq!(outcome(invocation(report(""), &testimony("old", 2, NOW))), Outcome::Warm);
    }

    #[test]
    fn no_report_is_neither() {
        assert_eq!(outcome(invocation(String::new(), "{}")), Outcome::ReportMissing);
        let other = report(INIT).replace(ID, "8f5c1e3a-0000-4000-8000-000000000002");
        assert_eq!(outcome(invocation(other, "{}")), Outcome::ReportMissing);
        let cut = report("Init Duration: ").trim_end().to_owned();
        assert_eq!(outcome(invocation(cut, "{}")), Outcome::ReportMissing);
        let quoted = report(INIT).replace("START", "said: START").replace('\n', "\nsaid: ");
        assert_eq!(outcome(invocation(quoted, "{}")), Outcome::ReportMissing);
    }

    #[test]
    fn reply_and_report_may_contradict_each_other() {
        for (log, payload) in [
            (report(""), testimony("new", 1, NOW)),
            (report(INIT), testimony("new", 2, NOW)),
            (report(INIT), testimony("old", 1, NOW)),
        ] {
            assert_eq!(outcome(invocation(log, &payload)).kind(), OutcomeKind::Contradiction);
        }
    }

    #[test]
    fn a_round_trip_shorter_than_the_init_is_proactive() {
        let quick = Invocation { round_trip: Duration::from_millis(50), ..invocation(report(INIT), "{}") };
        assert_eq!(outcome(quick).kind(), OutcomeKind::Proactive);
    }

    /// A start with an init of 400 ms, a handler of 350 ms and a round trip of 420 ms.
    fn long_handler(before: &str, payload: &str) -> Outcome {
        let log = report("Init Duration: 400.00 ms\t").replace("Duration: 2.00 ms", "Duration: 350.00 ms");
        let log = before.to_owned() + &log.replace("Duration: 132 ms", "Duration: 750 ms");
        outcome(Invocation { round_trip: Duration::from_millis(420), ..invocation(log, payload) })
    }

    #[test]
    fn a_round_trip_shorter_than_init_and_handler_is_proactive() {
        let init = Duration::from_millis(400);
        assert_eq!(long_handler("", "{}"), Outcome::Proactive { init });
        // After the reply, an extension may work on for any time.
        let cold = Outcome::Cold { init, raised: None };
        assert_eq!(long_handler("EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n", "{}"), cold);
        assert_eq!(long_handler(&format!("{}\n", "x".repeat(4_000)), "{}"), cold, "a cut log may have lost that line");
        let held = testimony("new", 1, NOW).replace("\"held_ms\":0.5", "\"held_ms\":40.0");
        assert_eq!(long_handler(&format!("{}\n", "x".repeat(4_000)), &held), Outcome::Proactive { init });
    }

    #[test]
    fn an_environment_much_older_than_its_burst_is_proactive() {
        let burst = vec![
            invocation(report(INIT), &testimony("a", 1, NOW)),
            invocation(report(INIT), &testimony("b", 1, "2026-01-01T00:00:05Z")),
        ];
        assert_eq!(outcomes(burst), [COLD, Outcome::Proactive { init: Duration::from_millis(130) }]);
    }

    #[test]
    fn a_clock_that_is_off_rejects_nothing() {
        for time in ["1999-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
            let burst = ["a", "b"].map(|id| invocation(report(INIT), &testimony(id, 1, time)));
            assert_eq!(outcomes(burst.to_vec()), [COLD, COLD]);
        }
    }

    #[test]
    fn two_replies_of_one_environment_are_not_two_cold_starts() {
        let burst = vec![invocation(report(INIT), &testimony("a", 1, NOW)); 2];
        let kinds: Vec<OutcomeKind> = outcomes(burst).iter().map(Outcome::kind).collect();
        assert_eq!(kinds, [OutcomeKind::Cold, OutcomeKind::Contradiction]);
    }

    #[test]
    fn restore_is_not_init() {
        let log = report("Restore Duration: 90.00 ms\tBilled Restore Duration: 20 ms\t");
        assert_eq!(
            outcome(invocation(log, "{}")),
            Outcome::Restored { restore: Duration::from_millis(90), raised: None }
        );
    }

    #[test]
    fn a_failed_function_is_told_by_type_and_never_by_message() {
        let exit = failed(report(INIT), "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"secret\"}");
        assert_eq!(outcome(exit), Outcome::FunctionError("Runtime.ExitError".to_owned()));
    }

    #[test]
    fn a_start_before_a_raising_handler_is_proven_and_a_failing_runtime_proves_nothing() {
        let raised = |log: &str| outcome(failed(report(log), "{\"errorType\":\"KeyError\"}"));
        let error = || Some("KeyError".to_owned());
        assert_eq!(raised(INIT), Outcome::Cold { init: Duration::from_millis(130), raised: error() });
        let restore = "Restore Duration: 90.00 ms\tBilled Restore Duration: 20 ms\t";
        assert_eq!(raised(restore), Outcome::Restored { restore: Duration::from_millis(90), raised: error() });
        assert_eq!(raised(""), Outcome::FunctionError("KeyError".to_owned()), "a warm start proves nothing");
        let killed = format!("{INIT}Status: error\tError Type: Runtime.OutOfMemory");
        assert_eq!(raised(&killed), Outcome::FunctionError("Runtime.OutOfMemory".to_owned()));
        let timeout = failed(report(&format!("{INIT}Status: timeout")), "{\"errorMessage\":\"Task timed out\"}");
        assert_eq!(outcome(timeout), Outcome::FunctionError("Unhandled".to_owned()));
    }

    #[test]
    fn the_hold_is_taken_out_of_what_is_derived() {
        let burst = vec![invocation(report(INIT), &testimony("new", 1, NOW))];
        let sample = classify(burst, &mut BTreeSet::new()).pop().expect("one sample");
        assert_eq!(sample.handler(), Some(Duration::from_micros(1_500)));
        assert_eq!(sample.cold_start(), Some(Duration::from_micros(131_500)));
        assert_eq!(sample.platform_overhead(), Some(Duration::from_millis(18)));
    }
}
