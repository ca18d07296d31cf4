//! AWS Lambda: functions, their versions and states, and invocations.
//!
//! | file | holds |
//! |---|---|
//! | `routes` | which operation a request asks for |
//! | `name`, `request` | reading and checking what a request says |
//! | `control` | create, read, list, delete |
//! | `update` | updates, and how they settle |
//! | `versions` | published versions and aliases |
//! | `runtime_management` | which runtimes still take updates, and when a function gets a newer one |
//! | `limits` | concurrency, tags, account settings |
//! | `invoke` | invocations of all three types |
//! | `events` | what becomes of asynchronous invocations |
//! | `event_config` | how they are to be treated |
//! | `ensure` | what the library's caller uses instead of the API |
//! | `store` | functions on disk |
//! | `concurrency` | invocations in flight against the limits |
//! | `quota` | control calls a second |
//! | `answers` | answers that several operations give |
//! | `errors` | AWS's errors and wording |

mod answers;
mod concurrency;
mod control;
pub(crate) mod ensure;
mod errors;
mod event_config;
mod events;
mod invoke;
mod limits;
mod name;
mod quota;
mod request;
pub(crate) mod routes;
mod runtime_management;
mod store;
mod update;
mod versions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::response::Response;
use bytes::Bytes;
use hyper::HeaderMap;
use tokio::sync::Notify;
use uuid::Uuid;

use self::concurrency::Concurrency;
use self::errors::LambdaError;
use self::name::FunctionRef;
use self::quota::Quota;
use self::routes::{Operation, Route};
use self::store::Store;
use crate::base::activity::ActivityFeed;
use crate::base::background::BackgroundTasks;
use crate::base::clock::Clock;
use crate::base::stored::StoreError;
use crate::environment::pool::Pools;
use crate::fault::Faults;
use crate::function::definition::Function;
use crate::services::logs::Logs;
use crate::services::sqs::Queues;
use crate::wire::query::Query;

/// The service. Its methods answer one operation each.
pub(crate) struct Lambda {
    functions: Mutex<BTreeMap<String, Function>>,
    store: Store,
    pools: Arc<Pools>,
    concurrency: Arc<Concurrency>,
    tasks: Arc<BackgroundTasks>,
    /// Where invocation records and dead letters go.
    queues: Arc<Queues>,
    /// Where the reports of invocations go.
    logs: Arc<Logs>,
    clock: Arc<Clock>,
    activity: ActivityFeed,
    /// Rings whenever an update has settled.
    settled: Notify,
    timing: Timing,
    /// Absent where control calls are not counted.
    quota: Option<Quota>,
}

/// What the service works with.
pub(crate) struct Dependencies {
    pub pools: Arc<Pools>,
    pub tasks: Arc<BackgroundTasks>,
    pub queues: Arc<Queues>,
    pub logs: Arc<Logs>,
    pub clock: Arc<Clock>,
    pub activity: ActivityFeed,
}

/// Delays that make the stand-in resemble the real service.
#[derive(Clone, Copy)]
pub(crate) struct Timing {
    /// How long a create or an update is in progress.
    pub settle: Duration,
    /// Added to each `Invoke`, half each way.
    pub network: Duration,
    /// Whether control calls are held to AWS's number a second.
    pub quotas: bool,
}

