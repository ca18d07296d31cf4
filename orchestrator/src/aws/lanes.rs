//! Connections that invokes go over.
//!
//! Lambda's endpoint speaks HTTP/2 and allows some 128 requests at once on a connection. A client of the SDK keeps a single
//! connection to a host, so a large burst would queue inside this program, and its round trips would contain the queue.
//! Here a burst gets as many connections as its size asks for, and they are open before it is sent. None carries anything
//! else. A ping finds out when one is dead: then what is under way on it fails, and the next burst opens another.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_lambda::Client;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::timeout::TimeoutConfig;
use futures::future::join_all;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::time::Instant;

use super::proxy::{Proxy, Road};
use super::{CONNECT_TIMEOUT, trust};

/// Invokes under way on one connection at most. Lambda allows some 128 (rusoto#1738, hyper#2197).
const SEATS: usize = 100;
/// A connection that carried something so recently is open: the endpoint closes idle ones later.
const FRESH: Duration = Duration::from_secs(20);
/// Longest wait for a connection to be opened before a burst is sent all the same.
const OPENING: Duration = Duration::from_secs(5);
/// How often a connection is asked whether it is alive, and how long it has to answer.
const PING: Duration = Duration::from_secs(5);

/// The connections, shared by all bursts of a run.
#[derive(Clone)]
pub(super) struct Lanes {
    config: SdkConfig,
    way: Arc<Way>,
    open: Arc<Mutex<Vec<Lane>>>,
}

/// How a connection is made.
struct Way {
    authority: Option<PathBuf>,
    proxy: Option<Proxy>,
    tls: OnceLock<ClientConfig>,
}

/// One connection over HTTP/2. Over HTTP/1.1 each request has one of its own, and a lane is as many.
struct Lane {
    client: Client,
    taken: usize,
    used: Option<Instant>,
}

/// The right to have one invoke under way on a connection.
pub struct Seat {
    pub(super) client: Client,
    lane: usize,
    lanes: Arc<Mutex<Vec<Lane>>>,
}

impl Lanes {
    pub(super) fn new(config: &SdkConfig, authority: Option<PathBuf>, proxy: Option<&Proxy>) -> Self {
        let way = Way { authority, proxy: proxy.cloned(), tls: OnceLock::new() };
        Self { config: config.clone(), way: Arc::new(way), open: Arc::default() }
    }

    /// Seats for a burst, on as few connections as they need. The connections are open when this returns, as far as `open`, a
    /// call that costs little, could open them within 5 s.
    pub(super) async fn take<F: Future>(&self, burst: usize, open: impl Fn(Client) -> F) -> Vec<Seat> {
        let (seats, closed) = self.reserve(burst);
        if self.is_encrypted() {
            let opened = closed.into_iter().map(|client| tokio::time::timeout(OPENING, open(client)));
            join_all(opened).await;
        }
        seats
    }

    /// The seats, and the clients among them whose connection may not be open.
    fn reserve(&self, burst: usize) -> (Vec<Seat>, Vec<Client>) {
        let now = Instant::now();
        let mut lanes = lock(&self.open);
        let (mut seats, mut closed) = (Vec::with_capacity(burst), Vec::new());
        for index in 0.. {
            if seats.len() == burst {
                break;
            }
            if index == lanes.len() {
                lanes.push(Lane { client: self.client(), taken: 0, used: None });
            }
            let lane = &mut lanes[index];
            let more = (SEATS - lane.taken).min(burst - seats.len());
            if more > 0 && lane.used.is_none_or(|used| now - used > FRESH) {
                closed.push(lane.client.clone());
            }
            if more > 0 {
                (lane.taken, lane.used) = (lane.taken + more, Some(now));
            }
            seats.extend((0..more).map(|_| Seat {
                client: lane.client.clone(),
                lane: index,
                lanes: Arc::clone(&self.open),
            }));
        }
        (seats, closed)
    }

    /// Whether requests go over TLS. Without it there is no HTTP/2 either, and nothing to open.
    fn is_encrypted(&self) -> bool {
        self.config.endpoint_url().is_none_or(|url| url.starts_with("https:"))
    }

    /// A client with a connection of its own. It sends each request once, and gives up on none: the caller does.
    fn client(&self) -> Client {
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).disable_operation_attempt_timeout().build();
        let config = aws_sdk_lambda::config::Builder::from(&self.config)
            .http_client(self.wire())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts);
        Client::from_conf(config.build())
    }

    fn wire(&self) -> Wire {
        let mut tcp = Tcp::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let way = &self.way;
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(way.tls.get_or_init(|| trust::client_config(way.authority.as_deref())).clone())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Road::new(tcp, way.proxy.as_ref()));
        let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING)
            .http2_keep_alive_while_idle(true)
            .build(connector);
        Wire(client)
    }
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("open", &lock(&self.open).len()).finish_non_exhaustive()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let lane = &mut lock(&self.lanes)[self.lane];
        (lane.taken, lane.used) = (lane.taken - 1, Some(Instant::now()));
    }
}

fn lock(lanes: &Mutex<Vec<Lane>>) -> MutexGuard<'_, Vec<Lane>> {
    lanes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The connection of one lane.
#[derive(Clone, Debug)]
struct Wire(hyper_util::client::legacy::Client<HttpsConnector<Road>, SdkBody>);

impl HttpClient for Wire {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let sent = match request.try_into_http1x() {
            Ok(request) => self.0.request(request),
            Err(error) => return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        };
        HttpConnectorFuture::new(async {
            let response = sent.await.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> Lanes {
        let config = SdkConfig::builder().behavior_version(aws_config::BehaviorVersion::latest());
        Lanes::new(&config.endpoint_url("http://127.0.0.1:9").build(), None, None)
    }

    fn taken(lanes: &Lanes) -> Vec<usize> {
        lock(&lanes.open).iter().map(|lane| lane.taken).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_has_as_many_connections_as_its_size_asks_for() {
        let lanes = lanes();
        let (seats, closed) = lanes.reserve(300);
        assert_eq!((seats.len(), closed.len(), taken(&lanes)), (300, 3, vec![100, 100, 100]));
        let (more, closed) = lanes.reserve(20);
        assert_eq!((closed.len(), taken(&lanes)), (1, vec![100, 100, 100, 20]));
        drop(seats);
        assert_eq!(taken(&lanes), [0, 0, 0, 20]);
        tokio::time::advance(FRESH / 2).await;
        let (seats, closed) = lanes.reserve(120);
        assert_eq!((closed.len(), taken(&lanes)), (0, vec![100, 20, 0, 20]), "what was used just now is open");
        drop((seats, more));
        tokio::time::advance(FRESH * 2).await;
        assert_eq!(lanes.reserve(120).1.len(), 2, "what has been idle for long may be closed");
    }
}
