//! Which execution environment takes which invocation.
//!
//! An invocation takes an idle environment of the same configuration. If there is none, a new one is
//! launched. While it initialises, an environment that becomes free may take the invocation first: the new
//! one then stays idle with an init behind it that no request waited for. AWS assigns eagerly too.

use std::collections::{HashMap, VecDeque};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use uuid::Uuid;

use super::lifecycle::{Environment, Shared};
use crate::base::background::BackgroundTasks;
use crate::function::definition::Configuration;

/// The environments of all functions.
pub(crate) struct Pools {
    shelves: Mutex<Shelves>,
    shared: Shared,
    tasks: Arc<BackgroundTasks>,
    /// Whether a freed environment may take an invocation that another one is being launched for.
    eager: bool,
    /// Unused environments end after this long.
    idle_limit: Duration,
}

#[derive(Default)]
struct Shelves {
    pools: HashMap<Key, Pool>,
    /// Environments launched so far, per function.
    launched: HashMap<String, usize>,
}

/// Environments differ by everything that an update can change.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    function: String,
    version: String,
    revision: Uuid,
}

/// The environments of one configuration.
#[derive(Default)]
struct Pool {
    /// The one used last is taken first.
    idle: Vec<(Environment, Instant)>,
    waiting: VecDeque<oneshot::Sender<Environment>>,
    /// Environments that were launched and have not ended: idle, busy or still initialising.
    living: usize,
    /// Set when an update has replaced the configuration. `Some(n)`: its environments may still serve
    /// `n` invocations meant for the new one.
    retired: Option<u32>,
}

/// An environment for one invocation, now or soon.
pub(crate) enum Claim {
    Idle(Box<Environment>),
    Launching(oneshot::Receiver<Environment>),
}

