//! HTTP on a loopback listener: one task per connection, Nagle's algorithm off. A connection that begins with a handshake of
//! TLS gets HTTP/2 if it asks for it, if there is a certificate; any other is HTTP/1.1.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OnceCell, oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Connections the kernel may hold until they are accepted: room for a burst of 1,000 invokes that
/// each open their own.
const BACKLOG: u32 = 4096;

/// A client has this long for the head of a request, waiting for the first byte included. The SDKs close their idle
/// connections after 90 seconds at most, so that none of theirs is closed under a request.
const HEAD_TIMEOUT: Duration = Duration::from_mins(2);

/// How long the handshake of TLS may take.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests at once on a connection of HTTP/2, as Lambda allows (rusoto#1738).
const STREAMS: u32 = 128;
/// First byte of a connection in TLS: a handshake record (RFC 8446, 5.1).
const HANDSHAKE: u8 = 22;
/// How long a silent connection stays.
const SILENCE: Duration = Duration::from_mins(10);

/// The other end of a connection.
pub(crate) struct Peer {
    pub address: SocketAddr,
    /// Whether it may use the service, found out with the first request.
    pub admitted: OnceCell<bool>,
    order: watch::Sender<Order>,
}

/// What is to become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It serves requests.
    Serve,
    /// It takes no further request, says so (GOAWAY), and ends with those under way.
    GoAway,
    /// It stays open, and nothing is read or written any more.
    Silence,
    /// It ends now.
    Close,
}

impl Peer {
    fn new(address: SocketAddr) -> Arc<Peer> {
        Arc::new(Peer { address, admitted: OnceCell::new(), order: watch::Sender::new(Order::Serve) })
    }

    /// Decides about the connection, with all that is under way on it.
    pub(crate) fn order(&self, order: Order) {
        self.order.send_replace(order);
    }
}

/// What a service answers: a response, or nothing at all.
pub(crate) type Reply = Result<Response, Hangup>;

/// End the request without a word: its stream in HTTP/2, and the connection in HTTP/1.1.
#[derive(Debug, thiserror::Error)]
#[error("ended without an answer")]
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
pub(crate) async fn serve<S, F>(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    mut stop: oneshot::Receiver<Infallible>,
    service: S,
) where
    S: Fn(Arc<Peer>, Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, address)) => {
                    connections.spawn(accept(stream, address, tls.clone(), service.clone()));
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

/// One connection, from its first byte to its last.
async fn accept<S, F>(stream: TcpStream, address: SocketAddr, tls: Option<TlsAcceptor>, service: S)
where
    S: Fn(Arc<Peer>, Request<Incoming>) -> F,
    F: Future<Output = Reply> + Send + 'static,
{
    // Without it a small answer waits for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch off Nagle's algorithm");
    }
    let Some(tls) = tls else { return converse(stream, address, &one_by_one(HEAD_TIMEOUT), service).await };
    let mut first = [0];
    let opened = tokio::time::timeout(HANDSHAKE_TIMEOUT, async {
        stream.peek(&mut first).await?;
        if first == [HANDSHAKE] { tls.accept(stream).await.map(Opened::Tls) } else { Ok(Opened::Plain(stream)) }
    });
    match opened.await {
        Ok(Ok(Opened::Plain(stream))) => converse(stream, address, &one_by_one(HEAD_TIMEOUT), service).await,
        Ok(Ok(Opened::Tls(stream))) => {
            let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let protocol = if is_h2 { in_streams() } else { one_by_one(HEAD_TIMEOUT) };
            converse(stream, address, &protocol, service).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended early"),
        Err(_) => tracing::debug!("a connection said nothing"),
    }
}

#[expect(clippy::large_enum_variant, reason = "one a connection, and taken apart at once")]
enum Opened {
    Plain(TcpStream),
    Tls(TlsStream<TcpStream>),
}

/// HTTP/1.1: one request after the other.
fn one_by_one(head_timeout: Duration) -> Builder<TokioExecutor> {
    let mut protocol = Builder::new(TokioExecutor::new()).http1_only();
    protocol.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout);
    protocol
}

/// HTTP/2: many requests at once.
fn in_streams() -> Builder<TokioExecutor> {
    let mut protocol = Builder::new(TokioExecutor::new()).http2_only();
    protocol.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
    protocol
}

/// Serves the requests of a connection, and carries out what is ordered about it.
async fn converse<S, F, C>(stream: C, address: SocketAddr, protocol: &Builder<TokioExecutor>, service: S)
where
    S: Fn(Arc<Peer>, Request<Incoming>) -> F,
    F: Future<Output = Reply> + Send + 'static,
    C: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let peer = Peer::new(address);
    let mut orders = peer.order.subscribe();
    let service = service_fn(move |mut request: Request<Incoming>| {
        name_host(&mut request);
        service(Arc::clone(&peer), request)
    });
    let mut conversation = pin!(protocol.serve_connection(TokioIo::new(stream), service));
    loop {
        tokio::select! {
            ended = conversation.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            order = next(&mut orders) => match order {
                Order::Serve => {}
                Order::GoAway => conversation.as_mut().graceful_shutdown(),
                // What nobody polls reads and writes nothing.
                Order::Silence => return tokio::time::sleep(SILENCE).await,
                Order::Close => return,
            }
        }
    }
}

/// The next order for a connection.
async fn next(orders: &mut watch::Receiver<Order>) -> Order {
    if orders.changed().await.is_err() {
        // Nobody is left to order anything.
        std::future::pending::<()>().await;
    }
    *orders.borrow_and_update()
}

/// HTTP/2 has no `Host`, which is what services look at and what is signed.
fn name_host(request: &mut Request<Incoming>) {
    let host = request.uri().authority().and_then(|host| HeaderValue::try_from(host.as_str()).ok());
    if let Some(host) = host
        && request.version() == Version::HTTP_2
        && !request.headers().contains_key(HOST)
    {
        request.headers_mut().insert(HOST, host);
    }
}

/// A response of `status` with a JSON `body`.
pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = hyper::StatusCode::from_u16(status).expect("statuses are written here as constants");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
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
        tokio::spawn(async move {
            converse(stream, address, &one_by_one(Duration::from_millis(20)), service).await;
        });
        tokio::io::AsyncWriteExt::write_all(&mut client, b"GET / HTTP/1.1\r\nHo").await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(10), client.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "the connection is closed");
    }
}
