//! Whom the stand-in answers at all: programs of this machine that address it as what it is, and no web page.
//!
//! A page reaches loopback in two ways. Its own requests carry an `Origin` or a `Sec-Fetch-Site` that browsers do not let
//! it change. With DNS rebinding, requests look as if they were for the page's own host: then `Host` names that one.

use axum::response::Response;
use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use serde_json::json;

use super::connections;

/// Names of loopback in `Host`.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("Host must be 127.0.0.1, localhost or [::1], with the port of the local cloud")]
    Host,
    #[error("requests of web pages are refused: they have an Origin or a Sec-Fetch-Site")]
    WebPage,
}

/// Looks at the head of a request that arrived at `port`.
pub(crate) fn check(parts: &Parts, port: u16) -> Result<(), Refused> {
    check_page(&parts.headers)?;
    let mut hosts = parts.headers.get_all(HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().is_ok_and(|host| is_loopback(host, port)),
        _ => false,
    };
    // The target of a request to a proxy has a host too.
    let addressed = parts.uri.authority().is_none_or(|authority| is_loopback(authority.as_str(), port));
    if named && addressed { Ok(()) } else { Err(Refused::Host) }
}

/// A browser adds these by itself, and a page cannot take them off. `none` is what a person types into the address line.
pub(crate) fn check_page(headers: &HeaderMap) -> Result<(), Refused> {
    let site = headers.get("sec-fetch-site").is_some_and(|site| site != "none" && site != "same-origin");
    if site || headers.contains_key(ORIGIN) { Err(Refused::WebPage) } else { Ok(()) }
}

fn is_loopback(host: &str, port: u16) -> bool {
    let host = host.to_ascii_lowercase();
    let name = match host.strip_suffix(&format!(":{port}")) {
        Some(name) => name,
        None if port == 80 => host.as_str(),
        None => return false,
    };
    LOOPBACK.contains(&name)
}

/// 403, and nothing else.
pub(crate) fn forbidden(code: &'static str, message: &str) -> Response {
    let mut response = connections::json(403, &json!({ "__type": code, "message": message }));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn checked(headers: &[(&str, &str)]) -> Result<(), Refused> {
        let mut request = Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0, 4566)
    }

    #[test]
    fn only_loopback_with_the_port_is_a_host() {
        for host in ["127.0.0.1:4566", "localhost:4566", "LOCALHOST:4566", "[::1]:4566"] {
            assert_eq!(checked(&[("host", host)]), Ok(()), "{host}");
        }
        for host in
            ["evil.example:4566", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:4566.evil.example", "", "0.0.0.0:4566"]
        {
            assert_eq!(checked(&[("host", host)]), Err(Refused::Host), "{host}");
        }
        assert_eq!(checked(&[]), Err(Refused::Host));
        assert_eq!(checked(&[("host", "localhost:4566"), ("host", "evil.example")]), Err(Refused::Host));
    }

    #[test]
    fn a_target_with_a_host_of_its_own_does_not_get_around_it() {
        let request = Request::builder().uri("http://evil.example/").header("host", "127.0.0.1:4566");
        assert_eq!(check(&request.body(()).unwrap().into_parts().0, 4566), Err(Refused::Host));
    }

    #[test]
    fn what_a_page_sends_is_refused_whatever_its_origin() {
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:4566"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(checked(&[("host", "127.0.0.1:4566"), (name, value)]), Err(Refused::WebPage), "{name}: {value}");
        }
        assert_eq!(checked(&[("host", "127.0.0.1:4566"), ("sec-fetch-site", "none")]), Ok(()));
    }
}
