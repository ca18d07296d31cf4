//! The local cloud behind `--local`: started in this process, or the one that `coldwatch local` serves already.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use coldwatch::aws::{Aws, Connection, Keys};
use coldwatch::suite::{Overrides, Suite, SuiteError};
use local_cloud::{Access, FunctionCode, FunctionSpec, LocalCloud, Options, StartError};
use serde_json::{Value, json};

use crate::exit::{Failure, warn};

/// Region that the local cloud answers for.
pub const REGION: &str = "us-east-1";
/// Memory of the built-in targets. A number for the record: local processes are not held to it.
const MEMORY_MB: u32 = 128;
/// Timeout of the built-in targets, with room for the longest hold.
const TIMEOUT_S: u32 = 30;

/// A local cloud to work with.
pub struct Standin {
    cloud: Cloud,
    state: PathBuf,
}

enum Cloud {
    /// Ends with this process.
    Own(LocalCloud),
    /// Served by another process, at this URL.
    Served(String),
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

impl Standin {
    /// Starts a local cloud that serves others too. A state folder belongs to one local cloud at a time.
    pub async fn serve(options: Options) -> Result<Self, Failure> {
        let state = options.state.clone().unwrap_or_else(std::env::temp_dir);
        let cloud = LocalCloud::start(options).await.map_err(Failure::failed)?;
        Ok(Self { cloud: Cloud::Own(cloud), state })
    }

    /// The local cloud of a state folder: the one that serves it, or one for this command alone.
    pub async fn join_or_start(state: &Path) -> Result<Self, Failure> {
        let options = Options { state: Some(state.to_owned()), serves_others: false, ..Options::default() };
        let cloud = match LocalCloud::start(options).await {
            Ok(cloud) => Cloud::Own(cloud),
            Err(StartError::StateInUse { endpoint: Some(endpoint), .. }) => Cloud::Served(endpoint),
            Err(error @ StartError::StateInUse { .. }) => {
                return Err(Failure::failed(format!("{error}; try again when that command has ended")));
            }
            Err(error) => return Err(Failure::failed(error)),
        };
        Ok(Self { cloud, state: state.to_owned() })
    }

    /// URL of the local cloud.
    pub fn endpoint(&self) -> &str {
        match &self.cloud {
            Cloud::Own(cloud) => cloud.endpoint(),
            Cloud::Served(endpoint) => endpoint,
        }
    }

    /// The folder everything is kept in.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The local cloud, if it is this process's own.
    pub fn own(&self) -> Option<&LocalCloud> {
        match &self.cloud {
            Cloud::Own(cloud) => Some(cloud),
            Cloud::Served(_) => None,
        }
    }

    /// The keys of this local cloud.
    pub fn access(&self) -> Result<Access, Failure> {
        match &self.cloud {
            Cloud::Own(cloud) => Ok(cloud.access()),
            Cloud::Served(_) => local_cloud::access_of(&self.state).map_err(Failure::failed),
        }
    }

    /// Clients of this local cloud, with the table ready.
    pub async fn connect(&self, table: &str) -> Result<Aws, Failure> {
        let access = self.access()?;
        let connection = Connection {
            endpoint: Some(self.endpoint().to_owned()),
            region: Some(REGION.to_owned()),
            keys: Some(Keys { id: access.key().id().to_owned(), secret: access.key().secret().to_owned() }),
            authority: local_cloud::authority_of(&self.state),
            table: table.to_owned(),
            ..Connection::default()
        };
        let aws = Aws::connect(connection).await?;
        aws.store.ensure_table().await?;
        Ok(aws)
    }

    /// Creates the built-in targets, and returns the suite to run: the given one, or the built-in one with the targets
    /// that exist.
    pub async fn prepare(&self, aws: &Aws, suite: Option<Suite>, mut built_in: Suite) -> Result<Suite, Failure> {
        let targets = match self.own() {
            Some(cloud) => self.create_targets(cloud).await?,
            None => present(aws).await?,
        };
        built_in.targets.retain(|spec| targets.contains(&spec.function.as_str()));
        Ok(suite.unwrap_or(built_in))
    }

    /// Creates the built-in targets whose runtime is there. Returns their names.
    pub async fn create_targets(&self, cloud: &LocalCloud) -> Result<Vec<&'static str>, Failure> {
        let mut created = Vec::new();
        for target in &BUILT_IN {
            match self.create(cloud, target).await {
                Ok(()) => created.push(target.function),
                Err(reason) => warn(format!("target {} is left out: {reason}", target.function)),
            }
        }
        if created.is_empty() {
            return Err(Failure::failed("none of the built-in targets can be created"));
        }
        Ok(created)
    }

    /// Creates a function from a build.
    pub async fn create_build(&self, name: &str, code: FunctionCode) -> Result<(), Failure> {
        let cloud = self.own().ok_or_else(|| Failure::failed("builds need a local cloud of their own"))?;
        let environment = BTreeMap::new();
        let spec =
            FunctionSpec { name: name.to_owned(), code, memory_mb: MEMORY_MB, timeout_s: TIMEOUT_S, environment };
        cloud.ensure_function(spec).await.map(|_| ()).map_err(Failure::bad_input)
    }

    async fn create(&self, cloud: &LocalCloud, target: &BuiltIn) -> Result<(), String> {
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
        cloud.ensure_function(spec).await.map(|_| ()).map_err(|e| e.to_string())
    }

    /// Ends the local cloud and every process it started, if it is this process's own.
    pub async fn stop(self) {
        if let Cloud::Own(cloud) = self.cloud {
            cloud.stop().await;
        }
    }
}

/// Those of the built-in targets that the local cloud of another process has.
async fn present(aws: &Aws) -> Result<Vec<&'static str>, Failure> {
    let mut found = Vec::new();
    for target in &BUILT_IN {
        match aws.lambda.function(target.function).await {
            Ok(_) => found.push(target.function),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found)
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
    Suite::from_json_with(built_in_json(&BUILT_IN.map(|target| target.function)), overrides)
}

/// The same as the input of a schedule has it, of those targets only.
pub fn built_in_json(functions: &[&str]) -> Value {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(50);
    let chosen = BUILT_IN.iter().filter(|target| functions.contains(&target.function));
    let targets: Vec<_> = chosen.map(|t| json!({"function": t.function, "label": t.label})).collect();
    json!({"name": "built-in", "samples": 50, "burst": cores, "parallel": 1, "targets": targets})
}
