//! The process of one execution environment: started, timed, asked, and ended with all its descendants.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::family::{Family, Leftovers, kill_group};
use super::guard::Guard;
use super::invocation::{Invocation, Ran, Stop};
use super::output::Output;
use super::runtime::Starter;
use super::runtime_api::{Event, RuntimeApi};
use crate::base::keys::AccessKey;
use crate::function::account::REGION;
use crate::function::definition::{Configuration, LogFormat};

/// Ended processes that post no error are looked at once more for an answer they sent just before.
const LAST_WORDS: Duration = Duration::from_millis(5);

/// How to start the process, worked out before any clock runs.
pub(crate) struct Process {
    program: PathBuf,
    arguments: Vec<PathBuf>,
    /// `LAMBDA_TASK_ROOT`, and the working directory.
    folder: PathBuf,
    variables: BTreeMap<String, String>,
    watch: Watch,
    running: Option<Running>,
    max_memory_mb: u64,
}

/// Who has to know about a process.
#[derive(Clone)]
pub(crate) struct Watch {
    pub guard: Arc<Guard>,
    pub leftovers: Arc<Leftovers>,
    /// Held until the process has been reaped: when the last one is gone, no process is left.
    pub alive: mpsc::Sender<Infallible>,
}

/// A started process. Dropping it kills its whole group.
struct Running {
    process_id: u32,
    api: RuntimeApi,
    output: Output,
    exit: watch::Receiver<Option<ExitStatus>>,
    _end: oneshot::Sender<Infallible>,
}

impl Process {
    /// `starter` must not be [`Starter::Simulated`], which has no process.
    pub(crate) fn new(
        starter: &Starter,
        folder: PathBuf,
        configuration: &Configuration,
        endpoint: &str,
        key: &AccessKey,
        watch: Watch,
    ) -> Option<Process> {
        let (program, arguments) = match starter {
            Starter::Bootstrap => (folder.join("bootstrap"), Vec::new()),
            Starter::Interpreter { program, client } => (program.clone(), vec![client.clone()]),
            Starter::Simulated => return None,
        };
        let variables = variables(configuration, &folder, endpoint, key);
        Some(Process { program, arguments, folder, variables, watch, running: None, max_memory_mb: 0 })
    }

    /// Starts the process and waits until it asks for its first invocation, at most for `limit`.
    pub(crate) async fn start(&mut self, limit: Duration) -> Ran<()> {
        self.running = None;
        let mut running = match self.spawn() {
            Ok((running, began)) => (running, began),
            Err(error) => {
                tracing::debug!(program = %self.program.display(), %error, "a function's process did not start");
                return Ran { duration: Duration::ZERO, printed: Vec::new(), result: Err(Stop::NoEntrypoint) };
            }
        };
        let (process, began) = (&mut running.0, running.1);
        let result = process.first_next(began, limit).await;
        let (duration, result) = match result {
            Ok(at) => (at.duration_since(began), Ok(())),
            Err(stop) => (began.elapsed(), Err(stop)),
        };
        let printed = process.output.take();
        if result.is_ok() {
            self.max_memory_mb = process.peak_memory_mb().unwrap_or(0);
            self.running = Some(running.0);
        }
        Ran { duration, printed, result }
    }

    /// Hands `invocation` to the ready process and waits for its answer, at most for `limit`.
    pub(crate) async fn run(&mut self, invocation: Invocation, limit: Duration) -> Ran<Bytes> {
        let Some(running) = &mut self.running else {
            return Ran { duration: Duration::ZERO, printed: Vec::new(), result: Err(Stop::Exited(String::new())) };
        };
        let request_id = invocation.request_id;
        let began = Instant::now();
        running.api.invoke(invocation, limit);
        let (at, result) = running.answer(request_id, began, limit).await;
        let printed = running.output.take();
        if let Some(peak) = running.peak_memory_mb() {
            self.max_memory_mb = peak;
        }
        if matches!(result, Err(Stop::Timeout | Stop::Exited(_))) {
            self.running = None;
        }
        Ran { duration: at.duration_since(began), printed, result }
    }

    /// Ends the process at once, and all it started.
    pub(crate) fn kill(&mut self) {
        self.running = None;
    }

    pub(crate) fn max_memory_mb(&self) -> u64 {
        self.max_memory_mb
    }

    /// Everything slow comes first; the clock starts with the fork.
    fn spawn(&self) -> io::Result<(Running, Instant)> {
        let api = RuntimeApi::open()?;
        let (output, stdout, stderr) = Output::open()?;
        let name = self.watch.guard.log_stream_name();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.variables)
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .env("AWS_LAMBDA_LOG_STREAM_NAME", &name)
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .process_group(0);
        let (exit_seen, exit) = watch::channel(None);
        let (end, ended) = oneshot::channel();
        let began = Instant::now();
        let child = command.spawn()?;
        let process_id = child.id().expect("a child that was not waited for has an id");
        let family = Family { group: process_id, name };
        api.serve(family.clone());
        self.watch.guard.add(process_id);
        tokio::spawn(reap(child, family, self.watch.clone(), ended, exit_seen));
        Ok((Running { process_id, api, output, exit, _end: end }, began))
    }
}

impl Running {
    /// When the process asked for its first invocation.
    async fn first_next(&mut self, began: Instant, limit: Duration) -> Result<Instant, Stop> {
        loop {
            let event = self.event(began + limit).await?;
            match event {
                Event::Next { at } => return Ok(at),
                Event::InitError { failure } => return Err(Stop::Reported(failure)),
                Event::Answered { .. } => {}
            }
        }
    }

