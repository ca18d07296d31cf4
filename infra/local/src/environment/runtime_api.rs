//! The Lambda Runtime API of one process: the loopback server through which a runtime asks for its next
//! invocation and answers it.
//!
//! It answers only processes of its execution environment, as far as the system shows who asks, and no web page.
//!
//! Paths and headers: AWS Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request};
use serde_json::json;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::family::{Family, Known};
use super::invocation::{Failure, Invocation};
use crate::wire::connections::{self, Peer, Reply};
use crate::wire::door;

/// Largest response of a synchronous invocation. The number AWS names in its error text.
pub(crate) const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// What a runtime did.
pub(crate) enum Event {
    /// It asked for its next invocation. The first time, this ends its init phase.
    Next { at: Instant },
    /// It gave up before it was ready.
    InitError { failure: Failure },
    /// It answered an invocation.
    Answered { request_id: Uuid, at: Instant, answer: Result<Bytes, Failure> },
}

/// The server of one process. Dropping it closes the listener and every connection.
pub(crate) struct RuntimeApi {
    /// `127.0.0.1:PORT`, the value of `AWS_LAMBDA_RUNTIME_API`.
    pub address: String,
    pub events: mpsc::UnboundedReceiver<Event>,
    hand_over: mpsc::UnboundedSender<(Invocation, SystemTime)>,
    family: watch::Sender<Option<Family>>,
    _stop: oneshot::Sender<Infallible>,
}

impl RuntimeApi {
    /// Binds a free port and answers from now on.
    pub(crate) fn open() -> io::Result<RuntimeApi> {
        let listener = connections::listen(0)?;
        let address = listener.local_addr()?;
        let (hand_over, invocations) = mpsc::unbounded_channel();
        let (report, events) = mpsc::unbounded_channel();
        let (family, known) = watch::channel(None);
        let invocations = tokio::sync::Mutex::new(invocations);
        let session =
            Arc::new(Session { invocations, current: Mutex::new(None), events: report, address, family: known });
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(connections::serve(listener, None, stopped, move |peer, request| {
            let session = Arc::clone(&session);
            async move { session.answer(&peer, request).await }
        }));
        Ok(RuntimeApi { address: address.to_string(), events, hand_over, family, _stop: stop })
    }

    /// The processes that it answers. Requests wait until they are known.
    pub(crate) fn serve(&self, family: Family) {
        self.family.send_replace(Some(family));
    }

    /// Gives the runtime its next invocation, to be answered within `limit`.
    pub(crate) fn invoke(&self, invocation: Invocation, limit: Duration) {
        // The server lives as long as `self`, and with it the receiving end.
        let _ = self.hand_over.send((invocation, SystemTime::now() + limit));
    }
}

struct Session {
    invocations: tokio::sync::Mutex<mpsc::UnboundedReceiver<(Invocation, SystemTime)>>,
    /// The invocation that was handed out and not answered yet.
    current: Mutex<Option<Uuid>>,
    events: mpsc::UnboundedSender<Event>,
    address: SocketAddr,
    family: watch::Receiver<Option<Family>>,
}

impl Session {
    async fn answer(&self, peer: &Peer, request: Request<Incoming>) -> Reply {
        // Before anything else: an init duration ends here.
        let at = Instant::now();
        if let Err(refused) = door::check_page(request.headers()) {
            return Ok(refuse(403, "Forbidden", &refused.to_string()));
        }
        if !*peer.admitted.get_or_init(|| self.admits(peer.address)).await {
            return Ok(refuse(403, "Forbidden", "only processes of the execution environment are answered"));
        }
        let path = request.uri().path().strip_prefix("/2018-06-01/runtime/").unwrap_or_default().to_owned();
        let steps: Vec<&str> = path.split('/').collect();
        match (request.method(), steps.as_slice()) {
            (&Method::GET, ["invocation", "next"]) => Ok(self.next(at).await),
            (&Method::POST, ["invocation", id, "response"]) => Ok(self.response(id, at, request).await),
            (&Method::POST, ["invocation", id, "error"]) => Ok(self.error(id, at, request).await),
            (&Method::POST, ["init", "error"]) => Ok(self.init_error(request).await),
            _ => Ok(refuse(404, "InvalidPath", "no such path in the runtime API")),
        }
    }

