//! The stand-in as a whole: started, answering on one port, stopped.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::response::Response;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use serde_json::{Value, json};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::admission::{Admission, Entry};
use super::error::StartError;
use super::options::Options;
use super::own_api::OwnApi;
use super::request_faults;
use super::request_log::RequestLog;
use super::requests::{self, Service};
use super::state::State;
use crate::base::activity::{Activity, ActivityFeed};
use crate::base::background::BackgroundTasks;
use crate::base::clock::Clock;
use crate::base::keys::{Access, Keyring};
use crate::environment::guard::Guard;
use crate::environment::lifecycle::Shared;
use crate::environment::pool::Pools;
use crate::environment::process::Watch;
use crate::environment::runtime::Runtimes;
use crate::fault::{Fault, Faults, RequestFault};
use crate::function::code::CodeStore;
use crate::services::cloudformation::Stacks;
use crate::services::cloudwatch::CloudWatch;
use crate::services::dynamodb::DynamoDb;
use crate::services::events::Events;
use crate::services::lambda::ensure::{EnsureError, Ensured, FunctionSpec};
use crate::services::lambda::{self, Call, Lambda, Timing};
use crate::services::logs::Logs;
use crate::services::parameters::{ParameterError, Parameters};
use crate::services::scheduler::{self, ScheduleError, ScheduleSpec, Scheduler};
use crate::services::sqs::Queues;
use crate::services::tagging;
use crate::wire::connections::{self, Peer, Reply};
use crate::wire::query::Query;
use crate::wire::tls::Tls;

/// Largest request: 50 MB of zip in base64, and room for the rest.
const MAX_REQUEST_BYTES: usize = 72 * 1024 * 1024;

/// Files one process may have open that the stand-in asks for: two per connection of 1,000 invokes when the
/// caller lives in the same process, and more for real environments.
const OPEN_FILES: u64 = 16 * 1024;

/// A running stand-in. Dropped without [`LocalCloud::stop`], it ends its processes once the invocations on their way are
/// over, or with the program.
pub struct LocalCloud {
    endpoint: String,
    services: Arc<Services>,
    tasks: Arc<BackgroundTasks>,
    guard: Arc<Guard>,
    stop: oneshot::Sender<Infallible>,
    server: JoinHandle<()>,
    /// Closes when the last process has been reaped.
    reaped: mpsc::Receiver<Infallible>,
    state: State,
}

/// What requests are answered with.
struct Services {
    lambda: Arc<Lambda>,
    scheduler: Arc<Scheduler>,
    queues: Arc<Queues>,
    dynamodb: DynamoDb,
    stacks: Stacks,
    cloudwatch: CloudWatch,
    events: Events,
    parameters: Parameters,
    logs: Arc<Logs>,
    pools: Arc<Pools>,
    clock: Arc<Clock>,
    activity: ActivityFeed,
    admission: Admission,
    log: RequestLog,
}

