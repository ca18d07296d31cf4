//! A function without a process: its init and its duration are drawn from distributions.
//!
//! The function's environment variables say which:
//!
//! | variable | value |
//! |---|---|
//! | `SIMULATED_INIT_MS`, `SIMULATED_DURATION_MS` | `constant:130`, `lognormal:130,0.15` (median, sigma of the logarithm) or `list:100,120,90` (in turn) |
//! | `SIMULATED_SEED` | makes the draws repeatable: the n-th environment of the function draws the same figures each time |
//! | `SIMULATED_COOPERATES` | `false`: ignores `hold_ms` and answers `{}` |
//!
//! It answers as a cooperating target does. The figures of its REPORT are the drawn ones; it really takes
//! that long plus what the timer adds.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};
use serde_json::{Value, json};
use uuid::Uuid;

use super::invocation::{Failure, Invocation, Ran, Stop};
use super::log::timestamp;

/// What a simulated function reports as `Max Memory Used`.
pub(crate) const MEMORY_MB: u64 = 32;

/// Longest hold a request may ask for.
const MAX_HOLD_MS: f64 = 60_000.0;

#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum SimulationError {
    #[error("{variable} must be `constant:MS`, `lognormal:MEDIAN_MS,SIGMA` or `list:MS,MS,…`")]
    Times { variable: &'static str },
    #[error("SIMULATED_SEED must be a whole number")]
    Seed,
    #[error("SIMULATED_COOPERATES must be `true` or `false`")]
    Cooperates,
}

/// Where durations come from, in milliseconds.
#[derive(Clone, Debug, PartialEq)]
enum Times {
    Constant(f64),
    LogNormal { median: f64, sigma: f64 },
    List(Vec<f64>),
}

/// The function's variables, read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Simulation {
    init: Times,
    duration: Times,
    seed: Option<u64>,
    cooperates: bool,
}

/// One simulated environment.
pub(crate) struct Simulated {
    simulation: Simulation,
    /// Number of this environment among those of its function, from 0.
    ordinal: usize,
    randomness: ChaCha8Rng,
    environment_id: Uuid,
    invocations: u64,
}

impl Simulation {
    /// Reads the variables of a function; absent ones mean an init of 100 ms and a duration of 1 ms.
    pub(crate) fn parse(variables: Option<&BTreeMap<String, String>>) -> Result<Simulation, SimulationError> {
        let read = |name: &str| variables.and_then(|variables| variables.get(name)).map(String::as_str);
        let times = |variable: &'static str, default: f64| match read(variable) {
            None => Ok(Times::Constant(default)),
            Some(text) => Times::parse(text).ok_or(SimulationError::Times { variable }),
        };
        Ok(Simulation {
            init: times("SIMULATED_INIT_MS", 100.0)?,
            duration: times("SIMULATED_DURATION_MS", 1.0)?,
            seed: read("SIMULATED_SEED").map(str::parse).transpose().map_err(|_| SimulationError::Seed)?,
            cooperates: match read("SIMULATED_COOPERATES") {
                None | Some("true") => true,
                Some("false") => false,
                Some(_) => return Err(SimulationError::Cooperates),
            },
        })
    }
}

impl Times {
    fn parse(text: &str) -> Option<Times> {
        let (kind, rest) = text.split_once(':')?;
        let figures = rest.split(',').map(figure).collect::<Option<Vec<f64>>>()?;
        match (kind, figures.as_slice()) {
            ("constant", &[ms]) => Some(Times::Constant(ms)),
            ("lognormal", &[median, sigma]) if median > 0.0 => Some(Times::LogNormal { median, sigma }),
            ("list", _) => Some(Times::List(figures)),
            _ => None,
        }
    }

    /// The figure for the `turn`-th draw.
    fn draw(&self, turn: usize, randomness: &mut ChaCha8Rng) -> Duration {
        let ms = match self {
            Times::Constant(ms) => *ms,
            Times::LogNormal { median, sigma } => match LogNormal::new(median.ln(), *sigma) {
                Ok(distribution) => distribution.sample(randomness),
                Err(_) => *median,
            },
            Times::List(figures) => figures[turn % figures.len()],
        };
        Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX)
    }
}

impl Simulated {
    /// The `ordinal`-th environment of its function.
    pub(crate) fn new(simulation: Simulation, ordinal: usize) -> Simulated {
        let seed = simulation.seed.map_or_else(|| rand::rng().random(), |seed| seed.wrapping_add(mixed(ordinal)));
        Simulated {
            simulation,
            ordinal,
            randomness: ChaCha8Rng::seed_from_u64(seed),
            environment_id: Uuid::new_v4(),
            invocations: 0,
        }
    }

    pub(crate) async fn start(&mut self, limit: Duration) -> Ran<()> {
        let init = self.simulation.init.draw(self.ordinal, &mut self.randomness);
        self.invocations = 0;
        if init > limit {
            tokio::time::sleep(limit).await;
            return Ran { duration: limit, printed: Vec::new(), result: Err(Stop::Timeout) };
        }
        tokio::time::sleep(init).await;
        Ran { duration: init, printed: Vec::new(), result: Ok(()) }
    }

