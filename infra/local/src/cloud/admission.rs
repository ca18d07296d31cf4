//! Which requests are let in: from this machine and no web page, and then signed, or with the token for `/_local/`.
//! What is refused gets 403 and nothing else.

use std::sync::Arc;

use axum::response::Response;
use chrono::Utc;
use hyper::Method;
use hyper::http::request::Parts;

use crate::base::keys::{Keyring, same};
use crate::wire::door::{self, forbidden};
use crate::wire::query::Query;
use crate::wire::signature::{SignatureError, Signed};

/// Header of requests to `/_local/`. A web page cannot send it without asking first, and is refused when it asks.
const TOKEN_HEADER: &str = "x-coldwatch-token";

/// Who is let in.
pub(crate) struct Admission {
    pub keys: Arc<Keyring>,
    /// Of the stand-in.
    pub port: u16,
}

/// What a request may go on to.
#[derive(Debug)]
pub(crate) enum Entry {
    /// The stand-in's own API.
    OwnApi,
    /// A service, once its signature is verified.
    Service(Signed),
}

impl Admission {
    /// Looks at the head of a request, before anything of its body is read.
    pub(crate) fn of(&self, parts: &Parts) -> Result<Entry, Box<Response>> {
        let refused = |code, message: &str| Err(Box::new(forbidden(code, message)));
        if let Err(error) = door::check(parts, self.port) {
            return refused("AccessDeniedException", &error.to_string());
        }
        if let Some(path) = parts.uri.path().strip_prefix("/_local/") {
            if self.has_token(parts) || self.is_code_address(parts, path) {
                return Ok(Entry::OwnApi);
            }
            let message = "the header x-coldwatch-token must have the value of COLDWATCH_LOCAL_TOKEN, which \
                           `coldwatch local` and `coldwatch local env` print";
            return refused("AccessDeniedException", message);
        }
        Signed::of(parts).map(Entry::Service).or_else(|error| refused(error.code(), &error.to_string()))
    }

    /// Verifies a signature. `is_function` says whether its key is the name of a function.
    pub(crate) fn verify(
        &self,
        signed: &Signed,
        parts: &Parts,
        body: &[u8],
        is_function: bool,
    ) -> Result<(), SignatureError> {
        signed.verify(parts, body, &self.keys.secrets_of(&signed.key_id, is_function), Utc::now())
    }

    fn has_token(&self, parts: &Parts) -> bool {
        let token = parts.headers.get(TOKEN_HEADER).and_then(|token| token.to_str().ok());
        token.is_some_and(|token| same(token, &self.keys.token()))
    }

    /// Whether this is an address that `GetFunction` gave, and not too long ago.
    fn is_code_address(&self, parts: &Parts, path: &str) -> bool {
        let Some(hash) = path.strip_prefix("code/") else { return false };
        let query = Query::of(&parts.uri);
        let (Some(expires), Some(signature)) = (query.get("expires"), query.get("signature")) else { return false };
        let Ok(expires) = expires.parse::<i64>() else { return false };
        let good = same(signature, &self.keys.code_signature(hash, expires));
        parts.method == Method::GET && good && Utc::now().timestamp() <= expires
    }
}
