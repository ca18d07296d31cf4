//! A local cloud with simulated functions, and everything a run needs besides.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use chrono::{DateTime, Utc};
use coldwatch::aws::{Aws, Connection, Keys};
use coldwatch::function::config::{FingerprintKey, UpdateStatus};
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::lease::LEASE;
use coldwatch::measure::run::{RunReport, run};
use coldwatch::record::measured::Measured;
use coldwatch::record::trigger::Trigger;
use coldwatch::schedule::handover::{Chain, Notes};
use coldwatch::suite::Suite;
use local_cloud::{AccessKey, FunctionCode, FunctionSpec, LocalCloud, Options};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The stand-in and the program's clients.
pub struct Stage {
    pub cloud: LocalCloud,
    pub aws: Aws,
    /// Where the stand-in keeps its state.
    pub state: tempfile::TempDir,
    /// What a test may set to move the wall clock.
    pub now: Arc<Mutex<Option<DateTime<Utc>>>>,
}

/// Id and secret of the key that the tests sign with.
const KEY: &str = "x";

/// What the tests sign with, and what ministack gives its functions: the number of its account as the id.
pub fn keys() -> Vec<AccessKey> {
    [(KEY, KEY), ("test", "test"), ("000000000000", "test")].map(|(id, secret)| AccessKey::new(id, secret)).to_vec()
}

impl Stage {
    pub async fn set() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let state = tempfile::tempdir().expect("a folder");
        let options = Options { state: Some(state.path().join("state")), keys: keys(), ..options };
        let cloud = LocalCloud::start(options).await.expect("the local cloud starts");
        let aws = connect(&cloud).await;
        aws.store.ensure_table().await.expect("the table");
        Self { cloud, aws, state, now: Arc::default() }
    }

    /// How the program's clients reach the stand-in.
    pub fn connection(&self) -> Connection {
        connection(&self.cloud)
    }

    /// Clients of another program.
    pub async fn connect(&self) -> Aws {
        connect(&self.cloud).await
    }

    /// Has a simulated function ready.
    pub async fn simulated(&self, name: &str, init: &str, more: &[(&str, &str)]) {
        let mut environment = BTreeMap::from([
            ("SIMULATED_INIT_MS".to_owned(), init.to_owned()),
            ("SIMULATED_DURATION_MS".to_owned(), "constant:2".to_owned()),
        ]);
        environment.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let spec = FunctionSpec {
            name: name.to_owned(),
            code: FunctionCode::Simulated,
            memory_mb: 128,
            timeout_s: 30,
            environment,
        };
        self.cloud.ensure_function(spec).await.expect("the function");
    }

    /// Reserves concurrency for a function.
    pub async fn reserve(&self, function: &str, concurrency: i32) {
        let request = self.sdk().put_function_concurrency().function_name(function);
        request.reserved_concurrent_executions(concurrency).send().await.expect("reserved");
    }

    /// A client of the stand-in's Lambda, for what the program never calls.
    pub fn sdk(&self) -> aws_sdk_lambda::Client {
        let config = aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("x", "x", None, None, "test"))
            .endpoint_url(self.cloud.endpoint())
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        aws_sdk_lambda::Client::from_conf(config.build())
    }

    pub fn context(&self, trigger: Trigger) -> RunContext {
        let now = Arc::clone(&self.now);
        RunContext {
            aws: self.aws.clone(),
            clock: Arc::new(move || now.lock().expect("no test panics here").unwrap_or_else(Utc::now)),
            holder: format!("{}/{}", trigger.run_id, uuid::Uuid::new_v4()),
            trigger,
            lease: LEASE,
            ends_at: Instant::now() + Duration::from_mins(5),
            chain: Chain::default(),
            notes: Notes::new(),
            stop: CancellationToken::new(),
            own_arn: None,
            concurrency: 1_000,
            free_concurrency: Arc::new(Semaphore::new(1_000)),
            stacks: Arc::default(),
            fresh_key: FingerprintKey([7; 32]),
            link: None,
            observer: Arc::new(|_| {}),
        }
    }

    /// A run with a trigger of its own.
    pub async fn run(&self, suite: &str) -> RunReport {
        self.run_as(suite, fresh()).await
    }

    pub async fn run_as(&self, suite: &str, trigger: Trigger) -> RunReport {
        let suite = Suite::from_toml(suite).expect("a valid suite");
        run(&suite, &self.context(trigger)).await.expect("the run starts")
    }

    /// The calls that the stand-in has had, in the order of their arrival.
    pub async fn calls(&self) -> Vec<Value> {
        let document = self.converse("GET /_local/calls HTTP/1.1", "").await;
        document["calls"].as_array().expect("a list").clone()
    }

    /// How often the armed faults have happened.
    pub async fn happened(&self) -> u64 {
        let document = self.converse("GET /_local/faults HTTP/1.1", "").await;
        document["faults"].as_array().expect("a list").iter().filter_map(|fault| fault["happened"].as_u64()).sum()
    }

    /// A request to the stand-in without an SDK: its first lines, and its body.
    pub async fn converse(&self, head: &str, body: &str) -> Value {
        let host = self.cloud.endpoint().trim_start_matches("http://").trim_start_matches("https://");
        let mut stream = TcpStream::connect(host).await.expect("connected");
        let request = crate::signing::request(host, head, body, self.cloud.access().token());
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.expect("received");
        let body = reply.split_once("\r\n\r\n").expect("a body").1;
        serde_json::from_str(body).expect("JSON")
    }

    /// The function as `GetFunction` returns it, without what every update alters, a failed one too.
    pub async fn configuration(&self, function: &str) -> coldwatch::function::config::FunctionConfig {
        let mut config = self.aws.lambda.function(function).await.expect("the function");
        config.revision.clear();
        config.update = UpdateStatus::Successful;
        config
    }
}

