//! The life of one environment: init, invocations, the log of each, init again after a failure.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use uuid::Uuid;

use super::invocation::{Answer, Failure, Invocation, Ran, Stop, Written};
use super::log::{Ending, InvocationLog, Phase, Report};
use super::process::{Process, Watch};
use super::runtime::{Runtime, RuntimeError, Runtimes, Starter};
use super::simulated::{self, Simulated, Simulation};
use crate::base::keys::Keyring;
use crate::fault::{Faults, FunctionFault};
use crate::function::code::CodeStore;
use crate::function::definition::{Configuration, LogFormat};

/// What all environments share.
pub(crate) struct Shared {
    /// URL of the stand-in.
    pub endpoint: String,
    pub keys: Arc<Keyring>,
    /// Longest init phase; AWS gives ten seconds.
    pub init_limit: Duration,
    pub code: CodeStore,
    pub runtimes: Runtimes,
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
    log_stream: String,
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
    pub(crate) async fn launch(configuration: Arc<Configuration>, ordinal: usize, shared: &Shared) -> Environment {
        let life = Life::new(&shared.living);
        let runtime = shared.runtimes.find(&configuration.runtime).await;
        let mut worker = Worker::new(&configuration, ordinal, runtime, shared);
        let mut log = InvocationLog::new(&configuration);
        let faults = Arc::clone(&shared.faults);
        let init = worker.start_unless_killed(&configuration.name, shared.init_limit, &faults).await;
        log.output(&init.printed);
        if let Err(stop) = &init.result {
            log.init_report(Phase::Init, init.duration, &stop.ending());
        }
        let ready = init.result.is_ok();
        let (init, log_stream) = (ready.then_some(init.duration), log_stream(&configuration.version));
        Environment { configuration, worker, ready, init, log, log_stream, faults, _life: life }
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
        let (tail, reports) = log.into_tail_and_reports();
        let written = Written { stream: self.log_stream.clone(), reports };
        Answer { payload, function_error, tail: self.damaged(tail), written }
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

/// The name of a new environment's log stream: `2026/05/10/[$LATEST]`, then 32 hexadecimal digits.
fn log_stream(version: &str) -> String {
    format!("{}/[{version}]{}", Utc::now().format("%Y/%m/%d"), Uuid::new_v4().simple())
}

impl Worker {
    fn new(
        configuration: &Configuration,
        ordinal: usize,
        runtime: Result<Runtime, RuntimeError>,
        shared: &Shared,
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
        let folder = match shared.code.ready(configuration.code.folder.as_deref().unwrap_or_default()) {
            Ok(folder) => folder,
            Err(error) => return Worker::Nothing(Failure::platform("InvalidCode", &error.to_string())),
        };
        let (watch, key) = (shared.watch.clone(), shared.keys.of_function(&configuration.name));
        match Process::new(&starter, folder, configuration, &shared.endpoint, &key, watch) {
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
