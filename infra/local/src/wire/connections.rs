//! HTTP/1.1 on a loopback listener: one task per connection, Nagle's algorithm off.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Connections the kernel may hold until they are accepted: room for a burst of 1,000 invokes that
/// each open their own.
const BACKLOG: u32 = 4096;

/// What a service answers: a response, or nothing at all.
pub(crate) type Reply = Result<Response, Hangup>;

/// Close the connection without a word.
#[derive(Debug, thiserror::Error)]
#[error("connection closed without an answer")]
pub(crate) struct Hangup;

impl From<Infallible> for Hangup {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// Binds `127.0.0.1:port`; port 0 takes any free one.
pub(crate) fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

/// Serves `listener` until the sending end of `stop` is dropped; then closes every connection.
pub(crate) async fn serve<S, F>(listener: TcpListener, mut stop: oneshot::Receiver<Infallible>, service: S)
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(converse(stream, service.clone())); }
                Err(error) => {
                    // Out of file descriptors, most likely: connections that end free some.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = &mut stop => break,
        }
    }
    connections.shutdown().await;
}

/// One connection, from its first request to its last.
async fn converse<S, F>(stream: TcpStream, service: S)
where
    S: Fn(Request<Incoming>) -> F,
    F: Future<Output = Reply>,
{
    // Without it a small answer waits for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch off Nagle's algorithm");
    }
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service_fn(service));
    if let Err(error) = conversation.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A response of `status` with a JSON `body`.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).expect("statuses are written here as constants");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}
