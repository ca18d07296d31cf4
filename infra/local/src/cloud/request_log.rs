//! The log of all requests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::requests::{Request, Service};
use crate::services::cloudformation;

/// How many requests the log holds; then the oldest go.
const LONGEST: usize = 100_000;

/// One request in the log. Bodies are not stored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Logged {
    pub service: &'static str,
    pub operation: String,
    /// The function, schedule, table, queue or parameter it is about, as the request names it; absent where it names none.
    pub resource: Option<String>,
    /// Access key it was signed with. The key of a function is its name: here, a function has no other role.
    pub caller: String,
    /// As the answer carries it, and the log of a function that was invoked.
    pub request_id: String,
    /// Absent while it is being answered, and when it never was.
    pub status: Option<u16>,
    /// When it arrived, in milliseconds since the stand-in started.
    pub at_ms: f64,
}

/// The requests so far, in order of arrival.
pub(crate) struct RequestLog {
    began: Instant,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    requests: VecDeque<Logged>,
    /// Requests that went to make room.
    gone: usize,
}

impl RequestLog {
    pub(crate) fn new() -> RequestLog {
        RequestLog { began: Instant::now(), entries: Mutex::default() }
    }

    /// Notes the arrival of a request and gives the number under which to note its answer.
    pub(crate) fn arrived(&self, request: &Request, request_id: Uuid, caller: &str, body: &[u8]) -> usize {
        let logged = Logged {
            service: request.service.name(),
            operation: request.operation.clone(),
            resource: resource(request, body),
            caller: caller.to_owned(),
            request_id: request_id.to_string(),
            status: None,
            at_ms: self.began.elapsed().as_secs_f64() * 1000.0,
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.requests.len() == LONGEST {
            entries.requests.pop_front();
            entries.gone += 1;
        }
        entries.requests.push_back(logged);
        entries.gone + entries.requests.len() - 1
    }

    pub(crate) fn answered(&self, number: usize, status: u16) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = number.checked_sub(entries.gone) else { return };
        if let Some(request) = entries.requests.get_mut(index) {
            request.status = Some(status);
        }
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).requests.iter().cloned().collect()
    }
}

/// What a request is about.
fn resource(request: &Request, body: &[u8]) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Named {
        table_name: Option<String>,
        name: Option<String>,
        queue_url: Option<String>,
        queue_name: Option<String>,
    }
    match &request.service {
        Service::Lambda(route) => Some(route.subject.clone()),
        Service::Scheduler(route) => Some(route.name.clone()),
        Service::CloudFormation => cloudformation::stack(body),
        // Each entry names its bus, and there is only one.
        Service::Events => Some("default".to_owned()),
        _ => {
            let named: Named = serde_json::from_slice(body).ok()?;
            named.table_name.or(named.name).or(named.queue_url).or(named.queue_name)
        }
    }
    .filter(|name| !name.is_empty())
}
