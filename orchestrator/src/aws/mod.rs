//! The one path to the outside: the AWS SDKs. Their types do not leave this folder.
//!
//! One file for each service, and for each kind of item in the table. Each file converts the answers into this crate's types. [`Connection`] decides whether the
//! endpoint is AWS or the local cloud; nothing else asks.

mod cloudwatch;
mod configuration;
mod error;
mod events;
mod imports;
mod index;
mod journals;
mod bare;
mod keys;
mod lambda;
mod lanes;
mod locks;
mod logs;
mod parameters;
mod proxy;
mod runs;
mod series;
mod stacks;
mod table;
mod tags;
mod trust;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::{Credentials, SharedCredentialsProvider, StalledStreamProtectionConfig};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::timeout::TimeoutConfig;

pub use cloudwatch::Metrics;
pub use error::AwsError;
pub use events::Events;
pub use imports::RUNS_A_CALL;
pub use lambda::Lambda;
pub use lanes::Seat;
pub use locks::{Claim, Held, Takeable};
pub use logs::{
    Found, LogGroup, LogRow, Logs, MOST_GROUPS, MOST_ROWS, QUERIES_AT_ONCE, QueryError, Seconds, USD_PER_GB,
};
pub use parameters::Parameters;
pub use proxy::Proxy;
pub use runs::SAMPLES_KEPT;
pub use series::JUDGED_RUNS;
pub use stacks::Stacks;
pub use table::{Store, StoreError};
pub use tags::Tags;

/// Time to open a connection. The SDK's own default, written down because the invoke client needs it too.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);
/// Longest wait for one attempt of a control or storage call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the AWS calls go. Everything absent is found as every AWS tool finds it
/// (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_PROFILE`, the role of a Lambda, …).
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// Endpoint of all services.
    pub endpoint: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Keys to sign with, which go with an endpoint: those of the local cloud.
    pub keys: Option<Keys>,
    /// A certificate to trust besides those of the system, in PEM: that of the local cloud.
    pub authority: Option<PathBuf>,
    /// The proxy to AWS. The local cloud, whose keys are given, is never asked through one.
    pub proxy: Option<Proxy>,
    /// DynamoDB table of the history.
    pub table: String,
}

/// An access key.
#[derive(Clone)]
pub struct Keys {
    /// Its id.
    pub id: String,
    /// Its secret, which is never printed.
    pub secret: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Clients of the services, sharing one connection pool.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Control plane and invokes.
    pub lambda: Lambda,
    /// History, locks, journal.
    pub store: Store,
    /// Published metrics.
    pub metrics: Metrics,
    /// Events about findings.
    pub events: Events,
    /// Logs of functions.
    pub logs: Logs,
    /// The stacks of `CloudFormation`.
    pub stacks: Stacks,
    /// Parameters that hold suites.
    pub parameters: Parameters,
    /// Tags of functions.
    pub tags: Tags,
}

impl Aws {
    /// Builds the clients. Nothing is sent yet, save what finding credentials takes.
    pub async fn connect(connection: Connection) -> Result<Self, AwsError> {
        let proxy = connection.proxy.as_ref().filter(|_| connection.keys.is_none());
        let http = http_client(connection.authority.as_deref(), proxy.map(Proxy::config).transpose()?);
        let config = load(&connection, http).await;
        check_region(config.region().map(Region::as_ref))?;
        Ok(Self {
            lambda: Lambda::new(&config, connection.authority.clone(), proxy),
            store: Store::new(&config, connection.table),
            metrics: Metrics::new(&config),
            events: Events::new(&config),
            logs: Logs::new(&config),
            stacks: Stacks::new(&config),
            parameters: Parameters::new(&config),
            tags: Tags::new(&config),
        })
    }
}

/// A region is part of the name of every host, so letters, digits and hyphens.
fn check_region(region: Option<&str>) -> Result<(), AwsError> {
    match region.map(str::trim) {
        None | Some("") => Err(AwsError::NoRegion),
        Some(region) if region.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') => Ok(()),
        Some(region) => Err(AwsError::BadRegion(region.to_owned())),
    }
}

/// Opens TLS when it is first needed. By itself the SDK builds a connector with all root certificates for every service's client and
/// drops it again, to fail early: six times the same work, in the init of the Lambda.
#[derive(Debug)]
struct OnDemand(SharedHttpClient);

impl HttpClient for OnDemand {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

/// The HTTP client of everything but invokes. The SDK's own builder of clients knows no proxy, its connectors do.
fn http_client(authority: Option<&Path>, proxy: Option<ProxyConfig>) -> OnDemand {
    let trusted = authority.and_then(trust::read).map(trust::only).unwrap_or_default();
    let proxy = proxy.unwrap_or_else(ProxyConfig::disabled);
    let client = aws_smithy_http_client::Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        let connector = connector.tls_provider(tls::Provider::Rustls(CryptoMode::Ring));
        connector.tls_context(trusted.clone()).build()
    });
    OnDemand(client)
}

async fn load(connection: &Connection, http: OnDemand) -> SdkConfig {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let region = connection.region.clone().map(Region::new);
    if let (Some(endpoint), Some(Keys { id, secret })) = (&connection.endpoint, &connection.keys) {
        // The local cloud. No setting of the user's AWS is meant for it, such as endpoints with FIPS.
        let keys = Credentials::new(id, secret, None, None, "connection");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .endpoint_url(endpoint)
            .region(region)
            .credentials_provider(SharedCredentialsProvider::new(keys));
        return config.build();
    }
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        // Set here, so that aws-config does not read `AWS_MAX_ATTEMPTS`: it panics if that is not a number.
        .retry_config(RetryConfig::standard())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    if let Some(endpoint) = &connection.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(region) = region {
        loader = loader.region(region);
    }
    loader.load().await
}