    /// When and what the process answered to `request_id`.
    async fn answer(&mut self, request_id: Uuid, began: Instant, limit: Duration) -> (Instant, Result<Bytes, Stop>) {
        loop {
            match self.event(began + limit).await {
                Err(Stop::Timeout) => return (began + limit, Err(Stop::Timeout)),
                Err(stop) => return (Instant::now(), Err(stop)),
                Ok(Event::Answered { request_id: answered, at, answer }) if answered == request_id => {
                    return (at, answer.map_err(Stop::Reported));
                }
                Ok(_) => {}
            }
        }
    }

    /// The next thing the process does, unless it ends or the deadline passes before.
    async fn event(&mut self, deadline: Instant) -> Result<Event, Stop> {
        let events = &mut self.api.events;
        let exit = &mut self.exit;
        let ended = async { exit.wait_for(Option::is_some).await.ok().and_then(|status| *status) };
        tokio::select! {
            biased;
            Some(event) = events.recv() => Ok(event),
            () = tokio::time::sleep_until(deadline.into()) => Err(Stop::Timeout),
            status = ended => {
                match tokio::time::timeout(LAST_WORDS, events.recv()).await {
                    Ok(Some(event)) => Ok(event),
                    _ => Err(Stop::Exited(status.map(reason).unwrap_or_default())),
                }
            }
        }
    }

    /// `VmHWM` of `/proc`: the largest the process has been.
    fn peak_memory_mb(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kilobytes.div_ceil(1024))
    }
}

/// Waits for the end of `child`, or brings it about when `end` is dropped, and ends what it left behind.
async fn reap(
    mut child: Child,
    family: Family,
    watch: Watch,
    end: oneshot::Receiver<Infallible>,
    seen: watch::Sender<Option<ExitStatus>>,
) {
    let status = tokio::select! {
        status = child.wait() => status,
        _ = end => {
            family.kill();
            child.wait().await
        }
    };
    // Descendants of a process that ended by itself. The number cannot have been given to another group
    // while one of them lives; should none live, the kernel has only just freed it.
    let group = family.group;
    kill_group(group);
    watch.guard.remove(group);
    watch.leftovers.end(family.name);
    match status {
        Ok(status) => {
            seen.send_replace(Some(status));
        }
        Err(error) => tracing::warn!(%error, group, "could not wait for a function's process"),
    }
    drop(watch.alive);
}

/// In the words AWS uses, which are those of Go's `os/exec`.
fn reason(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => String::new(),
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".to_owned(),
        (None, Some(11)) => "signal: segmentation fault".to_owned(),
        (None, Some(6)) => "signal: aborted".to_owned(),
        (None, Some(15)) => "signal: terminated".to_owned(),
        (None, signal) => format!("signal: {}", signal.unwrap_or_default()),
    }
}

/// The environment of the process: Lambda's variables and the function's own, nothing of ours but the
/// search path.
fn variables(
    configuration: &Configuration,
    folder: &Path,
    endpoint: &str,
    key: &AccessKey,
) -> BTreeMap<String, String> {
    let mut variables = configuration.environment.clone().unwrap_or_default();
    let logging = &configuration.logging;
    let group = logging.group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", configuration.name));
    let json = logging.format == LogFormat::Json;
    let set = [
        ("_HANDLER", configuration.handler.clone().unwrap_or_default()),
        ("LAMBDA_TASK_ROOT", folder.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", folder.display().to_string()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", configuration.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", configuration.version.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", configuration.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", group),
        ("AWS_LAMBDA_LOG_FORMAT", if json { "JSON" } else { "Text" }.to_owned()),
        ("AWS_ACCESS_KEY_ID", key.id().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", key.secret().to_owned()),
        ("AWS_SESSION_TOKEN", "local".to_owned()),
        // A function that calls AWS calls the stand-in.
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("HOME", "/tmp".to_owned()),
    ];
    variables.extend(set.map(|(name, value)| (name.to_owned(), value)));
    if json {
        let level = logging.application_level.clone().unwrap_or_else(|| "INFO".to_owned());
        variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), level);
    }
    if configuration.runtime.starts_with("python") {
        // On AWS the task root cannot be written to, so nothing compiled is left for the next start.
        variables.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
    }
    variables.entry("PATH".to_owned()).or_insert_with(|| std::env::var("PATH").unwrap_or_default());
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_sees_lambdas_variables_and_the_functions_own() {
        let mut configuration = Configuration::sample();
        configuration.environment = Some(BTreeMap::from([("MINE".to_owned(), "1".to_owned())]));
        let key = AccessKey::new("sample", "derived");
        let seen = variables(&configuration, Path::new("/task"), "http://127.0.0.1:9", &key);
        assert_eq!(seen["MINE"], "1");
        assert_eq!((seen["AWS_ACCESS_KEY_ID"].as_str(), seen["AWS_SECRET_ACCESS_KEY"].as_str()), ("sample", "derived"));
        assert_eq!(seen["LAMBDA_TASK_ROOT"], "/task");
        assert_eq!(seen["AWS_ENDPOINT_URL"], "http://127.0.0.1:9");
        assert!(!seen.contains_key("CARGO_MANIFEST_DIR"), "nothing of this process's own environment leaks");
    }

    #[test]
    fn exits_read_as_aws_writes_them() {
        let text = |raw| reason(ExitStatus::from_raw(raw));
        assert_eq!([text(0), text(3 << 8), text(9)], ["", "exit status 3", "signal: killed"]);
    }
}
