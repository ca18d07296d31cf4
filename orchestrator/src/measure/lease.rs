//! A lock that is held as long as its holder lives: short, and renewed in the background.
//!
//! A holder that is killed stops renewing, so the lock is free again after one lease. A holder that was cut off for
//! longer than that finds the lock lost and must not touch what it guarded.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::aws::{Claim, Store, StoreError};
use crate::measure::context::Clock;

/// How long a lock outlives its holder, outside tests.
pub const LEASE: Duration = Duration::from_mins(1);
/// Renewals within one lease: two may fail before the lock is lost.
const RENEWALS: u32 = 3;

/// Looks within one lease at a lock whose holder may be dead.
const LOOKS: u32 = 60;

/// A held lock.
#[derive(Debug)]
pub struct Lease {
    lock: Arc<Lock>,
    lost: CancellationToken,
    renewal: JoinHandle<()>,
}

/// A lock that somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who.
    pub holder: String,
    /// When it is free, unless it is renewed.
    pub until: DateTime<Utc>,
}

impl Lease {
    /// Takes the lock `key` for `holder`, or says who has it.
    pub async fn take(
        store: &Store,
        clock: &Clock,
        length: Duration,
        key: String,
        holder: &str,
    ) -> Result<Result<Self, Held>, StoreError> {
        let (store, clock) = (store.clone(), clock.clone());
        let confirmed = Mutex::new((Instant::now(), (clock)()));
        let lock = Arc::new(Lock { store, clock, length, key, holder: holder.to_owned(), confirmed });
        if let Claim::Busy { holder, until } =
            lock.store.claim(&lock.key, &lock.holder, (lock.clock)(), lock.end()).await?
        {
            return Ok(Err(Held { holder, until }));
        }
        let lost = CancellationToken::new();
        let renewal = tokio::spawn(renew(Arc::clone(&lock), lost.clone()));
        Ok(Ok(Self { lock, lost, renewal }))
    }

    /// As [`Lease::take`], for a lock whose holder may be dead: waits until it runs out, or until its holder shows
    /// by renewing it that it lives.
    pub async fn inherit(
        store: &Store,
        clock: &Clock,
        length: Duration,
        key: String,
        holder: &str,
    ) -> Result<Result<Self, Held>, StoreError> {
        let mut seen: Option<Held> = None;
        // A lease and one look more, however the clock behaves.
        for _ in 0..=LOOKS {
            match Self::take(store, clock, length, key.clone(), holder).await? {
                Ok(lease) => return Ok(Ok(lease)),
                Err(held) if seen.as_ref().is_some_and(|seen| *seen != held) => return Ok(Err(held)),
                Err(held) => seen = Some(held),
            }
            sleep(length / LOOKS).await;
        }
        Self::take(store, clock, length, key, holder).await
    }

    /// Whether the lock is still held, to be asked before each change of what it guards. Asks the table where that was
    /// last done some time ago, as after a sleep.
    pub async fn holds(&self) -> bool {
        if self.is_lost() {
            return false;
        }
        let holds = self.lock.was_confirmed_within(self.lock.length / 2) || self.lock.renew().await;
        if !holds {
            self.lost.cancel();
        }
        holds
    }

    /// Whether somebody else has taken the lock after it ran out, as far as is known.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// Gives the lock back.
    pub async fn give_back(self) {
        self.renewal.abort();
        // A lock that cannot be given back runs out by itself.
        let Lock { store, key, holder, .. } = &*self.lock;
        if let Err(error) = store.release(key, holder).await {
            tracing::warn!(key, %error, "a lock could not be released");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

/// What it takes to renew a lock.
struct Lock {
    store: Store,
    clock: Clock,
    length: Duration,
    key: String,
    holder: String,
    /// When it was last known to be held, by both clocks: the monotonic one stands still while a laptop sleeps, and
    /// the other may jump.
    confirmed: Mutex<(Instant, DateTime<Utc>)>,
}

impl Lock {
    /// Renews it if it is still the holder's. Says whether it is; where the table cannot be asked, whether it was
    /// less than its length ago.
    async fn renew(&self) -> bool {
        let now = (Instant::now(), (self.clock)());
        match self.store.renew(&self.key, &self.holder, self.end()).await {
            Ok(true) => *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = now,
            Ok(false) => return false,
            Err(error) => tracing::warn!(key = self.key, %error, "a lock could not be renewed"),
        }
        self.was_confirmed_within(self.length)
    }

    fn was_confirmed_within(&self, length: Duration) -> bool {
        let (at, clock) = *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
        let by_clock = ((self.clock)() - clock).to_std();
        at.elapsed() < length && by_clock.is_ok_and(|elapsed| elapsed < length)
    }

    /// When it ends if it is renewed now.
    fn end(&self) -> DateTime<Utc> {
        (self.clock)() + TimeDelta::from_std(self.length).expect("a lease is short")
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock").field("key", &self.key).field("holder", &self.holder).finish_non_exhaustive()
    }
}

async fn renew(lock: Arc<Lock>, lost: CancellationToken) {
    loop {
        sleep(lock.length / RENEWALS).await;
        if !lock.renew().await {
            return lost.cancel();
        }
    }
}
