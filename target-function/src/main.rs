//! The function whose cold starts coldwatch measures. The contract is in `../README.md`.
//!
//! Init does as little as a Rust function can: no logger, one thread, no client. What coldwatch reads of it is
//! therefore the floor of the platform, and a change of it is the platform's.

use std::env::{self, VarError};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

const MAX_HOLD_MS: u64 = 60_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    if let Some(sleep) = init_sleep(env::var("INIT_SLEEP_MS"))? {
        std::thread::sleep(sleep);
    }
    let environment = &Environment::new(Utc::now());
    let handle =
        |event: LambdaEvent<Value>| async move { environment.invoke(&event.payload).await.map_err(Diagnostic::from) };
    lambda_runtime::run(service_fn(handle)).await
}

/// A known share of the init duration, asked for by `INIT_SLEEP_MS` to measure the measurement.
///
/// The error keeps the value to itself: values of environment variables are nobody's to print.
fn init_sleep(variable: Result<String, VarError>) -> Result<Option<Duration>, &'static str> {
    match variable.map(|text| text.parse().map(Duration::from_millis)) {
        Err(VarError::NotPresent) => Ok(None),
        Ok(Ok(sleep)) => Ok(Some(sleep)),
        _ => Err("INIT_SLEEP_MS is not a whole number of milliseconds"),
    }
}

/// One execution environment, from its init to its end.
struct Environment {
    id: String,
    /// By its own clock. Not the time of an invocation: it shows whether the environment is younger than the update
    /// that was meant to retire its predecessors.
    started_at: DateTime<Utc>,
    invocations: AtomicU64,
    processor: OnceLock<Option<String>>,
}

/// What an invocation answers.
#[derive(Debug, PartialEq, Serialize)]
struct Reply {
    /// Drawn at init: the same in all replies of one execution environment.
    environment_id: String,
    /// 1 for the first invocation in this execution environment. Failed ones count.
    invocation: u64,
    /// When the execution environment ran its init: RFC 3339 in UTC with milliseconds, by its own clock.
    started_at: String,
    /// How long the hold took, in milliseconds; 0 from the second invocation on.
    held_ms: f64,
    /// Model name of the processor; absent on arm64, where Linux gives none.
    processor: Option<String>,
}

/// A request that breaks the contract. Lambda shows it to the caller as the function error `InvalidRequest`.
#[derive(Debug, PartialEq)]
struct InvalidRequest(String);

impl From<InvalidRequest> for Diagnostic {
    fn from(InvalidRequest(error_message): InvalidRequest) -> Self {
        Diagnostic { error_type: "InvalidRequest".into(), error_message }
    }
}

impl Environment {
    fn new(started_at: DateTime<Utc>) -> Self {
        Environment {
            id: Uuid::new_v4().to_string(),
            started_at,
            invocations: AtomicU64::new(0),
            processor: OnceLock::new(),
        }
    }

    async fn invoke(&self, request: &Value) -> Result<Reply, InvalidRequest> {
        let clock = Instant::now();
        let invocation = self.invocations.fetch_add(1, Ordering::Relaxed) + 1;
        let requested = requested_hold(request)?;
        let mut held = Duration::ZERO;
        if invocation == 1 {
            // During the hold, so that it is not part of the handler's own duration.
            self.processor.get_or_init(processor_model);
            tokio::time::sleep_until(clock + requested).await;
            held = clock.elapsed();
        }
        Ok(Reply {
            environment_id: self.id.clone(),
            invocation,
            started_at: self.started_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            held_ms: (held.as_secs_f64() * 1e6).round() / 1e3,
            processor: self.processor.get().cloned().flatten(),
        })
    }
}

fn requested_hold(request: &Value) -> Result<Duration, InvalidRequest> {
    let field = match request {
        Value::Null => None,
        Value::Object(fields) => fields.get("hold_ms"),
        other => {
            return Err(InvalidRequest(format!(
                "the request must be an object with hold_ms, a whole number from 0 to {MAX_HOLD_MS}, got {}",
                shown(other)
            )));
        }
    };
    let Some(value) = field else {
        return Ok(Duration::ZERO);
    };
    whole_number(value).filter(|hold_ms| *hold_ms <= MAX_HOLD_MS).map(Duration::from_millis).ok_or_else(|| {
        InvalidRequest(format!("hold_ms must be a whole number from 0 to {MAX_HOLD_MS}, got {}", shown(value)))
    })
}

/// JSON knows one kind of number, so `5.0` is as whole as `5`.
fn whole_number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let seconds = Duration::try_from_secs_f64(value.as_f64()?).ok()?;
        (seconds.subsec_nanos() == 0).then_some(seconds.as_secs())
    })
}

/// The value as JSON, cut after 100 characters.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(100) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// `model name` of the first processor in `/proc/cpuinfo`.
fn processor_model() -> Option<String> {
    let lines = BufReader::new(File::open("/proc/cpuinfo").ok()?).lines();
    lines.map_while(Result::ok).find_map(|line| model_name(&line))
}