    pub(crate) async fn run(&mut self, invocation: &Invocation, limit: Duration) -> Ran<Bytes> {
        let started_at = Utc::now();
        let turn = self.ordinal + usize::try_from(self.invocations).unwrap_or_default();
        let own = self.simulation.duration.draw(turn, &mut self.randomness);
        self.invocations += 1;
        let hold = match requested_hold(&invocation.payload) {
            Ok(hold) if self.invocations == 1 && self.simulation.cooperates => hold,
            Ok(_) => Duration::ZERO,
            Err(failure) => return Ran { duration: own, printed: Vec::new(), result: Err(Stop::Reported(failure)) },
        };
        let duration = hold + own;
        if duration > limit {
            tokio::time::sleep(limit).await;
            return Ran { duration: limit, printed: Vec::new(), result: Err(Stop::Timeout) };
        }
        tokio::time::sleep(duration).await;
        let reply = if self.simulation.cooperates {
            json!({
                "environment_id": self.environment_id.to_string(),
                "invocation": self.invocations,
                "started_at": timestamp(started_at),
                "held_ms": hold.as_secs_f64() * 1000.0,
                "processor": "simulated",
            })
        } else {
            json!({})
        };
        Ran { duration, printed: Vec::new(), result: Ok(Bytes::from(reply.to_string())) }
    }
}

/// Spreads neighbouring ordinals over all seeds (the multiplier of `SplitMix64`).
fn mixed(ordinal: usize) -> u64 {
    (ordinal as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// `hold_ms` of the request; 0 where there is none. The rules and texts are those of the target functions.
fn requested_hold(payload: &[u8]) -> Result<Duration, Failure> {
    let refused = |what: &str, value: &Value| {
        let text = format!("{what} a whole number from 0 to {MAX_HOLD_MS}, got {}", shown(value));
        Err(Failure::platform("InvalidRequest", &text))
    };
    let hold = match serde_json::from_slice(payload).unwrap_or_default() {
        Value::Null => Value::from(0),
        Value::Object(mut fields) => fields.remove("hold_ms").unwrap_or(Value::from(0)),
        other => return refused("the request must be an object with hold_ms,", &other),
    };
    // JSON knows one kind of number, so 5.0 is as whole as 5.
    match hold.as_f64().filter(|ms| ms.fract() == 0.0 && (0.0..=MAX_HOLD_MS).contains(ms)) {
        Some(ms) => Ok(Duration::from_secs_f64(ms / 1e3)),
        None => refused("hold_ms must be", &hold),
    }
}

/// The value as JSON, cut after 100 characters.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(100) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// A duration in ms: finite and not negative.
fn figure(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|ms: &f64| ms.is_finite() && *ms >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn simulated(pairs: &[(&str, &str)], ordinal: usize) -> Simulated {
        Simulated::new(Simulation::parse(Some(&variables(pairs))).unwrap(), ordinal)
    }

    fn invocation(payload: &str) -> Invocation {
        Invocation {
            request_id: Uuid::nil(),
            payload: Bytes::from(payload.to_owned()),
            function_arn: String::new(),
            client_context: None,
        }
    }

    #[test]
    fn a_bad_variable_is_named_and_the_form_explained() {
        for bad in ["130", "constant:x", "constant:-1", "lognormal:130", "lognormal:0,1", "list:", "gamma:1,2"] {
            let error = Simulation::parse(Some(&variables(&[("SIMULATED_INIT_MS", bad)]))).unwrap_err();
            assert_eq!(error, SimulationError::Times { variable: "SIMULATED_INIT_MS" }, "{bad}");
        }
    }

    #[tokio::test]
    async fn a_list_is_taken_in_turn_by_the_environments() {
        let mut inits = Vec::new();
        for ordinal in 0..4 {
            let mut environment = simulated(&[("SIMULATED_INIT_MS", "list:1,3,2")], ordinal);
            inits.push(environment.start(Duration::from_secs(10)).await.duration.as_millis());
        }
        assert_eq!(inits, [1, 3, 2, 1]);
    }

    #[tokio::test]
    async fn a_seed_repeats_the_draws_and_differs_between_environments() {
        let pairs = [("SIMULATED_INIT_MS", "lognormal:2,0.15"), ("SIMULATED_SEED", "7")];
        let mut drawn = Vec::new();
        for ordinal in [0, 0, 1] {
            drawn.push(simulated(&pairs, ordinal).start(Duration::from_secs(10)).await.duration);
        }
        assert_eq!(drawn[0], drawn[1]);
        assert_ne!(drawn[0], drawn[2]);
    }

    #[tokio::test]
    async fn only_the_first_invocation_holds() {
        let mut environment = simulated(&[("SIMULATED_DURATION_MS", "constant:2")], 0);
        let first = environment.run(&invocation(r#"{"hold_ms":5}"#), Duration::from_secs(3)).await;
        let second = environment.run(&invocation(r#"{"hold_ms":5}"#), Duration::from_secs(3)).await;
        assert_eq!((first.duration.as_millis(), second.duration.as_millis()), (7, 2));
        let reply: Value = serde_json::from_slice(&second.result.unwrap()).unwrap();
        assert_eq!((&reply["invocation"], &reply["held_ms"]), (&json!(2), &json!(0.0)));
    }

    #[tokio::test]
    async fn a_bad_hold_is_a_function_error() {
        let mut environment = simulated(&[], 0);
        for (request, problem) in [
            (r#"{"hold_ms":-1}"#, "hold_ms must be a whole number from 0 to 60000, got -1"),
            ("[1]", "the request must be an object with hold_ms, a whole number from 0 to 60000, got [1]"),
        ] {
            let ran = environment.run(&invocation(request), Duration::from_secs(3)).await;
            let Err(Stop::Reported(failure)) = ran.result else { panic!("it must be reported") };
            assert_eq!(failure, Failure::platform("InvalidRequest", problem));
        }
    }

    #[tokio::test]
    async fn an_init_over_the_limit_is_cut_there() {
        let mut environment = simulated(&[("SIMULATED_INIT_MS", "constant:12000")], 0);
        let ran = environment.start(Duration::from_millis(5)).await;
        assert!(matches!(ran, Ran { result: Err(Stop::Timeout), .. }) && ran.duration == Duration::from_millis(5));
    }
}
