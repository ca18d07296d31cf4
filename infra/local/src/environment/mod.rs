//! Execution environments: what Lambda runs one invocation at a time in.
//!
//! | file | holds |
//! |---|---|
//! | `mod` | the life of one environment: init, invocations, the log of each, init again after a failure |
//! | `pool` | which environment takes which invocation; retiring and ending them |
//! | `process`, `runtime_api`, `output` | a real process, the API it speaks and what it prints |
//! | `runtime` | which interpreter stands for which runtime |
//! | `simulated` | the runtime without processes |
//! | `guard` | ends processes when the stand-in is killed |

pub(crate) mod guard;
pub(crate) mod output;
pub(crate) mod pool;
pub(crate) mod process;
pub(crate) mod runtime;
pub(crate) mod runtime_api;
pub(crate) mod simulated;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use uuid::Uuid;

use self::process::{Process, Watch, exit_failure};
use self::runtime::{Runtime, RuntimeError, Starter};
use self::runtime_api::{Failure, Invocation};
use self::simulated::{Simulated, Simulation};
use crate::fault::{Faults, FunctionFault};
use crate::lambda::function::{Configuration, LogFormat};
use crate::log::{Ending, InvocationLog, Phase, Report, timestamp};

/// What an init or an invocation came to.
pub(crate) struct Ran<T> {
    /// From spawn to ready, or from hand-over to answer.
    pub duration: Duration,
    /// What was printed meanwhile.
    pub printed: Vec<u8>,
    pub result: Result<T, Stop>,
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Stop {
    Timeout,
    /// The runtime posted an error, or its response was refused.
    Reported(Failure),
    /// The process ended; empty when it did so with exit status 0.
    Exited(String),
    /// There was nothing to start.
    NoEntrypoint,
}

/// What an invocation is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub payload: Bytes,
    /// `X-Amz-Function-Error: Unhandled`
    pub function_error: bool,
    /// The last 4 KB of the log.
    pub tail: Vec<u8>,
}

/// What all environments share.
pub(crate) struct Surroundings {
    /// URL of the stand-in.
    pub endpoint: String,
    /// Longest init phase; AWS gives ten seconds.
    pub init_limit: Duration,
    pub code: crate::lambda::code::CodeStore,
    pub runtimes: runtime::Runtimes,
    pub watch: Watch,
    /// Environments that exist.
    pub living: Arc<AtomicUsize>,
    pub faults: Arc<Faults>,
}

/// One execution environment. Dropping it ends its processes.
pub(crate) struct Environment {
    configuration: Arc<Configuration>,
    worker: Worker,
    /// Whether the runtime waits for an invocation. If not, the next one starts with another init.
    ready: bool,
    /// Init duration that no REPORT has shown yet.
    init: Option<Duration>,
    /// What the next invocation's log starts with.
    log: InvocationLog,
    faults: Arc<Faults>,
    _life: Life,
}

enum Worker {
    Process(Process),
    Simulated(Simulated),
    /// Neither could be made; every init fails with this.
    Nothing(Failure),
}

/// Counts the environments that exist.
struct Life(Arc<AtomicUsize>);

