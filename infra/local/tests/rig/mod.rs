//! A stand-in with the AWS SDK in front of it: what the tests here are driven with.
#![expect(dead_code, reason = "each test binary uses its own part of the rig")]
#![expect(clippy::unwrap_used, reason = "a rig that fails fails its test")]

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Write};
use std::time::{Duration, Instant};

use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, FunctionCode, LogType, Runtime};
use base64::Engine;
use http_body_util::{BodyExt, Full};
use local_cloud::{AccessKey, FunctionCode as Code, FunctionSpec, LocalCloud, Options};
use serde_json::Value;

/// Serves the events of the tests; see the file.
pub const BOOTSTRAP: &str = include_str!("bootstrap.py");

pub const ROLE: &str = "arn:aws:iam::000000000000:role/test";

pub struct Rig {
    pub cloud: LocalCloud,
    pub lambda: aws_sdk_lambda::Client,
}

/// An invocation's answer, decoded.
pub struct Invoked {
    pub payload: Value,
    pub function_error: Option<String>,
    pub tail: String,
    pub request_id: String,
}

impl Rig {
    pub async fn start() -> Rig {
        Rig::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Rig {
        let keys = vec![AccessKey::new("local", "local")];
        let cloud = LocalCloud::start(Options { keys, ..options }).await.expect("the stand-in starts");
        let lambda = client(cloud.endpoint());
        Rig { cloud, lambda }
    }

    /// Creates a function that runs [`BOOTSTRAP`] and waits until it is active.
    pub async fn bootstrap(&self, name: &str, timeout_s: u32, variables: &[(&str, &str)]) {
        let folder = tempfile::tempdir().unwrap();
        write_executable(&folder.path().join("bootstrap"), BOOTSTRAP);
        let code = Code::Folder {
            runtime: "provided.al2023".to_owned(),
            handler: "bootstrap".to_owned(),
            folder: folder.path().to_owned(),
        };
        self.ensure(name, code, timeout_s, variables).await;
    }

    /// Creates a simulated function and waits until it is active.
    pub async fn simulated(&self, name: &str, variables: &[(&str, &str)]) {
        self.ensure(name, Code::Simulated, 30, variables).await;
    }

    pub async fn ensure(&self, name: &str, code: Code, timeout_s: u32, variables: &[(&str, &str)]) {
        let environment: BTreeMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let spec = FunctionSpec { name: name.to_owned(), code, memory_mb: 128, timeout_s, environment };
        self.cloud.ensure_function(spec).await.expect("the function is made");
    }

    pub async fn invoke(&self, function: &str, payload: &str) -> Invoked {
        let output = self.invoke_raw(function, payload).await.expect("the invocation is answered");
        Invoked::of(&output)
    }

    pub async fn invoke_raw(
        &self,
        function: &str,
        payload: &str,
    ) -> Result<InvokeOutput, aws_sdk_lambda::error::SdkError<aws_sdk_lambda::operation::invoke::InvokeError>> {
        let invoke = self.lambda.invoke().function_name(function).log_type(LogType::Tail);
        invoke.payload(Blob::new(payload)).send().await
    }

    /// Polls until the last update of `function` is `Successful`.
    pub async fn until_updated(&self, function: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let shown = self.lambda.get_function_configuration().function_name(function).send().await.unwrap();
            match shown.last_update_status().map(aws_sdk_lambda::types::LastUpdateStatus::as_str) {
                Some("Successful") => return,
                status => assert!(Instant::now() < deadline, "the update is still {status:?}"),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A request to the stand-in's own API.
    pub async fn own(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let uri = format!("{}/_local/{path}", self.cloud.endpoint());
        let body = Full::new(bytes::Bytes::from(body.to_owned()));
        let request = hyper::Request::builder().method(method).uri(uri);
        let request = request.header("x-coldwatch-token", self.cloud.access().token()).body(body).unwrap();
        let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
        let response = client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// An operation of SQS.
    pub async fn sqs(&self, operation: &str, body: Value) -> Value {
        let request = hyper::Request::post(self.cloud.endpoint());
        let request = request.header("x-amz-target", format!("AmazonSQS.{operation}"));
        let request = signed(request.body(body.to_string()).unwrap(), &AccessKey::new("local", "local"));
        let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
        let body = client.request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap_or_default()
    }

    pub fn inject(&self, fault: &str) {
        self.cloud.inject(local_cloud::Fault::parse(fault).unwrap());
    }

    /// Any update: gives `function` the description `text`.
    pub async fn describe(&self, function: &str, text: &str) {
        self.lambda.update_function_configuration().function_name(function).description(text).send().await.unwrap();
    }
}

impl Invoked {
    pub fn of(output: &InvokeOutput) -> Invoked {
        use aws_sdk_lambda::operation::RequestId;
        let payload = output.payload().map(|payload| payload.as_ref().to_vec()).unwrap_or_default();
        let tail = base64::engine::general_purpose::STANDARD.decode(output.log_result().unwrap_or_default());
        Invoked {
            payload: serde_json::from_slice(&payload).unwrap_or(Value::Null),
            function_error: output.function_error().map(str::to_owned),
            tail: String::from_utf8(tail.unwrap()).unwrap(),
            request_id: output.request_id().unwrap_or_default().to_owned(),
        }
    }

    /// The fields of the REPORT, by name; numbers without their unit.
    pub fn report(&self) -> HashMap<String, String> {
        let line = self.tail.lines().find(|line| line.starts_with("REPORT ")).expect("the tail has a REPORT");
        let fields = line.split('\t').filter_map(|field| field.split_once(": "));
        let plain = |value: &str| value.trim_end_matches(" ms").trim_end_matches(" MB").to_owned();
        fields.map(|(name, value)| (name.to_owned(), plain(value))).collect()
    }

    pub fn ms(&self, field: &str) -> Option<f64> {
        self.report().get(field).map(|value| value.parse().unwrap())
    }

    pub fn is_cold(&self) -> bool {
        self.ms("Init Duration").is_some()
    }
}

/// Code of the service's error and its message.
pub fn refusal<E: ProvideErrorMetadata, R>(error: &aws_sdk_lambda::error::SdkError<E, R>) -> (String, String) {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (text(error.code()), text(error.message()))
}

pub fn client(endpoint: &str) -> aws_sdk_lambda::Client {
    let config = aws_sdk_lambda::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_lambda::Client::from_conf(config)
}

/// The request with a signature of `key` in its headers.
pub fn signed(mut request: hyper::Request<String>, key: &AccessKey) -> hyper::Request<Full<bytes::Bytes>> {
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
    use aws_sigv4::sign::v4;
    let identity = Credentials::new(key.id(), key.secret(), None, None, "test").into();
    let params = v4::SigningParams::builder().identity(&identity).region("us-east-1").name("test");
    let params = params.time(std::time::SystemTime::now()).settings(SigningSettings::default()).build().unwrap();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let body = SignableBody::Bytes(request.body().as_bytes());
    let signable = SignableRequest::new(request.method().as_str(), request.uri().to_string(), headers, body).unwrap();
    let signing = sign(signable, &SigningParams::V4(params)).unwrap().into_parts().0;
    signing.apply_to_request_http1x(&mut request);
    request.map(|body| Full::new(bytes::Bytes::from(body)))
}

/// What a signed `GET uri` answers.
pub async fn signed_page(uri: impl AsRef<str>) -> Vec<u8> {
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let request = hyper::Request::get(uri.as_ref()).body(String::new()).unwrap();
    let response = client.request(signed(request, &AccessKey::new("local", "local"))).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

/// What `GET uri` answers.
pub async fn page(uri: impl AsRef<str>) -> Vec<u8> {
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http::<Full<bytes::Bytes>>();
    let response = client.get(uri.as_ref().parse().unwrap()).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

/// The zip of one file called `name`.
pub fn zip(name: &str, content: &str) -> Blob {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    writer.write_all(content.as_bytes()).unwrap();
    Blob::new(writer.finish().unwrap().into_inner())
}

pub fn zip_code(name: &str, content: &str) -> FunctionCode {
    FunctionCode::builder().zip_file(zip(name, content)).build()
}

pub fn simulated_runtime() -> Runtime {
    Runtime::from("simulated")
}

pub fn variables(pairs: &[(&str, &str)]) -> Environment {
    let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Environment::builder().set_variables(Some(pairs.collect())).build()
}

pub fn write_executable(path: &std::path::Path, content: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, content).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Whether process `pid` exists and is not merely waiting to be reaped.
pub fn lives(pid: u64) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

pub async fn until_gone(pid: u64) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while lives(pid) {
        assert!(Instant::now() < deadline, "process {pid} still lives");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

pub fn cloudwatch(endpoint: &str) -> aws_sdk_cloudwatch::Client {
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_cloudwatch::Client::from_conf(config)
}

/// A table with string keys `pk` and `sk`.
pub async fn create_table(endpoint: &str, name: &str) {
    use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
    let key = |name, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let attribute = |name| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let create = dynamodb(endpoint).create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let create = create.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
    create.attribute_definitions(attribute("pk")).attribute_definitions(attribute("sk")).send().await.unwrap();
}

pub async fn tables(endpoint: &str) -> Vec<String> {
    dynamodb(endpoint).list_tables().send().await.unwrap().table_names().to_vec()
}