/// A request to the service, as far as it is not in the route.
pub(crate) struct Call {
    pub request_id: Uuid,
    pub query: Query,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Lambda {
    /// Opens the functions kept in `folder`.
    pub(crate) fn open(
        folder: &Path,
        dependencies: Dependencies,
        concurrency_limit: u32,
        timing: Timing,
    ) -> Result<Arc<Lambda>, StoreError> {
        let Dependencies { pools, tasks, queues, logs, clock, activity } = dependencies;
        let store = Store::open(folder.join("functions"))?;
        Ok(Arc::new(Lambda {
            functions: Mutex::new(store.load()?),
            store,
            pools,
            concurrency: Concurrency::new(concurrency_limit),
            tasks,
            queues,
            logs,
            clock,
            activity,
            settled: Notify::new(),
            timing,
            quota: timing.quotas.then(|| Quota::new(Instant::now())),
        }))
    }

    /// Answers one operation.
    pub(crate) async fn answer(self: &Arc<Self>, route: Route, call: Call) -> Response {
        let answered = self.answer_or_refuse(route, call).await;
        answered.unwrap_or_else(|error| error.response())
    }

    async fn answer_or_refuse(self: &Arc<Self>, route: Route, call: Call) -> Result<Response, LambdaError> {
        let Route { operation, subject, alias } = route;
        if let Some(quota) = &self.quota {
            quota.take(operation, Instant::now())?;
        }
        let reference = || FunctionRef::parse(&subject, call.query.get("Qualifier"));
        match operation {
            Operation::CreateFunction => self.create_function(&call).await,
            Operation::ListFunctions => self.list_functions(&call.query),
            Operation::GetFunction => self.get_function(&reference()?),
            Operation::GetFunctionConfiguration => self.get_function_configuration(&reference()?),
            Operation::UpdateFunctionConfiguration => self.update_function_configuration(&reference()?, &call).await,
            Operation::UpdateFunctionCode => self.update_function_code(&reference()?, &call).await,
            Operation::DeleteFunction => self.delete_function(&reference()?),
            Operation::PublishVersion => self.publish_version(&reference()?, &call),
            Operation::ListVersionsByFunction => self.list_versions(&reference()?),
            Operation::CreateAlias => self.create_alias(&reference()?, &call),
            Operation::GetAlias => self.get_alias(&reference()?, &alias),
            Operation::UpdateAlias => self.update_alias(&reference()?, &alias, &call),
            Operation::DeleteAlias => self.delete_alias(&reference()?, &alias),
            Operation::ListAliases => self.list_aliases(&reference()?),
            Operation::PutFunctionConcurrency => self.put_function_concurrency(&reference()?, &call),
            Operation::GetFunctionConcurrency => self.get_function_concurrency(&reference()?),
            Operation::DeleteFunctionConcurrency => self.delete_function_concurrency(&reference()?),
            Operation::GetAccountSettings => Ok(self.get_account_settings()),
            Operation::GetRuntimeManagementConfig => self.get_runtime_management(&reference()?),
            Operation::PutRuntimeManagementConfig => self.put_runtime_management(&reference()?, &call.body),
            Operation::TagResource => self.tag_resource(&reference()?, &call),
            Operation::UntagResource => self.untag_resource(&reference()?, &call.query),
            Operation::ListTags => self.list_tags(&reference()?),
            Operation::PutFunctionEventInvokeConfig => self.put_event_config(&reference()?, &call.body),
            Operation::UpdateFunctionEventInvokeConfig => self.update_event_config(&reference()?, &call.body),
            Operation::GetFunctionEventInvokeConfig => self.get_event_config(&reference()?),
            Operation::ListFunctionEventInvokeConfigs => self.list_event_configs(&reference()?),
            Operation::DeleteFunctionEventInvokeConfig => self.delete_event_config(&reference()?),
            Operation::Invoke => self.invoke(&reference()?, call).await,
        }
    }

    /// Whether there is such a function.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// What goes wrong on demand.
    pub(crate) fn faults(&self) -> &Faults {
        &self.pools.shared().faults
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Function>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a function: first on disk and then in memory, so that a full disk leaves both as they were.
    fn change<T>(
        &self,
        functions: &mut BTreeMap<String, Function>,
        reference: &FunctionRef,
        change: impl FnOnce(&mut Function) -> Result<T, LambdaError>,
    ) -> Result<T, LambdaError> {
        let function = functions.get_mut(&reference.name).ok_or_else(|| reference.not_found())?;
        let mut changed = function.clone();
        let result = change(&mut changed)?;
        self.save(&changed)?;
        *function = changed;
        Ok(result)
    }

    /// Writes `function` to disk.
    fn save(&self, function: &Function) -> Result<(), LambdaError> {
        self.store.save(function).map_err(|error| LambdaError::Service(error.to_string()))
    }
}