impl LocalCloud {
    /// Binds 127.0.0.1 and answers from now on.
    pub async fn start(options: Options) -> Result<LocalCloud, StartError> {
        allow_open_files();
        let state = State::open(options.state.as_deref())?;
        let listening = |source| StartError::Listen { port: options.port, source };
        let listener = connections::listen(options.port).map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let plain = format!("http://{address}");
        let tls = options.tls.then(Tls::new).transpose()?;
        state.publish_authority(tls.as_ref().map(|tls| &*tls.authority))?;
        let endpoint = if tls.is_some() { format!("https://{address}") } else { plain.clone() };
        let keys = Arc::new(Keyring::new(state.secret.clone(), options.keys.clone()));
        let admission = Admission { keys, port: address.port() };
        let (alive, reaped) = mpsc::channel(1);
        let guard = Arc::new(Guard::start().map_err(StartError::Guard)?);
        let watch = Watch { guard: Arc::clone(&guard), leftovers: Arc::default(), alive };
        let tasks = Arc::new(BackgroundTasks::new());
        let serves_others = options.serves_others;
        let services = Arc::new(Services::open(options, &state, admission, watch, &tasks).await?);
        if serves_others {
            state.announce(&plain)?;
        }
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&services);
        let acceptor = tls.map(|tls| tls.acceptor);
        let server = tokio::spawn(connections::serve(listener, acceptor, stopped, move |peer, request| {
            let services = Arc::clone(&shared);
            async move { services.reply(request, &peer).await }
        }));
        Ok(LocalCloud { endpoint, services, tasks, guard, stop, server, reaped, state })
    }

    /// `http://127.0.0.1:PORT`, or `https:` with [`Options::tls`]: the value for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The certificate that clients must trust to use TLS, a file in PEM.
    pub fn authority(&self) -> PathBuf {
        self.state.authority()
    }

    /// What requests are signed with, and the token for `/_local/`. It stays the same as long as the state folder.
    pub fn access(&self) -> Access {
        self.services.admission.keys.access()
    }

    /// Creates a function, or gives it new code if it has other code, and waits until it is active.
    pub async fn ensure_function(&self, spec: FunctionSpec) -> Result<Ensured, EnsureError> {
        self.services.lambda.ensure(spec).await
    }

    /// Gives a function these environment variables in place of its own, unless it has them, and waits until they are in force.
    pub async fn set_variables(&self, function: &str, variables: BTreeMap<String, String>) -> Result<(), EnsureError> {
        self.services.lambda.set_variables(function, variables).await
    }

    /// Sets how often an event is tried again after a function error, 0 to 2.
    pub fn set_retry_attempts(&self, function: &str, attempts: u32) -> Result<(), EnsureError> {
        self.services.lambda.set_retry_attempts(function, attempts)
    }

    /// Has a schedule that invokes a function in place of any of the same name.
    pub fn put_schedule(&self, spec: &ScheduleSpec) -> Result<(), ScheduleError> {
        self.services.scheduler.put_spec(spec)
    }

    /// Deletes a schedule if it is there.
    pub fn remove_schedule(&self, name: &str) {
        self.services.scheduler.remove(name);
    }

    /// Has a parameter of Systems Manager with this value.
    pub fn put_parameter(&self, name: &str, value: String) -> Result<(), ParameterError> {
        self.services.parameters.put_text(name, value)
    }

    /// Adds a line to the log of a function as if it had been written at `at`.
    pub fn put_log_line(&self, function: &str, at: DateTime<Utc>, line: String) {
        self.services.logs.keep_at(function, "put", at, line);
    }

    /// The events that EventBridge has taken, oldest first, as a rule's target would receive them.
    pub fn events(&self) -> Vec<Value> {
        self.services.events.all()
    }

    /// What happens without a request from now on: ticks, and what becomes of events.
    pub fn activity(&self) -> broadcast::Receiver<Activity> {
        self.services.activity.subscribe()
    }

    /// Arms a fault.
    pub fn inject(&self, fault: Fault) {
        self.services.pools.shared().faults.add(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.services.pools.shared().faults.clear();
    }

    /// Ends everything: connections first, then invocations, execution environments and the database.
    pub async fn stop(self) {
        let LocalCloud { services, tasks, guard, stop, server, mut reaped, state, .. } = self;
        drop(stop);
        if let Err(error) = server.await {
            tracing::warn!(%error, "the server did not stop cleanly");
        }
        tasks.stop().await;
        services.pools.clear();
        if let Some(Services { lambda, scheduler, dynamodb, pools, .. }) = Arc::into_inner(services) {
            drop((scheduler, lambda, pools));
            dynamodb.stop().await;
        }
        // With the services, every environment is gone; what is left is to wait for their processes.
        while reaped.recv().await.is_some() {}
        if let Some(guard) = Arc::into_inner(guard) {
            guard.stop().await;
        }
        state.close();
    }
}

impl Services {
    async fn open(
        options: Options,
        state: &State,
        admission: Admission,
        watch: Watch,
        tasks: &Arc<BackgroundTasks>,
    ) -> Result<Services, StartError> {
        let failed = |source| StartError::State { path: state.path.clone(), source };
        let endpoint = format!("http://127.0.0.1:{}", admission.port);
        let folder = state.path.as_path();
        let kept = options.state.is_some().then_some(folder);
        let shared = Shared {
            endpoint: endpoint.clone(),
            keys: Arc::clone(&admission.keys),
            init_limit: options.init_limit,
            code: CodeStore::open(folder.join("code")).map_err(failed)?,
            runtimes: Runtimes::open(&folder.join("runtimes")).map_err(failed)?,
            watch,
            living: Arc::new(AtomicUsize::new(0)),
            faults: Arc::new(Faults::new(options.faults)),
        };
        let pools = Pools::start(shared, tasks, options.eager_assignment, options.idle_limit);
        let (clock, activity, tasks) = (Clock::new(), ActivityFeed::new(), Arc::clone(tasks));
        let queues = Queues::open(folder, endpoint, Arc::clone(&clock))?;
        let logs = Logs::new(Arc::clone(&clock));
        let dependencies = lambda::Dependencies {
            pools: Arc::clone(&pools),
            tasks: Arc::clone(&tasks),
            queues: Arc::clone(&queues),
            logs: Arc::clone(&logs),
            clock: Arc::clone(&clock),
            activity: activity.clone(),
        };
        let timing = Timing { settle: options.settle, network: options.network, quotas: options.quotas };
        let lambda = Lambda::open(folder, dependencies, options.concurrency, timing)?;
        let dependencies = scheduler::Dependencies {
            clock: Arc::clone(&clock),
            lambda: Arc::clone(&lambda),
            queues: Arc::clone(&queues),
            tasks,
            activity: activity.clone(),
        };
        let scheduler = Scheduler::open(folder, dependencies, options.serves_others)?;
        let dynamodb = DynamoDb::start(kept.map(|folder| folder.join("dynamodb.db")).as_deref()).await?;
        let cloudwatch = CloudWatch::open(kept).map_err(failed)?;
        let parameters = Parameters::open(folder)?;
        let (log, events) = (RequestLog::new(), Events::default());
        Ok(Services {
            lambda,
            scheduler,
            queues,
            dynamodb,
            stacks: Stacks::default(),
            cloudwatch,
            events,
            parameters,
            logs,
            pools,
            clock,
            activity,
            admission,
            log,
        })
    }

