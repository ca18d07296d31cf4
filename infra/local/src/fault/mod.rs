//! Faults on demand: what goes wrong at AWS now and then, made to happen.
//!
//! A fault is given as text, to `coldwatch local --fault`, to [`Options::faults`](crate::Options), or to the stand-in's
//! own API as `POST /_local/faults` with `{"faults": ["…"]}`:
//!
//! ```text
//! FAULT = KIND [ ":" WHERE ] { "," KEY "=" VALUE }
//! ```
//!
//! Faults of requests. WHERE is `SERVICE.OPERATION` with `lambda`, `dynamodb`, `cloudformation`, `cloudwatch`, `logs`, `scheduler`,
//! `sqs`, `events`, `ssm` or `tagging`, or `SERVICE.*`, or `*`; an operation of Lambda may be meant for one function alone, as in
//! `lambda.Invoke/NAME`:
//!
//! | kind | keys | does |
//! |---|---|---|
//! | `reject` | `status` (400 to 599), `code` | answers that error and does nothing |
//! | `delay` | `ms` | answers that much later |
//! | `drop` | `when=before` or `after` | closes the connection; before or after the operation took place |
//! | `reset` | `when=before` or `after` | ends this request alone without an answer; in HTTP/1.1 that closes the connection |
//! | `goaway` | | answers, and takes no further request on this connection |
//! | `silence` | `when=before` or `after` | nothing more is read or written on this connection, which stays open |
//! | `stall` | `when=before` or `after` | never answers |
//! | `truncate` | `bytes` | cuts the body of the answer there and closes the connection |
//! | `unprocessed` | `items` | DynamoDB takes the last items of a `BatchWriteItem` only when they are sent again |
//!
//! Faults of functions. WHERE is the name of a function, or `*`:
//!
//! | kind | keys | does |
//! |---|---|---|
//! | `slow-update` | `ms` | an update is in progress for that long |
//! | `failed-update` | | an update ends as `Failed`; the configuration before it keeps serving |
//! | `warm-reuse` | `invocations` | after an update, old environments serve that many invocations more |
//! | `init-death` | | the process is killed at the end of its init |
//! | `handler-death` | | the process is killed while it handles an invocation |
//! | `no-report` | | the tail has no REPORT |
//! | `tail-first`, `tail-last` | `bytes` | the tail is only its first, or last, bytes |
//! | `json-tail` | | the platform's lines are JSON, whatever the function's log format says |
//!
//! Every kind takes `after=N` (lets the first N pass), `times=N` (happens N times, then never again; without it,
//! always) and `chance=P` with an optional `seed=S` (happens with that probability).
//!
//! Examples: `reject:lambda.UpdateFunctionConfiguration,status=409,times=2` ·
//! `delay:dynamodb.*,ms=200,chance=0.1,seed=7` · `warm-reuse:*,invocations=3`

mod arms;
mod parse;

pub(crate) use arms::Faults;
pub use parse::FaultError;

/// Something that goes wrong, where, and how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// As it was written.
    text: String,
    kind: Kind,
    place: Place,
    due: Due,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Request(RequestFault),
    Function(FunctionFault),
}

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RequestFault {
    Reject { status: u16, code: Option<String> },
    Delay { ms: u64 },
    Drop(When),
    Reset(When),
    GoAway,
    Silence(When),
    Stall(When),
    Truncate { bytes: usize },
    Unprocessed { items: usize },
}

/// Relative to the operation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

/// What goes wrong with a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FunctionFault {
    SlowUpdate { ms: u64 },
    FailedUpdate,
    WarmReuse { invocations: u32 },
    InitDeath,
    HandlerDeath,
    NoReport,
    TailFirst { bytes: usize },
    TailLast { bytes: usize },
    JsonTail,
}

/// Which operations or functions are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    /// Everything that starts so: `lambda.`
    Below(String),
    Exactly(String),
}

/// Which of the occasions are meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Due {
    after: u64,
    times: Option<u64>,
    /// Probability from 0 to 1.
    chance: f64,
    seed: u64,
}

impl Fault {
    /// The fault as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Place {
    fn holds(&self, subject: &str) -> bool {
        match self {
            Place::Anywhere => true,
            Place::Below(start) => subject.starts_with(start.as_str()),
            // What is meant of all functions is meant of each.
            Place::Exactly(name) => subject == name || subject.split_once('/').is_some_and(|(all, _)| all == name),
        }
    }
}
