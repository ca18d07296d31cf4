//! Signed requests without an SDK, for what the SDKs in the tree have no operation for.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;

/// Id and secret of the key that the tests register with their local cloud.
pub const KEY: &str = "x";

/// A whole request of HTTP/1.1. `head` is its first line and further headers; requests to `/_local/` carry `token` instead
/// of a signature.
pub fn request(host: &str, head: &str, body: &str, token: &str) -> String {
    let length = body.len();
    let mut whole = format!("{head}\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n");
    let mut first = head.split_whitespace();
    let (method, path) = (first.next().expect("a method"), first.next().expect("a path"));
    if path.starts_with("/_local/") {
        whole += &header("X-Coldwatch-Token", token);
    } else {
        for (name, value) in signature(method, &format!("http://{host}{path}"), body) {
            whole += &header(&name, &value);
        }
    }
    whole + "\r\n" + body
}

fn header(name: &str, value: &str) -> String {
    format!("{name}: {value}\r\n")
}

fn signature(method: &str, uri: &str, body: &str) -> Vec<(String, String)> {
    let identity: Identity = Credentials::new(KEY, KEY, None, None, "test").into();
    let params = v4::SigningParams::builder().identity(&identity).region("us-east-1").name("test");
    let params = params.time(SystemTime::now()).settings(SigningSettings::default()).build().expect("all is set");
    let request = SignableRequest::new(method, uri, std::iter::empty(), SignableBody::Bytes(body.as_bytes()));
    let signed = sign(request.expect("a request"), &SigningParams::V4(params)).expect("signed");
    let (headers, _) = signed.into_parts().0.into_parts();
    headers.iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect()
}
