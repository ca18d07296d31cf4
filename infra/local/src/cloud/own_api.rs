//! The stand-in's own API, under `/_local/`: for tests, and for looking in from outside. Requests carry the header
//! `x-coldwatch-token`.
//!
//! | request | does |
//! |---|---|
//! | `GET /_local/faults` | the armed faults and how often each has happened |
//! | `POST /_local/faults` | arms faults: `{"faults": ["…"]}` |
//! | `DELETE /_local/faults` | disarms all |
//! | `GET /_local/calls` | the requests to AWS's services so far: operation, resource, caller, status; without bodies |
//! | `GET /_local/events` | the events that EventBridge has taken, as a rule's target would receive them |
//! | `GET /_local/environments` | how many execution environments live |
//! | `GET /_local/clock` | the time that schedules, retries and queues go by |
//! | `POST /_local/clock` | moves it ahead: `{"advance_s": 300}` |
//! | `POST /_local/stacks` | sets the status of CloudFormation stacks: `{"stacks": {"shop": "UPDATE_IN_PROGRESS"}}` |
//! | `GET /_local/code/HASH` | a deployment package; the address that `GetFunction` gives needs no token for ten minutes |

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::response::Response;
use chrono::TimeDelta;
use hyper::Method;
use hyper::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::http::request::Parts;
use serde::Deserialize;
use serde_json::json;

use super::request_log::RequestLog;
use crate::base::clock::Clock;
use crate::environment::lifecycle::Shared;
use crate::fault::Fault;
use crate::services::cloudformation::Stacks;
use crate::services::events::Events;
use crate::wire::connections::json as respond;

#[derive(Deserialize)]
struct Arm {
    faults: Vec<String>,
}

#[derive(Deserialize)]
struct SetStacks {
    stacks: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Advance {
    advance_s: u32,
}

/// What the API shows and sets.
pub(crate) struct OwnApi<'a> {
    pub shared: &'a Shared,
    pub log: &'a RequestLog,
    pub clock: &'a Clock,
    pub events: &'a Events,
    pub stacks: &'a Stacks,
}

impl OwnApi<'_> {
    /// Answers a request under `/_local/` that was let in.
    pub(crate) fn answer(&self, parts: &Parts, body: &[u8]) -> Response {
        let OwnApi { shared, log, clock, events, stacks } = *self;
        let rest = parts.uri.path().strip_prefix("/_local/").unwrap_or_default();
        let faults = &shared.faults;
        match (&parts.method, rest) {
            (&Method::GET, "faults") => {
                let armed = faults
                    .counts()
                    .into_iter()
                    .map(|(fault, happened)| json!({ "fault": fault, "happened": happened }));
                respond(200, &json!({ "faults": armed.collect::<Vec<_>>() }))
            }
            (&Method::POST, "faults") => arm(body, shared),
            (&Method::DELETE, "faults") => {
                faults.clear();
                respond(200, &json!({ "faults": [] }))
            }
            (&Method::GET, "calls") => respond(200, &json!({ "calls": log.all() })),
            (&Method::GET, "events") => respond(200, &json!({ "events": events.all() })),
            (&Method::GET, "environments") => {
                respond(200, &json!({ "environments": shared.living.load(Ordering::Relaxed) }))
            }
            (&Method::GET, "clock") => respond(200, &json!({ "now": clock.now() })),
            (&Method::POST, "clock") => advance(body, clock),
            (&Method::POST, "stacks") => set_stacks(body, stacks),
            (&Method::GET, rest) => match rest.strip_prefix("code/") {
                Some(hash) if hash.chars().all(|c| c.is_ascii_hexdigit()) => code(hash, shared),
                _ => nothing(),
            },
            _ => nothing(),
        }
    }
}

/// Arms all faults of the request, or none.
fn arm(body: &[u8], shared: &Shared) -> Response {
    let asked: Arm = match serde_json::from_slice(body) {
        Ok(asked) => asked,
        Err(error) => {
            let message = format!("the body must be {{\"faults\": [\"…\"]}}: {error}");
            return respond(400, &json!({ "message": message }));
        }
    };
    match asked.faults.iter().map(|text| Fault::parse(text)).collect::<Result<Vec<_>, _>>() {
        Ok(parsed) => {
            for fault in parsed {
                shared.faults.add(fault);
            }
            respond(200, &json!({ "faults": asked.faults }))
        }
        Err(error) => respond(400, &json!({ "message": error.to_string() })),
    }
}

/// Sets the status of all stacks of the request, or of none.
fn set_stacks(body: &[u8], stacks: &Stacks) -> Response {
    let asked = serde_json::from_slice::<SetStacks>(body);
    let asked = asked.map_err(|error| format!("the body must be {{\"stacks\": {{NAME: STATUS}}}}: {error}"));
    match asked.and_then(|asked| stacks.set(asked.stacks)) {
        Ok(()) => respond(200, &json!({})),
        Err(message) => respond(400, &json!({ "message": message })),
    }
}

/// Moves the clock, forwards only.
fn advance(body: &[u8], clock: &Clock) -> Response {
    match serde_json::from_slice::<Advance>(body) {
        Ok(Advance { advance_s }) => {
            clock.advance(TimeDelta::seconds(advance_s.into()));
            respond(200, &json!({ "now": clock.now() }))
        }
        Err(error) => {
            let message = format!("the body must be {{\"advance_s\": a whole number of seconds}}: {error}");
            respond(400, &json!({ "message": message }))
        }
    }
}

fn code(hash: &str, shared: &Shared) -> Response {
    let Ok(zip) = shared.code.zip(hash) else { return nothing() };
    let mut response = Response::new(Body::from(zip));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    // A zip may begin with a web page: a browser must neither guess nor show it.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}

fn nothing() -> Response {
    respond(404, &json!({ "message": "the local cloud has no such page" }))
}
