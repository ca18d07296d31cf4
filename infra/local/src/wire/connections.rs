//! HTTP/1.1 on a loopback listener: one task per connection, Nagle's algorithm off.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinSet;

/// Connections the kernel may hold until they are accepted: room for a burst of 1,000 invokes that
/// each open their own.
const BACKLOG: u32 = 4096;

/// A client has this long for the head of a request, waiting for the first byte included. The SDKs close their idle
/// connections after 90 seconds at most, so that none of theirs is closed under a request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(2);

/// The other end of a connection.
pub(crate) struct Peer {
    pub address: SocketAddr,
    /// Whether it may use the service, found out with the first request.
    pub admitted: OnceCell<bool>,
}

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
    S: Fn(Arc<Peer>, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    connections.spawn(converse(stream, address, HEAD_TIMEOUT, service.clone()));
                }
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
async fn converse<S, F>(stream: TcpStream, address: SocketAddr, head_timeout: Duration, service: S)
where
    S: Fn(Arc<Peer>, Request<Incoming>) -> F,
    F: Future<Output = Reply>,
{
    // Without it a small answer waits for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch off Nagle's algorithm");
    }
    let peer = Arc::new(Peer { address, admitted: OnceCell::new() });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| service(Arc::clone(&peer), request)));
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn half_a_request_does_not_hold_a_connection() {
        let listener = listen(0).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = listener.accept().await.unwrap();
        let service = |_: Arc<Peer>, _: Request<Incoming>| async { Ok(Response::default()) };
        tokio::spawn(converse(stream, address, Duration::from_millis(20), service));
        tokio::io::AsyncWriteExt::write_all(&mut client, b"GET / HTTP/1.1\r\nHo").await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), client.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "the connection is closed");
    }
}
