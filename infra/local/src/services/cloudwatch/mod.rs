//! The CloudWatch of the stand-in: `PutMetricData`, `GetMetricData` and `ListMetrics`, with AWS's limits enforced.
//!
//! Protocols are in `codec`, the shapes they carry in `wire`, the three operations in `put`, `get` and `list`, what
//! is stored in `store`, and the statistics of stored values in `statistic`.
//!
//! There are no alarms, no dashboards, no metric math or `SEARCH` and no trimmed statistics: requests for them are refused.
//! Unlike on AWS, data are visible at once and never get coarser.

mod codec;
mod error;
mod get;
mod list;
mod put;
mod statistic;
mod store;
mod wire;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};

use self::codec::Protocol;
use self::error::ApiError;
use self::store::Store;

/// A CloudWatch with one account, one Region and no bill. Clones share their metrics.
#[derive(Clone)]
pub struct CloudWatch {
    shared: Arc<Shared>,
}

struct Shared {
    store: Mutex<Store>,
    clock: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
}

impl CloudWatch {
    /// The metrics kept in `dir`, which is created if it is missing; without one they live in memory only.
    ///
    /// # Errors
    /// The file of metrics in `dir` cannot be read or written, or is not one that this program wrote. A last line that
    /// was cut short is dropped without an error.
    pub fn open(dir: Option<&Path>) -> io::Result<CloudWatch> {
        CloudWatch::open_at(dir, Utc::now)
    }

    /// Like [`open`](CloudWatch::open), with a clock of the caller's: it decides which timestamps are too old or too far
    /// ahead, and what is recent.
    pub fn open_at(
        dir: Option<&Path>,
        clock: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
    ) -> io::Result<CloudWatch> {
        let store = match dir {
            None => Store::in_memory(),
            Some(dir) => Store::open(dir)?,
        };
        let shared = Shared { store: Mutex::new(store), clock: Box::new(clock) };
        Ok(CloudWatch { shared: Arc::new(shared) })
    }

    /// Whether a request is meant for CloudWatch.
    pub fn accepts(headers: &HeaderMap, path: &str) -> bool {
        Protocol::of(headers, path).is_some()
    }

    /// Answers one request that [`accepts`](CloudWatch::accepts) has claimed.
    #[expect(clippy::unused_async, reason = "the interface of every service of the stand-in")]
    pub async fn handle(&self, path: &str, headers: &HeaderMap, body: Bytes) -> Response {
        let (protocol, operation) = Protocol::of(headers, path).unwrap_or((Protocol::Cbor, path));
        match self.answer(protocol, operation, headers, &body) {
            Ok(reply) => protocol.success(reply),
            Err(error) => protocol.failure(&error),
        }
    }

    /// The reply's body; empty for an operation that answers nothing.
    fn answer(
        &self,
        protocol: Protocol,
        operation: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Vec<u8>, ApiError> {
        let body = codec::inflate(headers.get(header::CONTENT_ENCODING), body)?;
        let now = (self.shared.clock)();
        // A panic while the lock was held cannot leave a request half stored: see `Store::append`.
        let mut store = self.shared.store.lock().unwrap_or_else(PoisonError::into_inner);
        match operation {
            "PutMetricData" => {
                let data = put::validated(protocol.decode(&body)?, now)?;
                store.append(data).map_err(ApiError::Storage)?;
                Ok(Vec::new())
            }
            "GetMetricData" => Ok(protocol.encode(&get::answer(&store, protocol.decode(&body)?, now)?)),
            "ListMetrics" => Ok(protocol.encode(&list::answer(&store, &protocol.decode(&body)?, now)?)),
            other => Err(ApiError::UnknownOperation(other.to_owned())),
        }
    }
}