fn connection(cloud: &LocalCloud) -> Connection {
    Connection {
        endpoint: Some(cloud.endpoint().to_owned()),
        region: Some("us-east-1".to_owned()),
        keys: Some(Keys { id: KEY.to_owned(), secret: KEY.to_owned() }),
        authority: Some(cloud.authority()).filter(|file| file.is_file()),
        table: "coldwatch".to_owned(),
        ..Connection::default()
    }
}

async fn connect(cloud: &LocalCloud) -> Aws {
    Aws::connect(connection(cloud)).await.expect("clients")
}

/// A number that `scripts/long-tests.sh` sets to have more of something.
pub fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is `{text}`: a number is expected")))
}

pub fn fresh() -> Trigger {
    Trigger::fresh(Utc::now(), uuid::Uuid::new_v4().as_u64_pair().0)
}

/// The only target of a report, measured.
pub fn only(report: RunReport) -> Measured {
    match report.targets.into_iter().next().expect("one target").end {
        TargetEnd::Measured(measured) => *measured,
        other => panic!("not measured: {other:?}"),
    }
}

/// The error of the only target of a report.
pub fn refusal(report: RunReport) -> String {
    match report.targets.into_iter().next().expect("one target").end {
        TargetEnd::Refused(error) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

/// What must hold of every run, whatever happened.
pub fn check_counts(measured: &Measured) {
    let record = &measured.record;
    let samples = measured.samples().count() as u64;
    assert_eq!(u64::from(record.attempted), samples, "each invocation is one sample");
    assert_eq!(record.outcomes.attempted(), samples, "each sample has one outcome");
    assert_eq!(record.wanted, record.proven + record.shortfall, "{record:?}");
    assert_eq!(record.proven as usize, measured.samples().filter(|s| s.is_proven()).count());
    let rounds: u32 = record.rounds.iter().map(|r| r.invocations).sum();
    assert_eq!(rounds, record.attempted);
}
