//! DynamoDB: `dynoxide-rs`, to which requests are passed on as they are.
//!
//! Its only way in with AWS's errors and wording is a server on TCP, which asks nobody for a signature and lets every web
//! page read. So nobody but this process gets to it: one connection is made, the port is closed, and the list of
//! connections must show no other. HTTP/2 carries all requests over that connection.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::wire::connections;

/// How long requests that are being answered may hold up the end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Somebody else may connect in the moment before the port is closed; then all begins again.
const MOST_TRIES: usize = 20;
/// Received without acknowledgement: the largest answers of DynamoDB have 16 MB.
const WINDOW_BYTES: u32 = 16 * 1024 * 1024;

/// Why the database did not start.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    /// The file is not one of its, or cannot be read.
    #[error("the database cannot be opened: {0}; move `dynamodb.db` away to go on without its history")]
    Open(String),
    /// The inner connection.
    #[error("no connection to the database: {0}")]
    Listen(#[from] io::Error),
    /// The inner connection, in the words of HTTP.
    #[error("no connection to the database: {0}")]
    Connect(#[from] hyper::Error),
    /// Other processes connected to the port whenever it was open.
    #[error("no connection to the database: another program connects to each of its ports")]
    Disturbed,
}

/// The inner server and the only connection to it.
pub(crate) struct DynamoDb {
    requests: SendRequest<Full<Bytes>>,
    server: Server,
}

/// The running server. Dropping it lets the server end on its own time.
struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

impl DynamoDb {
    /// Opens the database file, or one in memory.
    pub(crate) async fn start(file: Option<&Path>) -> Result<DynamoDb, DynamoDbError> {
        let database = match file {
            Some(file) => {
                let text = file.to_str().ok_or_else(|| DynamoDbError::Open("the path is not UTF-8".to_owned()))?;
                Database::new(text)
            }
            None => Database::memory(),
        };
        let database = database.map_err(|error| DynamoDbError::Open(error.to_string()))?;
        for _ in 0..MOST_TRIES {
            if let Some(alone) = DynamoDb::connect(&database).await? {
                return Ok(alone);
            }
        }
        Err(DynamoDbError::Disturbed)
    }

    /// A server with one connection and a closed port. None if somebody else has a connection too.
    async fn connect(database: &Database) -> Result<Option<DynamoDb>, DynamoDbError> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.try_clone()?;
        let address = port.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let serving =
            dynoxide::server::serve_with_shutdown(TcpListener::from_std(listener)?, database.clone(), async {
                // An error means that the stand-in was dropped, which is a reason to stop too.
                let _ = stopped.await;
            });
        let server = Server { stop, task: tokio::spawn(serving) };
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let ours = stream.local_addr()?;
        let (requests, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        tokio::spawn(connection);
        let database = DynamoDb { requests, server };
        // Its answer shows that the server has accepted the connection, which closing the port would end.
        database.ask(Request::get("http://127.0.0.1/").body(Full::default()).unwrap_or_default()).await?;
        // On a port that listens, this is what closes it.
        rustix::net::shutdown(&port, rustix::net::Shutdown::Both).map_err(io::Error::from)?;
        if is_alone(ours, address) {
            return Ok(Some(database));
        }
        database.stop().await;
        Ok(None)
    }

    /// Passes a request on, its body byte for byte.
    pub(crate) async fn forward(&self, parts: &Parts, body: Bytes) -> Response {
        match self.send(parts, body).await {
            Ok(response) => response,
            Err(reason) => {
                tracing::warn!(reason, "the database did not answer");
                let message = "the local database did not answer";
                let error = "com.amazonaws.dynamodb.v20120810#InternalServerError";
                connections::json(500, &serde_json::json!({ "__type": error, "message": message }))
            }
        }
    }

    async fn send(&self, parts: &Parts, body: Bytes) -> Result<Response, String> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = Uri::builder().scheme("http").authority("127.0.0.1").path_and_query(path).build();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri.map_err(|error| error.to_string())?;
        *request.headers_mut() = end_to_end(&parts.headers);
        let response = self.ask(request).await.map_err(|error| error.to_string())?;
        Ok(response)
    }

    async fn ask(&self, request: Request<Full<Bytes>>) -> Result<Response, hyper::Error> {
        let response = self.requests.clone().send_request(request).await?;
        let (mut parts, body) = response.into_parts();
        parts.headers = end_to_end(&parts.headers);
        let body = body.collect().await?;
        Ok(Response::from_parts(parts, Body::from(body.to_bytes())))
    }

    /// Ends the server once it has answered what it was asked.
    pub(crate) async fn stop(self) {
        let DynamoDb { requests, server } = self;
        // An idle connection would keep it waiting.
        drop(requests);
        let _ = server.stop.send(());
        match tokio::time::timeout(PATIENCE, server.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(reason))) => tracing::warn!(reason, "the database did not stop cleanly"),
            Ok(Err(error)) => tracing::warn!(%error, "the database did not stop cleanly"),
            Err(_) => tracing::warn!("the database did not stop within {PATIENCE:?}"),
        }
    }
}

/// Whether nobody but `ours` is connected to `server`. Where the system does not list connections, it is taken to be so.
fn is_alone(ours: SocketAddr, server: SocketAddr) -> bool {
    let Ok(listed) = fs::read_to_string("/proc/net/tcp") else { return true };
    let others = listed.lines().skip(1).filter(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, remote) =
            (fields.get(1).and_then(|field| port(field)), fields.get(2).and_then(|field| port(field)));
        local == Some(server.port()) && remote != Some(ours.port())
    });
    others.count() == 0
}

/// The headers without those that belong to one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    for name in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        passed.remove(name);
    }
    passed
}

/// The port of an address in the kernel's list: hexadecimal, behind a colon.
fn port(field: &str) -> Option<u16> {
    field.rsplit_once(':').and_then(|(_, port)| u16::from_str_radix(port, 16).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_else_gets_to_the_database() {
        let database = DynamoDb::start(None).await.unwrap();
        let listed = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
        let own: std::collections::HashSet<String> = fs::read_dir("/proc/self/fd")
            .unwrap()
            .flatten()
            .filter_map(|file| {
                Some(fs::read_link(file.path()).ok()?.to_str()?.trim_matches(|c: char| !c.is_ascii_digit()).to_owned())
            })
            .collect();
        let listening = listed.lines().filter(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.get(3) == Some(&"0A") && fields.get(9).is_some_and(|inode| own.contains(*inode))
        });
        assert_eq!(listening.count(), 0, "no port of this process listens:\n{listed}");
        let parts = Request::post("/").header("x-amz-target", "DynamoDB_20120810.ListTables");
        let parts = parts.header("content-type", "application/x-amz-json-1.0").body(()).unwrap().into_parts().0;
        let answer = database.forward(&parts, Bytes::from_static(b"{}")).await;
        assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
        database.stop().await;
    }
}