    async fn reply(&self, request: Request<Incoming>, peer: &Peer) -> Reply {
        let request_id = Uuid::new_v4();
        let (parts, body) = request.into_parts();
        let entry = match self.admission.of(&parts) {
            Ok(entry) => entry,
            Err(refused) => return Ok(*refused),
        };
        let body = match Limited::new(body, MAX_REQUEST_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                tracing::debug!(%error, "a request's body could not be read");
                return Ok(connections::json(413, &json!({ "message": "the request is too large or was cut off" })));
            }
        };
        let signed = match entry {
            Entry::OwnApi => {
                let own = OwnApi {
                    shared: self.pools.shared(),
                    log: &self.log,
                    clock: &self.clock,
                    events: &self.events,
                    stacks: &self.stacks,
                };
                return Ok(own.answer(&parts, &body));
            }
            Entry::Service(signed) => signed,
        };
        let asked = requests::Request::of(&parts, &body);
        if let Err(error) = self.admission.verify(&signed, &parts, &body, self.lambda.has(&signed.key_id)) {
            return Ok(request_faults::rejection(&asked, 403, Some(error.code()), &error.to_string()));
        }
        let number = self.log.arrived(&asked, request_id, &signed.key_id, &body);
        let mut response = self.answer_or_fail(asked, &parts, body, request_id, peer).await?;
        self.log.answered(number, response.status().as_u16());
        let id = HeaderValue::try_from(request_id.to_string()).expect("a UUID is ASCII");
        response.headers_mut().entry("x-amzn-requestid").or_insert(id);
        Ok(response)
    }

    /// Answers the request, unless a fault gets in the way.
    async fn answer_or_fail(
        &self,
        asked: requests::Request,
        parts: &Parts,
        body: Bytes,
        request_id: Uuid,
        peer: &Peer,
    ) -> Reply {
        let faults = self.pools.shared().faults.of_request(&asked.place());
        if let Some(reply) = request_faults::before(&faults, &asked, peer).await {
            return reply;
        }
        let unprocessed = faults.iter().find_map(|fault| match fault {
            RequestFault::Unprocessed { items } if asked.operation == "BatchWriteItem" => Some(*items),
            _ => None,
        });
        let response = match unprocessed.and_then(|items| request_faults::without_last(&body, items)) {
            Some((sent, left)) => self.write_in_part(asked, parts, sent, &left, request_id).await,
            None => self.dispatch(asked, parts, body, request_id).await,
        };
        request_faults::after(&faults, response, peer).await
    }

    /// A `BatchWriteItem` of which `left` is not processed.
    async fn write_in_part(
        &self,
        asked: requests::Request,
        parts: &Parts,
        sent: Bytes,
        left: &Value,
        request_id: Uuid,
    ) -> Response {
        let empty = serde_json::from_slice::<Value>(&sent).is_ok_and(|sent| sent["RequestItems"] == json!({}));
        // DynamoDB takes no batch without items.
        let answer = if empty { None } else { Some(self.dispatch(asked, parts, sent, request_id).await) };
        request_faults::with_unprocessed(answer, left).await
    }

    async fn dispatch(&self, asked: requests::Request, parts: &Parts, body: Bytes, request_id: Uuid) -> Response {
        match asked.service {
            Service::Lambda(route) => {
                let headers = parts.headers.clone();
                let call = Call { request_id, query: Query::of(&parts.uri), headers, body };
                self.lambda.answer(route, call).await
            }
            Service::Scheduler(route) => self.scheduler.answer(&route, &parts.uri, &body),
            Service::Sqs => self.queues.handle(&asked.operation, &body).await,
            Service::DynamoDb => self.dynamodb.forward(parts, body).await,
            Service::CloudFormation => self.stacks.answer(&asked.operation, &body, self.clock.now()),
            Service::CloudWatch => self.cloudwatch.handle(parts.uri.path(), &parts.headers, body).await,
            Service::Events => self.events.answer(&asked.operation, &body),
            Service::Ssm => self.parameters.answer(&asked.operation, &body),
            Service::Logs => self.logs.answer(&asked.operation, &body),
            Service::Tagging => tagging::answer(&asked.operation, &body, &self.lambda.tags()),
            Service::None => unknown_operation(parts),
        }
    }
}

fn unknown_operation(parts: &Parts) -> Response {
    let message = format!("the local cloud has no operation for {} {}", parts.method, parts.uri.path());
    let mut response = connections::json(404, &json!({ "message": message }));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static("UnknownOperationException"));
    response
}

/// Raises this process's own limit of open files as far as it may.
fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(OPEN_FILES, |maximum| maximum.min(OPEN_FILES));
    if current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
    {
        tracing::warn!(%error, "could not raise the limit of open files: large bursts may fail");
    }
}