impl Life {
    fn new(living: &Arc<AtomicUsize>) -> Life {
        living.fetch_add(1, Ordering::Relaxed);
        Life(Arc::clone(living))
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Environment {
    /// Runs the init phase. Its failure is not an error here: the first invocation tries again.
    ///
    /// `ordinal` counts the environments of the function, from 0.
    pub(crate) async fn launch(
        configuration: Arc<Configuration>,
        ordinal: usize,
        surroundings: &Surroundings,
    ) -> Environment {
        let life = Life::new(&surroundings.living);
        let runtime = surroundings.runtimes.find(&configuration.runtime).await;
        let mut worker = Worker::new(&configuration, ordinal, runtime, surroundings);
        let mut log = InvocationLog::new(&configuration);
        let faults = Arc::clone(&surroundings.faults);
        let init = worker.start_unless_killed(&configuration.name, surroundings.init_limit, &faults).await;
        log.output(&init.printed);
        if let Err(stop) = &init.result {
            log.init_report(Phase::Init, init.duration, &stop.ending());
        }
        let ready = init.result.is_ok();
        Environment { configuration, worker, ready, init: ready.then_some(init.duration), log, faults, _life: life }
    }

    pub(crate) fn configuration(&self) -> &Arc<Configuration> {
        &self.configuration
    }

    /// Runs one invocation to its end, within the function's timeout.
    pub(crate) async fn invoke(&mut self, invocation: Invocation) -> Answer {
        let fresh = InvocationLog::new(&self.configuration);
        let mut log = mem::replace(&mut self.log, fresh);
        let request_id = invocation.request_id;
        if self.happens(FunctionFault::JsonTail) {
            log.set_format(LogFormat::Json);
        }
        let limit = Duration::from_secs(self.configuration.timeout_s.into());
        let init_again = self.ensure_ready(limit, &mut log).await;
        log.start(request_id, &self.configuration.version);
        let ran = match init_again {
            Err((duration, stop)) => Ran { duration, printed: Vec::new(), result: Err(stop) },
            Ok(init) => {
                let mut ran = self.worker.run(invocation, limit.saturating_sub(init)).await;
                if self.happens(FunctionFault::HandlerDeath) {
                    ran.result = Err(self.worker.kill());
                }
                Ran { duration: init + ran.duration, ..ran }
            }
        };
        log.output(&ran.printed);
        self.finish(log, request_id, ran)
    }

    /// Init inside the invocation, after one that failed or a process that ended. Gives what of the
    /// timeout it has used.
    async fn ensure_ready(&mut self, limit: Duration, log: &mut InvocationLog) -> Result<Duration, (Duration, Stop)> {
        if self.ready {
            return Ok(Duration::ZERO);
        }
        let init = self.worker.start_unless_killed(&self.configuration.name, limit, &self.faults).await;
        log.output(&init.printed);
        match init.result {
            Ok(()) => {
                self.ready = true;
                Ok(init.duration)
            }
            Err(stop) => {
                log.init_report(Phase::Invoke, init.duration, &stop.ending());
                Err((init.duration, stop))
            }
        }
    }

    /// Writes the end of the log and makes the answer.
    fn finish(&mut self, mut log: InvocationLog, request_id: Uuid, ran: Ran<Bytes>) -> Answer {
        let timeout = self.configuration.timeout_s;
        let mut report = Report {
            request_id,
            duration: ran.duration,
            init: self.init.take(),
            memory_mb: self.configuration.memory_mb,
            max_memory_mb: self.worker.max_memory_mb(),
            ending: Ending::Success,
        };
        let (payload, function_error) = match ran.result {
            Ok(payload) => (payload, false),
            Err(stop) => {
                self.ready = matches!(stop, Stop::Reported(_)) && self.ready;
                report.ending = stop.ending();
                if let Stop::Timeout = stop {
                    report.duration = Duration::from_secs(timeout.into());
                }
                let failure = stop.failure(request_id, timeout, &mut log);
                (failure.body, true)
            }
        };
        if !self.happens(FunctionFault::NoReport) {
            log.finish(&report);
        }
        let tail = self.damaged(log.into_tail());
        Answer { payload, function_error, tail }
    }

    fn happens(&self, fault: FunctionFault) -> bool {
        self.faults.happens(&self.configuration.name, fault)
    }

    /// The tail, or what a fault leaves of it.
    fn damaged(&self, mut tail: Vec<u8>) -> Vec<u8> {
        let kept = self.faults.of_function(&self.configuration.name, |fault| match fault {
            FunctionFault::TailFirst { bytes } => Some((0, bytes)),
            FunctionFault::TailLast { bytes } => Some((tail.len().saturating_sub(bytes), bytes)),
            _ => None,
        });
        if let Some((skipped, bytes)) = kept {
            tail.drain(..skipped);
            tail.truncate(bytes);
        }
        tail
    }
}

impl Worker {
    fn new(
        configuration: &Configuration,
        ordinal: usize,
        runtime: Result<Runtime, RuntimeError>,
        surroundings: &Surroundings,
    ) -> Worker {
        let starter = match runtime {
            Ok(runtime) => runtime.starter,
            Err(error) => return Worker::Nothing(Failure::platform("InvalidRuntime", &error.to_string())),
        };
        if starter == Starter::Simulated {
            return match Simulation::parse(configuration.environment.as_ref()) {
                Ok(simulation) => Worker::Simulated(Simulated::new(simulation, ordinal)),
                Err(error) => Worker::Nothing(Failure::platform("InvalidSimulation", &error.to_string())),
            };
        }
        let folder = surroundings.code.path(configuration.code.folder.as_deref().unwrap_or_default());
        let watch = surroundings.watch.clone();
        match Process::new(&starter, folder, configuration, &surroundings.endpoint, watch) {
            Some(process) => Worker::Process(process),
            None => Worker::Nothing(Failure::platform("InvalidRuntime", "the runtime has no process")),
        }
    }

    async fn start(&mut self, limit: Duration) -> Ran<()> {
        match self {
            Worker::Process(process) => process.start(limit).await,
            Worker::Simulated(simulated) => simulated.start(limit).await,
            Worker::Nothing(failure) => {
                let result = Err(Stop::Reported(failure.clone()));
                Ran { duration: Duration::ZERO, printed: Vec::new(), result }
            }
        }
    }

    /// Starts the runtime; a fault may kill it at the end of its init.
    async fn start_unless_killed(&mut self, function: &str, limit: Duration, faults: &Faults) -> Ran<()> {
        let mut init = self.start(limit).await;
        if init.result.is_ok() && faults.happens(function, FunctionFault::InitDeath) {
            init.result = Err(self.kill());
        }
        init
    }

    /// Kills the process, as the kernel does when memory runs out.
    fn kill(&mut self) -> Stop {
        if let Worker::Process(process) = self {
            process.kill();
        }
        Stop::Exited("signal: killed".to_owned())
    }

    async fn run(&mut self, invocation: Invocation, limit: Duration) -> Ran<Bytes> {
        match self {
            Worker::Process(process) => process.run(invocation, limit).await,
            Worker::Simulated(simulated) => simulated.run(&invocation, limit).await,
            Worker::Nothing(failure) => {
                let result = Err(Stop::Reported(failure.clone()));
                Ran { duration: Duration::ZERO, printed: Vec::new(), result }
            }
        }
    }

    fn max_memory_mb(&self) -> u64 {
        match self {
            Worker::Process(process) => process.max_memory_mb(),
            Worker::Simulated(_) => simulated::MEMORY_MB,
            Worker::Nothing(_) => 0,
        }
    }
}

impl Stop {
    fn ending(&self) -> Ending {
        match self {
            Stop::Timeout => Ending::Timeout,
            Stop::Exited(_) => Ending::Error { error_type: "Runtime.ExitError".to_owned() },
            Stop::NoEntrypoint => Ending::Error { error_type: "Runtime.InvalidEntrypoint".to_owned() },
            Stop::Reported(failure) if failure.error_type.starts_with("Runtime.") => {
                Ending::Error { error_type: failure.error_type.clone() }
            }
            Stop::Reported(failure) => Ending::Exception { error_type: failure.error_type.clone() },
        }
    }

    /// What the caller reads, and the lines AWS writes about it between START and END.
    fn failure(self, request_id: Uuid, timeout_s: u32, log: &mut InvocationLog) -> Failure {
        match self {
            Stop::Timeout => {
                let text = format!("Task timed out after {timeout_s}.00 seconds");
                log.remark(&format!("{} {request_id} {text}\n", timestamp(Utc::now())));
                Failure::platform("Sandbox.Timedout", &format!("RequestId: {request_id} Error: {text}"))
            }
            Stop::Reported(failure) => failure,
            Stop::Exited(reason) => remarked(exit_failure(request_id, &reason), log),
            Stop::NoEntrypoint => {
                let text = "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
                let failure =
                    Failure::platform("Runtime.InvalidEntrypoint", &format!("RequestId: {request_id} {text}"));
                remarked(failure, log)
            }
        }
    }
}

/// Writes the message of a platform failure and its type to the log, as AWS does.
fn remarked(failure: Failure, log: &mut InvocationLog) -> Failure {
    let body: serde_json::Value = serde_json::from_slice(&failure.body).unwrap_or_default();
    if let Some(message) = body["errorMessage"].as_str() {
        log.remark(message);
        log.remark(&failure.error_type);
    }
    failure
}
