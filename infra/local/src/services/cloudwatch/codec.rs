//! The two protocols that SDKs speak to CloudWatch: Smithy RPC v2 CBOR (`aws-sdk-cloudwatch` 1.140) and AWS JSON 1.0
//! (botocore 1.44). Both carry the same shapes; they differ in where the operation is named and in how times are written.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use ciborium::Value;
use flate2::read::GzDecoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::error::ApiError;

/// The service's name in both protocols, from the service model of botocore 1.44.5.
const SERVICE: &str = "GraniteServiceVersion20100801";

/// `PutMetricData` takes 1 MB per request. AWS's page does not say whether that is before or after inflating; the stricter
/// of the two is enforced, so that what passes here passes there.
const MAX_REQUEST_BYTES: usize = 1024 * 1024;

#[derive(Clone, Copy)]
pub(super) enum Protocol {
    Cbor,
    Json,
}

#[derive(Serialize)]
struct ErrorReply {
    #[serde(rename = "__type")]
    shape: String,
    message: String,
}

impl Protocol {
    /// The protocol of a request and the operation it asks for; absent for a request that is not meant for CloudWatch.
    pub(super) fn of<'r>(headers: &'r HeaderMap, path: &'r str) -> Option<(Protocol, &'r str)> {
        if let Some(rest) = path.strip_prefix("/service/").and_then(|path| path.strip_prefix(SERVICE)) {
            return Some((Protocol::Cbor, rest.strip_prefix("/operation/")?));
        }
        let target = headers.get("x-amz-target")?.to_str().ok()?;
        Some((Protocol::Json, target.strip_prefix(SERVICE)?.strip_prefix('.')?))
    }

    pub(super) fn decode<Request: DeserializeOwned>(self, body: &[u8]) -> Result<Request, ApiError> {
        let unreadable = |error: &dyn std::fmt::Display| {
            ApiError::Serialization(format!("the body is not a request of this operation: {error}"))
        };
        match self {
            Protocol::Cbor => ciborium::from_reader(body).map_err(|error| unreadable(&error)),
            Protocol::Json => {
                let value: Value = serde_json::from_slice(body).map_err(|error| unreadable(&error))?;
                value.deserialized().map_err(|error| unreadable(&error))
            }
        }
    }

    pub(super) fn encode(self, reply: &impl Serialize) -> Vec<u8> {
        const PLAIN: &str = "a reply is plain data, written to memory";
        let mut body = Vec::new();
        match self {
            Protocol::Cbor => ciborium::into_writer(reply, &mut body).expect(PLAIN),
            Protocol::Json => {
                let value = untagged(Value::serialized(reply).expect(PLAIN));
                serde_json::to_writer(&mut body, &value).expect(PLAIN);
            }
        }
        body
    }

    pub(super) fn success(self, body: Vec<u8>) -> Response {
        self.response(StatusCode::OK, body)
    }

    pub(super) fn failure(self, error: &ApiError) -> Response {
        let status = error.status();
        let shape = format!("com.amazonaws.cloudwatch#{}", error.shape());
        let mut response = self.response(status, self.encode(&ErrorReply { shape, message: error.to_string() }));
        let fault = if status.is_server_error() { "Receiver" } else { "Sender" };
        let code = HeaderValue::try_from(format!("{};{fault}", error.code())).expect("codes are ASCII");
        response.headers_mut().insert("x-amzn-query-error", code);
        response
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let response = Response::builder().status(status).header("x-amzn-requestid", Uuid::new_v4().to_string());
        let response = match self {
            Protocol::Cbor => {
                response.header(header::CONTENT_TYPE, "application/cbor").header("smithy-protocol", "rpc-v2-cbor")
            }
            Protocol::Json => response.header(header::CONTENT_TYPE, "application/x-amz-json-1.0"),
        };
        response.body(Body::from(body)).expect("fixed names and values make a valid response")
    }
}

/// The value without CBOR's tags: JSON writes a time as the number that CBOR tags as one.
fn untagged(value: Value) -> Value {
    match value {
        Value::Tag(_, inner) => untagged(*inner),
        Value::Array(items) => Value::Array(items.into_iter().map(untagged).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, untagged(value))).collect()),
        other => other,
    }
}

/// The request's body without its compression. SDKs compress from 10 KB on.
pub(super) fn inflate(encoding: Option<&HeaderValue>, body: &[u8]) -> Result<Vec<u8>, ApiError> {
    let mut inflated = Vec::new();
    match encoding {
        None => inflated.extend_from_slice(body),
        Some(encoding) if encoding == "gzip" => {
            // Reading one byte more than allowed shows that the body is too long.
            let mut reader = GzDecoder::new(body).take(MAX_REQUEST_BYTES as u64 + 1);
            let read = reader.read_to_end(&mut inflated);
            read.map_err(|error| ApiError::Serialization(format!("the body is not gzip: {error}")))?;
        }
        Some(other) => return Err(ApiError::Serialization(format!("the body has an unknown encoding: {other:?}"))),
    }
    match inflated.len() {
        size if size > MAX_REQUEST_BYTES => Err(ApiError::RequestTooLarge { size, limit: MAX_REQUEST_BYTES }),
        _ => Ok(inflated),
    }
}
