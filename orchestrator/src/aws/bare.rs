//! Services that are called without an SDK crate, in the AWS JSON 1.1 protocol or the query protocol.
//!
//! For services of which we need few operations, and whose crates take longer to compile than all else here. A call is
//! put together from the parts that the SDK crates are made of: `docs/decisions/0004-parameters.md`.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::SystemTime;

use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_eventbridge::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_types::service_config::ServiceConfigKey;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::AwsError;

/// How a service is talked to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Protocol {
    /// AWS JSON 1.1: `targetPrefix` of the model stands before an operation.
    Json(&'static str),
    /// The query protocol: a form is sent, with `apiVersion` of the model, and XML comes back.
    Query(&'static str),
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A service, by its names in botocore's model.
#[derive(Debug, Clone, Copy)]
pub(super) struct BareService {
    /// In messages.
    pub name: &'static str,
    /// `serviceId`, by which settings of one service are found.
    pub id: &'static str,
    /// `endpointPrefix`: in hosts and signatures.
    pub prefix: &'static str,
    pub protocol: Protocol,
}

/// Calls one service.
#[derive(Debug, Clone)]
pub(super) struct BareClient {
    config: Arc<SdkConfig>,
    service: BareService,
}

impl BareClient {
    pub(super) fn new(config: &SdkConfig, service: BareService) -> Self {
        Self { config: Arc::new(config.clone()), service }
    }

    /// Calls an operation of a service with JSON and reads the answer, with the SDK's timeouts and retries.
    pub(super) async fn call<T: DeserializeOwned>(&self, operation: &'static str, body: &Value) -> Result<T, AwsError> {
        let answer = self.send(operation, body.to_string()).await?;
        serde_json::from_slice(&answer).map_err(|e| self.no_answer(operation, &e.into()))
    }

    /// Calls an operation of a service with the query protocol, with the SDK's timeouts and retries. Gives XML.
    pub(super) async fn query(&self, operation: &'static str, members: &[(&str, &str)]) -> Result<String, AwsError> {
        let answer = self.send(operation, self.form(operation, members)).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn form(&self, operation: &str, members: &[(&str, &str)]) -> String {
        let version = match self.service.protocol {
            Protocol::Query(version) | Protocol::Json(version) => version,
        };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation).append_pair("Version", version).extend_pairs(members).finish()
    }

    async fn send(&self, operation: &'static str, body: String) -> Result<Vec<u8>, AwsError> {
        let endpoint = self.endpoint().await.map_err(|e| self.no_answer(operation, &e))?;
        let request = self.signed(&endpoint, operation, &body).await?;
        let sent = self.operation(operation, &endpoint).invoke(request).await;
        sent.map_err(|e| AwsError::from_sdk(self.service.name, operation, &e))
    }

    async fn signed(&self, endpoint: &str, operation: &'static str, body: &str) -> Result<HttpRequest, AwsError> {
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| AwsError::NoCredentials { reason: "no source of them".to_owned() })?;
        let identity = provider.provide_credentials().await.map_err(|e| AwsError::no_credentials(&e))?.into();
        let request = self.request(endpoint, operation, &identity, body);
        request.map_err(|e| self.no_answer(operation, &e))
    }

    fn no_answer(&self, operation: &'static str, error: &BoxError) -> AwsError {
        AwsError::NoAnswer { service: self.service.name, operation, reason: error.to_string() }
    }

    /// Where the service is: as every SDK client finds it. The SDK's rules for EventBridge are those of the services here,
    /// except for the name that the host begins with (`docs/decisions/0004-parameters.md`).
    async fn endpoint(&self) -> Result<String, BoxError> {
        let (id, config) = (self.service.id, &self.config);
        let key = ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let key = key.expect("all three are given");
        let own = config.service_config().and_then(|settings| settings.load_config(key));
        if let Some(given) = own.or_else(|| config.endpoint_url().map(str::to_owned)) {
            return Ok(given);
        }
        let params = Params::builder()
            .set_region(config.region().map(ToString::to_string))
            .set_use_fips(config.use_fips())
            .set_use_dual_stack(config.use_dual_stack())
            .build()?;
        let found = DefaultResolver::new().resolve_endpoint(&params).await?;
        Ok(found.url().replacen("//events", &format!("//{}", self.service.prefix), 1))
    }

    /// The operation sends a request that is signed already: signatures last for minutes, attempts for seconds.
    fn operation(&self, operation: &'static str, endpoint: &str) -> Operation<HttpRequest, Vec<u8>, ErrorMetadata> {
        let config = &self.config;
        let mut builder = Operation::builder()
            .service_name(self.service.prefix)
            .operation_name(operation)
            .endpoint_url(endpoint)
            .no_auth()
            .standard_retry(&RetryConfig::standard())
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .retry_classifier(HttpStatusCodeClassifier::default());
        if let Some(http) = config.http_client() {
            builder = builder.http_client(http);
        }
        if let Some(sleep) = config.sleep_impl() {
            builder = builder.sleep_impl(sleep);
        }
        if let Some(timeouts) = config.timeout_config() {
            builder = builder.timeout_config(timeouts.clone());
        }
        builder.serializer(|request: HttpRequest| Ok(request)).deserializer(read).build()
    }

    fn request(
        &self,
        endpoint: &str,
        operation: &str,
        identity: &Identity,
        body: &str,
    ) -> Result<HttpRequest, BoxError> {
        let headers = self.headers(operation);
        let host = endpoint.split("://").last().unwrap_or_default().trim_end_matches('/');
        let params = v4::SigningParams::builder()
            .identity(identity)
            .region(self.config.region().map(Region::as_ref).unwrap_or_default())
            .name(self.service.prefix)
            .time(self.now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signed = headers.iter().map(|(name, value)| (*name, value.as_str())).chain([("host", host)]);
        let signable = SignableRequest::new("POST", endpoint, signed, SignableBody::Bytes(body.as_bytes()))?;
        let (instructions, _) = sign(signable, &params)?.into_parts();
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri("/")?;
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        let (signature, _) = instructions.into_parts();
        for header in signature {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(request)
    }

    /// What tells the service how to read the body, and for JSON the operation.
    fn headers(&self, operation: &str) -> Vec<(&'static str, String)> {
        match self.service.protocol {
            Protocol::Json(target) => vec![
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-target", format!("{target}.{operation}")),
            ],
            Protocol::Query(_) => vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        }
    }

    fn now(&self) -> SystemTime {
        self.config.time_source().unwrap_or_default().now()
    }
}

fn read(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return Ok(body.to_vec());
    }
    let (code, message) = json_error(body).or_else(|| xml_error(body)).unwrap_or_default();
    let mut metadata = ErrorMetadata::builder().code(if code.is_empty() { "unknown error" } else { &code });
    if !message.is_empty() {
        metadata = metadata.message(message);
    }
    Err(OrchestratorError::operation(metadata.build()))
}

/// Code and message of an error in JSON.
fn json_error(body: &[u8]) -> Option<(String, String)> {
    let error: Value = serde_json::from_slice(body).ok()?;
    // A namespace may precede the code.
    let code = error["__type"].as_str().and_then(|code| code.rsplit('#').next()).unwrap_or_default();
    let message = error["message"].as_str().or_else(|| error["Message"].as_str()).unwrap_or_default();
    Some((code.to_owned(), message.to_owned()))
}

/// Code and message of an error of the query protocol.
fn xml_error(body: &[u8]) -> Option<(String, String)> {
    let text = str::from_utf8(body).ok()?;
    Some((element(text, "Code")?.to_owned(), element(text, "Message").unwrap_or_default().to_owned()))
}

/// The text of the first element of this name, as it stands in the document: for words that need no escapes.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn endpoints_follow_partition_fips_and_dual_stack() {
        let endpoint = async |prefix, config| {
            let service = BareService { name: "", id: "Some Service", prefix, protocol: Protocol::Json("") };
            BareClient::new(&config, service).endpoint().await.expect("known")
        };
        for (region, fips, dual_stack, expected) in [
            ("us-east-1", false, false, ".us-east-1.amazonaws.com"),
            ("us-east-1", true, false, "-fips.us-east-1.amazonaws.com"),
            ("us-east-1", false, true, ".us-east-1.api.aws"),
            ("cn-north-1", false, false, ".cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", true, false, ".us-gov-west-1.amazonaws.com"),
            ("eusc-de-east-1", false, false, ".eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", false, false, ".us-iso-east-1.c2s.ic.gov"),
        ] {
            let config = SdkConfig::builder().region(Region::new(region)).use_fips(fips).use_dual_stack(dual_stack);
            let config = config.build();
            for prefix in ["ssm", "logs"] {
                let expected = format!("https://{prefix}{expected}");
                assert_eq!(endpoint(prefix, config.clone()).await, expected);
            }
        }
        let config = SdkConfig::builder().region(Region::new("us-east-1")).endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(endpoint("ssm", config).await, "http://127.0.0.1:1");
    }
}