    async fn admits(&self, peer: SocketAddr) -> bool {
        let mut family = self.family.clone();
        let Ok(family) = family.wait_for(Option::is_some).await.map(|family| family.clone()) else { return false };
        let server = self.address;
        let known = move || family.map_or(Known::No, |family| family.holds(peer, server));
        // An error means that the program is ending.
        tokio::task::spawn_blocking(known).await.is_ok_and(|known| known != Known::No)
    }

    async fn next(&self, at: Instant) -> Response {
        self.report(Event::Next { at });
        let Some((invocation, deadline)) = self.invocations.lock().await.recv().await else {
            return refuse(500, "ContainerError", "the execution environment is shutting down");
        };
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(invocation.request_id);
        handed_out(invocation, deadline)
    }

    async fn response(&self, id: &str, at: Instant, request: Request<Incoming>) -> Response {
        let Some(request_id) = self.finish(id) else { return unknown_request() };
        let answer = match read(request).await {
            Some(body) => Ok(body),
            None => Err(Failure::platform(
                "Function.ResponseSizeTooLarge",
                &format!("Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
            )),
        };
        let accepted = answer.is_ok();
        self.report(Event::Answered { request_id, at, answer });
        if accepted { ok() } else { refuse(413, "RequestEntityTooLarge", "the response is too large") }
    }

    async fn error(&self, id: &str, at: Instant, request: Request<Incoming>) -> Response {
        let Some(request_id) = self.finish(id) else { return unknown_request() };
        let failure = posted(request).await;
        self.report(Event::Answered { request_id, at, answer: Err(failure) });
        ok()
    }

    async fn init_error(&self, request: Request<Incoming>) -> Response {
        let failure = posted(request).await;
        self.report(Event::InitError { failure });
        ok()
    }

    /// Takes the invocation `id` as answered; none when it is not the one being handled.
    fn finish(&self, id: &str) -> Option<Uuid> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|current| current.to_string() == id)
    }

    fn report(&self, event: Event) {
        // Nobody listens once the process is being ended.
        let _ = self.events.send(event);
    }
}

fn handed_out(invocation: Invocation, deadline: SystemTime) -> Response {
    let deadline_ms = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let trace_id = format!(
        "Root=1-{:08x}-{};Parent=0000000000000000;Sampled=0",
        deadline_ms / 1000,
        &invocation.request_id.simple().to_string()[..24]
    );
    let fields = [
        ("lambda-runtime-aws-request-id", invocation.request_id.to_string()),
        ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", invocation.function_arn),
        ("lambda-runtime-trace-id", trace_id),
    ];
    let mut response = Response::new(Body::from(invocation.payload));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in fields {
        let value = HeaderValue::try_from(value).expect("identifiers, numbers and ARNs are plain ASCII");
        headers.insert(HeaderName::from_static(name), value);
    }
    if let Some(context) = invocation.client_context {
        headers.insert("lambda-runtime-client-context", context);
    }
    response
}

/// The body, unless it is larger than Lambda takes.
async fn read(request: Request<Incoming>) -> Option<Bytes> {
    let body = Limited::new(request.into_body(), MAX_RESPONSE_BYTES);
    body.collect().await.ok().map(http_body_util::Collected::to_bytes)
}

async fn posted(request: Request<Incoming>) -> Failure {
    let header = request.headers().get("lambda-runtime-function-error-type");
    let header = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = read(request).await.unwrap_or_default();
    let named = serde_json::from_slice::<serde_json::Value>(&body).ok();
    let named = named.and_then(|body| Some(body.get("errorType")?.as_str()?.to_owned()));
    Failure { error_type: named.or(header).unwrap_or_else(|| "Runtime.Unknown".to_owned()), body }
}

fn ok() -> Response {
    connections::json(202, &json!({ "status": "OK" }))
}

fn unknown_request() -> Response {
    refuse(400, "InvalidRequestID", "Invalid request ID")
}

fn refuse(status: u16, error_type: &str, message: &str) -> Response {
    connections::json(status, &json!({ "errorType": error_type, "errorMessage": message }))
}