fn model_name(line: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    (key.trim() == "model name").then(|| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn started() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_700_000_000_123).expect("a date of our time")
    }

    async fn invoke(environment: &Environment, request: Value) -> Reply {
        environment.invoke(&request).await.expect("a valid request")
    }

    async fn held_by(request: Value) -> Duration {
        let held_ms = invoke(&Environment::new(started()), request).await.held_ms;
        Duration::from_secs_f64(held_ms / 1e3)
    }

    async fn error_of(request: Value) -> String {
        let refused = Environment::new(started()).invoke(&request).await;
        refused.expect_err("an invalid request").0
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_invocation_holds() {
        let environment = Environment::new(started());
        let replies =
            [invoke(&environment, json!({"hold_ms": 250})).await, invoke(&environment, json!({"hold_ms": 250})).await];
        let expected = [(1, 250.0), (2, 0.0)].map(|(invocation, held_ms)| Reply {
            environment_id: environment.id.clone(),
            invocation,
            started_at: "2023-11-14T22:13:20.123Z".into(),
            held_ms,
            processor: processor_model(),
        });
        assert_eq!(replies, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_request_was_the_first_invocation_all_the_same() {
        let environment = Environment::new(started());
        let refused = environment.invoke(&json!({"hold_ms": -1})).await;
        assert!(refused.is_err());
        let reply = invoke(&environment, json!({"hold_ms": 250})).await;
        assert_eq!((reply.invocation, reply.held_ms), (2, 0.0));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_asked_for_is_no_hold_and_other_keys_are_ignored() {
        for request in [json!(null), json!({}), json!({"other": "x"}), json!({"hold_ms": 0})] {
            assert_eq!(held_by(request).await, Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_hold_is_a_minute_and_a_whole_float_is_whole() {
        for request in [json!({"hold_ms": 60_000}), json!({"hold_ms": 6e4})] {
            assert_eq!(held_by(request).await, Duration::from_mins(1));
        }
    }

    #[tokio::test]
    async fn a_bad_hold_is_named_with_its_value_and_range() {
        for (hold_ms, shown) in [
            (json!(-1), "-1"),
            (json!(60_001), "60001"),
            (json!(1.5), "1.5"),
            (json!("250"), "\"250\""),
            (json!(true), "true"),
            (json!(null), "null"),
            (json!([1]), "[1]"),
        ] {
            assert_eq!(
                error_of(json!({ "hold_ms": hold_ms })).await,
                format!("hold_ms must be a whole number from 0 to 60000, got {shown}")
            );
        }
    }

    #[tokio::test]
    async fn a_request_that_is_no_object_is_refused_and_shown_in_part() {
        assert_eq!(
            error_of(json!("ä".repeat(300))).await,
            format!(
                "the request must be an object with hold_ms, a whole number from 0 to 60000, got \"{}…",
                "ä".repeat(99)
            )
        );
    }

    #[test]
    fn each_environment_has_an_id_of_its_own() {
        assert_ne!(Environment::new(started()).id, Environment::new(started()).id);
    }

    #[test]
    fn the_reply_has_the_keys_of_the_contract() {
        let reply = Reply {
            environment_id: "6f1c0a52-5a0e-4d9d-8d7c-0a7c2a3c8a11".into(),
            invocation: 1,
            started_at: "2023-11-14T22:13:20.123Z".into(),
            held_ms: 12.345,
            processor: None,
        };
        assert_eq!(
            serde_json::to_value(reply).expect("plain data"),
            json!({
                "environment_id": "6f1c0a52-5a0e-4d9d-8d7c-0a7c2a3c8a11",
                "invocation": 1,
                "started_at": "2023-11-14T22:13:20.123Z",
                "held_ms": 12.345,
                "processor": null,
            })
        );
    }

    #[test]
    fn a_refusal_reaches_the_caller_under_its_own_name() {
        assert_eq!(
            Diagnostic::from(InvalidRequest("x".into())),
            Diagnostic { error_type: "InvalidRequest".into(), error_message: "x".into() }
        );
    }

    #[test]
    fn the_processor_is_the_model_name_and_nothing_else() {
        let name = "model name\t: Intel(R) Xeon(R) Processor @ 2.50GHz";
        assert_eq!(model_name(name).as_deref(), Some("Intel(R) Xeon(R) Processor @ 2.50GHz"));
        assert_eq!(model_name("model\t\t: 143"), None);
        assert_eq!(model_name("CPU part\t: 0xd0c"), None);
    }

    #[test]
    fn the_init_sleep_is_whole_milliseconds_or_an_error_without_the_value() {
        let set = |text: &str| init_sleep(Ok(text.into()));
        let refused = Err("INIT_SLEEP_MS is not a whole number of milliseconds");
        assert_eq!(init_sleep(Err(VarError::NotPresent)), Ok(None));
        assert_eq!(set("100"), Ok(Some(Duration::from_millis(100))));
        assert_eq!(set("1.5"), refused);
        assert_eq!(set("secret"), refused);
    }
}