impl Pools {
    /// Starts the task that ends unused environments.
    pub(crate) fn start(shared: Shared, tasks: &Arc<BackgroundTasks>, eager: bool, idle_limit: Duration) -> Arc<Pools> {
        let pools = Arc::new(Pools { shelves: Mutex::default(), shared, tasks: Arc::clone(tasks), eager, idle_limit });
        tasks.spawn(end_unused(Arc::downgrade(&pools), idle_limit));
        pools
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Takes an idle environment of `configuration`, or launches one.
    pub(crate) fn claim(self: &Arc<Self>, configuration: &Arc<Configuration>) -> Claim {
        let key = Key::of(configuration);
        let mut shelves = self.lock();
        if let Some(environment) = shelves.take_idle(&key) {
            return Claim::Idle(Box::new(environment));
        }
        let launched = shelves.launched.entry(key.function.clone()).or_default();
        let ordinal = *launched;
        *launched += 1;
        let (give, receive) = oneshot::channel();
        let pool = shelves.pools.entry(key).or_default();
        pool.living += 1;
        let reserved = if self.eager {
            pool.waiting.push_back(give);
            None
        } else {
            Some(give)
        };
        drop(shelves);
        self.tasks.spawn(Arc::clone(self).launch(Arc::clone(configuration), ordinal, reserved));
        Claim::Launching(receive)
    }

    /// `reserved`: who gets the environment; without it, whoever has waited longest.
    async fn launch(
        self: Arc<Self>,
        configuration: Arc<Configuration>,
        ordinal: usize,
        reserved: Option<oneshot::Sender<Environment>>,
    ) {
        let environment = Environment::launch(configuration, ordinal, &self.shared).await;
        match reserved {
            Some(give) => {
                if let Err(unclaimed) = give.send(environment) {
                    self.give_back(unclaimed);
                }
            }
            None => self.give_back(environment),
        }
    }

    /// Makes an environment available: to the invocation that has waited longest, or as an idle one.
    pub(crate) fn give_back(&self, mut environment: Environment) {
        let key = Key::of(environment.configuration());
        let mut shelves = self.lock();
        // A pool stays while one of its environments lives. Without it, the stand-in is stopping.
        let Some(pool) = shelves.pools.get_mut(&key) else { return };
        while let Some(next) = pool.waiting.pop_front() {
            match next.send(environment) {
                Ok(()) => return,
                Err(unclaimed) => environment = unclaimed,
            }
        }
        pool.idle.push((environment, Instant::now()));
        if pool.retired == Some(0) {
            let _ended = pool.end_idle(|_| true);
            shelves.forget_empty();
        }
    }

    /// Ends the environments of a function's version, idle ones at once and busy ones after their
    /// invocation. Before that, they may serve `reuses` more invocations.
    pub(crate) fn retire(&self, function: &str, version: &str, reuses: u32) {
        let same = |key: &Key| key.function == function && key.version == version;
        self.retire_where(same, reuses);
    }

    /// Ends every environment of a function, all versions.
    pub(crate) fn remove(&self, function: &str) {
        self.retire_where(|key| key.function == function, 0);
    }

    fn retire_where(&self, chosen: impl Fn(&Key) -> bool, reuses: u32) {
        // Dropped after the lock.
        let mut ended = Vec::new();
        let mut shelves = self.lock();
        for (key, pool) in &mut shelves.pools {
            if chosen(key) {
                // What was retired before is older still: a newer update ends its last reuses too.
                let reuses = if pool.retired.is_none() { reuses } else { 0 };
                pool.retired = Some(reuses);
                ended.extend(pool.end_idle(|_| reuses == 0));
            }
        }
        shelves.forget_empty();
    }

    /// Ends all idle environments; for the end of the stand-in.
    pub(crate) fn clear(&self) {
        let shelves = mem::take(&mut *self.lock());
        drop(shelves);
    }

    fn lock(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends environments that were not used for longer than the limit.
    fn sweep(&self) {
        // Dropped after the lock.
        let mut ended = Vec::new();
        let mut shelves = self.lock();
        for pool in shelves.pools.values_mut() {
            ended.extend(pool.end_idle(|since| since.elapsed() >= self.idle_limit));
        }
        shelves.forget_empty();
    }
}

impl Pool {
    /// Takes out the idle environments that `over` says have been idle since too long ago.
    fn end_idle(&mut self, over: impl Fn(Instant) -> bool) -> Vec<Environment> {
        let ended: Vec<_> = self.idle.extract_if(.., |(_, since)| over(*since)).collect();
        self.living -= ended.len();
        ended.into_iter().map(|(environment, _)| environment).collect()
    }
}

impl Key {
    fn of(configuration: &Configuration) -> Key {
        Key {
            function: configuration.name.clone(),
            version: configuration.version.clone(),
            revision: configuration.revision_id,
        }
    }
}

impl Shelves {
    fn take_idle(&mut self, key: &Key) -> Option<Environment> {
        if let Some((environment, _)) = self.pools.get_mut(key).and_then(|pool| pool.idle.pop()) {
            return Some(environment);
        }
        self.take_retired(key)
    }

    /// An environment of an earlier configuration that may still be used.
    fn take_retired(&mut self, key: &Key) -> Option<Environment> {
        let same = |other: &Key| other.function == key.function && other.version == key.version;
        let (_, pool) = self
            .pools
            .iter_mut()
            .find(|(other, pool)| same(other) && pool.retired.is_some_and(|left| left > 0) && !pool.idle.is_empty())?;
        let (environment, _) = pool.idle.pop()?;
        pool.retired = pool.retired.map(|left| left - 1);
        if pool.retired == Some(0) {
            pool.end_idle(|_| true);
        }
        Some(environment)
    }

    /// Forgets the pools that nothing refers to any more.
    fn forget_empty(&mut self) {
        self.pools.retain(|_, pool| pool.living > 0 || !pool.waiting.is_empty());
    }
}

/// Sweeps several times per `idle_limit` until the pools are gone.
async fn end_unused(pools: Weak<Pools>, idle_limit: Duration) {
    let pause = (idle_limit / 4).clamp(Duration::from_millis(10), Duration::from_secs(10));
    loop {
        tokio::time::sleep(pause).await;
        match pools.upgrade() {
            Some(pools) => pools.sweep(),
            None => return,
        }
    }
}
