//! Systems Manager's Parameter Store: reads the parameter that holds a suite.
//!
//! One call of a service whose SDK crate takes longer to compile than all else here, so it is put together from the
//! parts that the SDK crates are made of: `docs/decisions/0004-parameters.md`.

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
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::AwsError;

const SERVICE: &str = "Systems Manager";
const OPERATION: &str = "GetParameter";
/// The service in endpoints and signatures.
const NAME: &str = "ssm";
/// Media type of the AWS JSON 1.1 protocol.
const JSON: &str = "application/x-amz-json-1.1";

type GetParameter = Operation<HttpRequest, Reply, ErrorMetadata>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The parameters of the account.
#[derive(Debug, Clone)]
pub struct Parameters {
    config: SdkConfig,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    parameter: Parameter,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    value: String,
}

impl Parameters {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone() }
    }

    /// The value of a parameter, decrypted if needed; `None` if the parameter does not exist.
    pub async fn get(&self, name: &str) -> Result<Option<String>, AwsError> {
        let endpoint = endpoint(&self.config).await.map_err(|e| no_answer(&e))?;
        let request = self.signed(&endpoint, &json!({ "Name": name, "WithDecryption": true })).await?;
        let sent = operation(&self.config, &endpoint).invoke(request).await;
        let got = sent.map_err(|e| AwsError::from_sdk(SERVICE, OPERATION, &e));
        match got {
            Ok(reply) => Ok(Some(reply.parameter.value)),
            Err(error) if error.code() == Some("ParameterNotFound") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn signed(&self, endpoint: &str, body: &Value) -> Result<HttpRequest, AwsError> {
        let provider = self
            .config
            .credentials_provider()
            .ok_or_else(|| AwsError::NoCredentials { reason: "no source of them".to_owned() })?;
        let identity = provider.provide_credentials().await.map_err(|e| AwsError::no_credentials(&e))?.into();
        let now = self.config.time_source().unwrap_or_default().now();
        let region = self.config.region().map(Region::as_ref).unwrap_or_default();
        request(endpoint, region, now, &identity, &body.to_string()).map_err(|e| no_answer(&e))
    }
}

fn no_answer(error: &BoxError) -> AwsError {
    AwsError::NoAnswer { service: SERVICE, operation: OPERATION, reason: error.to_string() }
}

/// Where the service is: as every SDK client finds it. The SDK's rules for EventBridge are those for Systems Manager, but
/// for the name that the host begins with (`docs/decisions/0004-parameters.md`).
async fn endpoint(config: &SdkConfig) -> Result<String, BoxError> {
    let key = ServiceConfigKey::builder().service_id("ssm").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
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
    Ok(found.url().replacen("//events", &format!("//{NAME}"), 1))
}

/// The operation sends a request that is signed already: signatures last for minutes, attempts for seconds.
fn operation(config: &SdkConfig, endpoint: &str) -> GetParameter {
    let mut builder = Operation::builder()
        .service_name(NAME)
        .operation_name(OPERATION)
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
    endpoint: &str,
    region: &str,
    now: SystemTime,
    identity: &Identity,
    body: &str,
) -> Result<HttpRequest, BoxError> {
    let headers = [("content-type", JSON), ("x-amz-target", "AmazonSSM.GetParameter")];
    let host = endpoint.split("://").last().unwrap_or_default().trim_end_matches('/');
    let params = v4::SigningParams::builder()
        .identity(identity)
        .region(region)
        .name(NAME)
        .time(now)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let signed = headers.iter().copied().chain([("host", host)]);
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

fn read(response: &HttpResponse) -> Result<Reply, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        return serde_json::from_slice(body).map_err(|error| OrchestratorError::other(Box::new(error) as BoxError));
    }
    let error: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    // A namespace may precede the code.
    let code = text("__type").and_then(|code| code.rsplit('#').next()).unwrap_or("unknown error");
    let mut metadata = ErrorMetadata::builder().code(code);
    if let Some(message) = text("message").or_else(|| text("Message")) {
        metadata = metadata.message(message);
    }
    Err(OrchestratorError::operation(metadata.build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_endpoint_follows_partition_fips_and_dual_stack() {
        for (region, fips, dual_stack, expected) in [
            ("us-east-1", false, false, "https://ssm.us-east-1.amazonaws.com"),
            ("us-east-1", true, false, "https://ssm-fips.us-east-1.amazonaws.com"),
            ("us-east-1", false, true, "https://ssm.us-east-1.api.aws"),
            ("cn-north-1", false, false, "https://ssm.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", true, false, "https://ssm.us-gov-west-1.amazonaws.com"),
            ("eusc-de-east-1", false, false, "https://ssm.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", false, false, "https://ssm.us-iso-east-1.c2s.ic.gov"),
        ] {
            let config = SdkConfig::builder().region(Region::new(region)).use_fips(fips).use_dual_stack(dual_stack);
            assert_eq!(endpoint(&config.build()).await.expect("known"), expected);
        }
        let config = SdkConfig::builder().region(Region::new("us-east-1")).endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(endpoint(&config).await.expect("given"), "http://127.0.0.1:1");
    }
}
