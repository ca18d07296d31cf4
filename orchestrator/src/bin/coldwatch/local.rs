//! `coldwatch local`, and the stand-in behind `--local`: the same local cloud, served or in-process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use coldwatch::aws::{Aws, Connection};
use coldwatch::suite::{Overrides, Suite, SuiteError};
use local_cloud::{Fault, FunctionCode, FunctionSpec, LocalCloud, Options};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::outcome::{Exit, Failure, warn};

/// Region that the local cloud answers for.
const REGION: &str = "us-east-1";
/// Memory of the built-in targets. A number for the record: local processes are not held to it.
const MEMORY_MB: u32 = 128;
/// Timeout of the built-in targets, with room for the longest hold.
const TIMEOUT_S: u32 = 30;

/// Arguments of `local`.
#[derive(Debug, Args)]
pub struct LocalArgs {
    /// Port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 4566)]
    port: u16,
    /// Folder in which functions and history are kept
    #[arg(long, value_name = "DIR", default_value = ".coldwatch")]
    state: PathBuf,
    /// DynamoDB table to have ready
    #[arg(long, env = "COLDWATCH_TABLE", default_value = "coldwatch")]
    table: String,
    /// How long an update of a function is in progress; AWS takes about 1,500
    #[arg(long, value_name = "MS", default_value_t = 20)]
    settle_ms: u64,
    /// Added to every invoke, half each way
    #[arg(long, value_name = "MS", default_value_t = 0)]
    network_ms: u64,
    /// Something that goes wrong, such as `reject:lambda.Invoke,status=429,chance=0.1`; may be repeated
    #[arg(long = "fault", value_name = "SPEC", value_parser = Fault::parse)]
    faults: Vec<Fault>,
}

/// A running local cloud, alone in its state folder.
pub struct Standin {
    cloud: LocalCloud,
    state: PathBuf,
}

/// One of the three built-in target functions.
#[derive(Debug)]
struct BuiltIn {
    function: &'static str,
    label: &'static str,
    runtime: &'static str,
    handler: &'static str,
    file: &'static str,
    source: Option<&'static str>,
}

const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        function: "coldwatch-target-rust",
        label: "rust",
        runtime: "provided.al2023",
        handler: "bootstrap",
        file: "bootstrap",
        source: None,
    },
    BuiltIn {
        function: "coldwatch-target-python",
        label: "python",
        runtime: "python3.13",
        handler: "handler.handler",
        file: "handler.py",
        source: Some(include_str!("../../../../target-function/runtimes/python/handler.py")),
    },
    BuiltIn {
        function: "coldwatch-target-nodejs",
        label: "nodejs",
        runtime: "nodejs22.x",
        handler: "handler.handler",
        file: "handler.mjs",
        source: Some(include_str!("../../../../target-function/runtimes/nodejs/handler.mjs")),
    },
];

/// Options of a local cloud in a state folder.
pub fn options(state: Option<&Path>, port: u16) -> Options {
    Options { port, state: state.map(Path::to_owned), ..Options::default() }
}

/// Serves the local cloud until interrupted.
pub async fn execute(args: LocalArgs) -> Result<Exit, Failure> {
    let options = Options {
        settle: Duration::from_millis(args.settle_ms),
        network: Duration::from_millis(args.network_ms),
        ..options(Some(&args.state), args.port)
    };
    let standin = Standin::start(options).await?;
    standin.connect(&args.table).await?;
    standin.create_targets().await?;
    args.faults.into_iter().for_each(|fault| standin.cloud.inject(fault));
    println!("export AWS_ENDPOINT_URL={}", standin.cloud.endpoint());
    println!("export AWS_REGION={REGION} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local");
    println!("export COLDWATCH_TABLE={}", args.table);
    eprintln!("the local cloud answers at {}; interrupt to end it", standin.cloud.endpoint());
    interrupt().await;
    standin.stop().await;
    Ok(Exit::Done)
}

/// Waits for SIGINT, SIGTERM or SIGHUP.
pub async fn interrupt() {
    let listen = |kind| signal(kind).expect("signals can be listened to inside a runtime");
    let (mut int, mut term, mut hup) =
        (listen(SignalKind::interrupt()), listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
        _ = hup.recv() => {}
    }
}

impl Standin {
    /// Starts the local cloud. A state folder belongs to one local cloud at a time.
    pub async fn start(options: Options) -> Result<Self, Failure> {
        let state = options.state.clone().unwrap_or_else(std::env::temp_dir);
        let cloud = LocalCloud::start(options).await.map_err(Failure::failed)?;
        Ok(Self { cloud, state })
    }

    /// Clients of this local cloud, with the table ready.
    pub async fn connect(&self, table: &str) -> Result<Aws, Failure> {
        let connection = Connection {
            endpoint: Some(self.cloud.endpoint().to_owned()),
            region: Some(REGION.to_owned()),
            unsigned: true,
            table: table.to_owned(),
        };
        let aws = Aws::connect(connection).await?;
        aws.store.ensure_table().await?;
        Ok(aws)
    }

    /// Has the built-in targets ready, and gives the suite to run: the one given, or what can be had of the
    /// built-in one.
    pub async fn prepare(&self, suite: Option<Suite>, mut built_in: Suite) -> Result<Suite, Failure> {
        let targets = self.create_targets().await?;
        built_in.targets.retain(|spec| targets.iter().any(|t| t.function == spec.function));
        Ok(suite.unwrap_or(built_in))
    }

    /// Creates the built-in targets whose runtime is there. Returns those.
    async fn create_targets(&self) -> Result<Vec<&'static BuiltIn>, Failure> {
        let mut created = Vec::new();
        for target in &BUILT_IN {
            match self.create(target).await {
                Ok(()) => created.push(target),
                Err(reason) => warn(format!("target {} is left out: {reason}", target.function)),
            }
        }
        if created.is_empty() {
            return Err(Failure::failed("none of the built-in targets can be created"));
        }
        Ok(created)
    }

    async fn create(&self, target: &BuiltIn) -> Result<(), String> {
        let folder = self.state.join("targets").join(target.label);
        write_code(target, &folder)?;
        let code =
            FunctionCode::Folder { runtime: target.runtime.to_owned(), handler: target.handler.to_owned(), folder };
        let spec = FunctionSpec {
            name: target.function.to_owned(),
            code,
            memory_mb: MEMORY_MB,
            timeout_s: TIMEOUT_S,
            environment: BTreeMap::new(),
        };
        self.cloud.ensure_function(spec).await.map(|_| ()).map_err(|e| e.to_string())
    }

    /// Ends the local cloud and every process it started.
    pub async fn stop(self) {
        self.cloud.stop().await;
    }
}

fn write_code(target: &BuiltIn, folder: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = folder.join(target.file);
    if let Some(source) = target.source {
        return std::fs::write(&file, source).map_err(failed);
    }
    let binary = std::env::current_exe().map_err(failed)?.with_file_name("target-function");
    std::fs::copy(&binary, &file)
        .map(|_| ())
        .map_err(|e| format!("{} ({e}); build it with `cargo build -p target-function`", binary.display()))
}

/// Bursts no larger than the cores, and one target at a time: on one machine the environments of a larger burst
/// would wait for each other, and the figures would show that instead of the cold start.
pub fn built_in_suite(overrides: Overrides) -> Result<Suite, SuiteError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(50);
    let targets: Vec<_> = BUILT_IN.iter().map(|t| json!({"function": t.function, "label": t.label})).collect();
    let suite = json!({"name": "built-in", "samples": 50, "burst": cores, "parallel": 1, "targets": targets});
    Suite::from_json_with(suite, overrides)
}
