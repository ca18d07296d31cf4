//! DynamoDB: `dynoxide-rs` on an inner loopback listener, to which requests are passed on as they are.

use std::io;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use dynoxide::Database;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::wire::connections;

/// How long requests that are being answered may hold up the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the database did not start.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    /// The file is not one of its, or cannot be read.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// The inner listener.
    #[error("no port for the database: {0}")]
    Listen(#[from] io::Error),
}

/// The inner server and a client that keeps its connections.
pub(crate) struct DynamoDb {
    client: Client<HttpConnector, Full<Bytes>>,
    authority: String,
    server: Server,
}

/// The running server. Dropping it lets the server end on its own time.
struct Server {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), String>>,
}

impl DynamoDb {
    /// Opens the database file, or one in memory.
    pub(crate) fn start(file: Option<&Path>) -> Result<DynamoDb, DynamoDbError> {
        let database = match file {
            Some(file) => {
                let text = file.to_str().ok_or_else(|| DynamoDbError::Open("the path is not UTF-8".to_owned()))?;
                Database::new(text)
            }
            None => Database::memory(),
        };
        let database = database.map_err(|error| DynamoDbError::Open(error.to_string()))?;
        let listener = connections::listen(0)?;
        let authority = listener.local_addr()?.to_string();
        let (stop, stopped) = oneshot::channel();
        let serving = dynoxide::server::serve_with_shutdown(listener, database, async {
            // An error means that the stand-in was dropped, which is a reason to stop too.
            let _ = stopped.await;
        });
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(DynamoDb { client, authority, server: Server { stop, task: tokio::spawn(serving) } })
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
        let uri = Uri::builder().scheme("http").authority(self.authority.as_str()).path_and_query(path).build();
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = uri.map_err(|error| error.to_string())?;
        *request.headers_mut() = end_to_end(&parts.headers);
        let response = self.client.request(request).await.map_err(|error| error.to_string())?;
        let (mut parts, body) = response.into_parts();
        parts.headers = end_to_end(&parts.headers);
        let body = body.collect().await.map_err(|error| error.to_string())?;
        Ok(Response::from_parts(parts, Body::from(body.to_bytes())))
    }

    /// Ends the server once it has answered what it was asked.
    pub(crate) async fn stop(self) {
        let DynamoDb { client, server, .. } = self;
        // Idle connections would keep it waiting.
        drop(client);
        let _ = server.stop.send(());
        match tokio::time::timeout(PATIENCE, server.task).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(reason))) => tracing::warn!(reason, "the database did not stop cleanly"),
            Ok(Err(error)) => tracing::warn!(%error, "the database did not stop cleanly"),
            Err(_) => tracing::warn!("the database did not stop within {PATIENCE:?}"),
        }
    }
}

/// The headers without those that belong to one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
        kept.remove(name);
    }
    kept
}
