//! The proxy that requests to AWS go through, where the environment names one.
//!
//! The SDK's clients and the connections of bursts are built in two places. Both ask [`Proxy`], so that they agree. Only
//! what goes over TLS takes the proxy: it carries the bytes in a tunnel (`CONNECT`), and sees none of them. The local
//! cloud and the credentials of a machine (169.254.169.254) are asked without TLS, and so directly.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::box_error::BoxError;
use futures::TryFutureExt;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::error::AwsError;

/// A proxy over plain HTTP. Its address can hold a password, so it is never shown.
#[derive(Clone, Default)]
pub struct Proxy {
    address: String,
    except: String,
}

impl Proxy {
    /// The proxy that `HTTPS_PROXY` names, and the hosts of `NO_PROXY` that are asked directly. Names in small letters
    /// count where the others are not set.
    pub fn find(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let either = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase()));
        let address = either("HTTPS_PROXY").filter(|address| !address.trim().is_empty())?;
        let address = address.trim();
        let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
        Some(Self { address, except: either("NO_PROXY").unwrap_or_default() })
    }

    /// For the SDK's own connections.
    pub(super) fn config(&self) -> Result<ProxyConfig, AwsError> {
        let plain = self.address.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        let config = ProxyConfig::https(self.address.as_str()).ok().filter(|_| plain);
        config.map(|config| config.no_proxy(&self.except)).ok_or(AwsError::NoProxy)
    }

    fn matcher(&self) -> Matcher {
        Matcher::builder().https(self.address.as_str()).no(self.except.as_str()).build()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Proxy").field("except", &self.except).finish_non_exhaustive()
    }
}

/// Opens TCP to a host, through the proxy if it is to be asked for that host.
#[derive(Clone, Debug)]
pub(super) struct Road {
    tcp: Tcp,
    proxy: Option<Arc<Matcher>>,
}

impl Road {
    pub(super) fn new(tcp: Tcp, proxy: Option<&Proxy>) -> Self {
        Self { tcp, proxy: proxy.map(|proxy| Arc::new(proxy.matcher())) }
    }
}

impl Service<Uri> for Road {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let Some(found) = self.proxy.as_ref().and_then(|matcher| matcher.intercept(&host)) else {
            return Box::pin(self.tcp.call(host).map_err(Into::into));
        };
        let tunnel = Tunnel::new(found.uri().clone(), self.tcp.clone());
        let mut tunnel = match found.basic_auth() {
            Some(password) => tunnel.with_auth(password.clone()),
            None => tunnel,
        };
        Box::pin(tunnel.call(host).map_err(Into::into))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::super::lanes::Lanes;
    use super::super::{Connection, http_client, load};
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Option<Proxy> {
        let value = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Proxy::find(value)
    }

    /// A proxy that opens no tunnel, and the first lines and passwords that it was sent.
    async fn closed_proxy() -> (String, UnboundedReceiver<(String, Option<String>)>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (asked, asks) = unbounded_channel();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let mut head = vec![0; 4_096];
                let length = stream.read(&mut head).await.expect("a request");
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let password = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
                let first = head.lines().next().unwrap_or_default().to_owned();
                let _ = asked.send((first, password.map(str::to_owned)));
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await;
            }
        });
        (address, asks)
    }

    /// Asks `endpoint` over the SDK's connections and over those of bursts.
    async fn ask(endpoint: &str, proxy: &Proxy) {
        let connection = Connection {
            endpoint: Some(endpoint.to_owned()),
            region: Some("us-east-1".to_owned()),
            keys: Some(super::super::Keys { id: "x".to_owned(), secret: "x".to_owned() }),
            ..Connection::default()
        };
        let config = load(&connection, http_client(None, Some(proxy.config().expect("a proxy")))).await;
        let shared = aws_sdk_lambda::Client::new(&config);
        assert!(shared.get_account_settings().send().await.is_err());
        let seats = Lanes::new(&config, None, Some(proxy)).take(1, async |_| {}).await;
        assert!(seats[0].client.get_account_settings().send().await.is_err());
    }

    #[test]
    fn only_an_http_proxy_can_be_used() {
        for address in ["http://proxy.example:3128", "proxy.example:3128", "HTTP://me:secret@proxy.example"] {
            let proxy = found(&[("HTTPS_PROXY", address)]).expect("a proxy");
            assert!(proxy.config().is_ok() && !format!("{proxy:?}").contains("secret"), "{address}");
        }
        for address in ["https://proxy.example", "socks5://proxy.example", "http://", "http://:secret@", "a b"] {
            let refused = found(&[("https_proxy", address)]).expect("a proxy").config().expect_err("refused");
            assert!(matches!(refused, AwsError::NoProxy) && !refused.to_string().contains("secret"), "{address}");
        }
        for none in [&[("HTTP_PROXY", "http://proxy.example")][..], &[("HTTPS_PROXY", " ")], &[]] {
            assert!(found(none).is_none(), "{none:?}");
        }
    }

    #[tokio::test]
    async fn all_connections_ask_the_proxy_and_name_the_host_only() {
        let (address, mut asks) = closed_proxy().await;
        let proxy = found(&[("https_proxy", &format!("http://me:secret@{address}"))]).expect("a proxy");
        ask("https://lambda.example.invalid", &proxy).await;
        // The SDK asks three times, a burst once.
        for _ in 0..4 {
            let asked = tokio::time::timeout(Duration::from_secs(10), asks.recv()).await.expect("it was asked");
            let first = "CONNECT lambda.example.invalid:443 HTTP/1.1".to_owned();
            assert_eq!(asked, Some((first, Some("Basic bWU6c2VjcmV0".to_owned()))));
        }
        assert!(asks.is_empty());
    }

    #[tokio::test]
    async fn what_is_excepted_or_not_encrypted_is_asked_directly() {
        let (address, asks) = closed_proxy().await;
        for (endpoint, except) in [("https://127.0.0.1:9", "10.0.0.0/8, 127.0.0.1"), ("http://127.0.0.1:9", "")] {
            let proxy = found(&[("HTTPS_PROXY", address.as_str()), ("NO_PROXY", except)]).expect("a proxy");
            ask(endpoint, &proxy).await;
        }
        assert!(asks.is_empty());
    }
}
