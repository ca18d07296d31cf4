//! A lock that is held as long as its holder lives: short, and renewed in the background.
//!
//! A holder that is killed stops renewing, so the lock is free again after one lease. A holder that was cut off for
//! longer than that finds the lock lost and must not touch what it guarded. Clocks of two machines are never compared
//! where that matters: who wants another's lock looks whether it is still renewed.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

pub use crate::aws::Held;
use crate::aws::{Claim, Store, StoreError, Takeable};
use crate::measure::context::Clock;

/// How long a lock outlives its holder, outside tests.
pub const LEASE: Duration = Duration::from_mins(1);
/// Renewals within one lease: two may fail before the lock is lost.
const RENEWALS: u32 = 3;

/// The first wait between two looks at a lock whose holder may be dead, as a part of its lease: it may just be ending.
const FIRST_LOOK: u32 = 60;
/// The longest wait, likewise.
const LONGEST_LOOK: u32 = 12;
/// Clocks of two machines that AWS both lets in differ by no more than this: a signature may be 5 minutes off.
const CLOCKS_APART: TimeDelta = TimeDelta::minutes(10);

/// A held lock.
#[derive(Debug)]
pub struct Lease {
    lock: Arc<Lock>,
    lost: CancellationToken,
    renewal: JoinHandle<()>,
}

impl Lease {
    /// Takes the lock `key` for `holder`, or says who has it. A lock that has run out by this machine's clock alone
    /// is watched first, for one lease.
    pub async fn take(
        store: &Store,
        clock: &Clock,
        length: Duration,
        key: String,
        holder: &str,
    ) -> Result<Result<Self, Held>, StoreError> {
        let lock = Lock::of(store, clock, length, key, holder);
        match lock.claim().await? {
            Claim::Busy(held) if held.until < (lock.clock)() => lock.watch(held).await,
            Claim::Busy(held) => Ok(Err(held)),
            Claim::Granted => Ok(Ok(lock.held())),
        }
    }

    /// As [`Lease::take`], for a lock whose holder may be dead: watches it whenever it runs out.
    pub async fn inherit(
        store: &Store,
        clock: &Clock,
        length: Duration,
        key: String,
        holder: &str,
    ) -> Result<Result<Self, Held>, StoreError> {
        let lock = Lock::of(store, clock, length, key, holder);
        match lock.claim().await? {
            Claim::Busy(held) => lock.watch(held).await,
            Claim::Granted => Ok(Ok(lock.held())),
        }
    }

    /// As [`Lease::inherit`], however long its holder lives.
    pub async fn wait(
        store: &Store,
        clock: &Clock,
        length: Duration,
        key: &str,
        holder: &str,
    ) -> Result<Self, StoreError> {
        loop {
            if let Ok(lease) = Self::inherit(store, clock, length, key.to_owned(), holder).await? {
                return Ok(lease);
            }
        }
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
    /// When it was last known to be held, by both clocks: the monotonic one stops while a laptop sleeps, and
    /// the other may jump.
    confirmed: Mutex<(Instant, DateTime<Utc>)>,
}

impl Lock {
    fn of(store: &Store, clock: &Clock, length: Duration, key: String, holder: &str) -> Self {
        let (store, clock) = (store.clone(), clock.clone());
        let confirmed = Mutex::new((Instant::now(), (clock)()));
        Self { store, clock, length, key, holder: holder.to_owned(), confirmed }
    }

    /// Takes it if it is free, or has run out by any clock.
    async fn claim(&self) -> Result<Claim, StoreError> {
        let run_out = Takeable::RunOut((self.clock)() - CLOCKS_APART);
        self.store.claim(&self.key, &self.holder, run_out, self.end()).await
    }

    /// Waits for one lease whether its holder shows by renewing it that it lives, and takes it if not. That needs no
    /// clock but this machine's monotonic one.
    async fn watch(self, held: Held) -> Result<Result<Lease, Held>, StoreError> {
        let (began, mut pause) = (Instant::now(), self.length / FIRST_LOOK);
        while began.elapsed() < self.length {
            sleep(pause).await;
            pause = (pause * 3 / 2).min(self.length / LONGEST_LOOK);
            match self.store.lock(&self.key).await? {
                Some(now) if now != held => return Ok(Err(now)),
                Some(_) => {}
                None => break,
            }
        }
        match self.store.claim(&self.key, &self.holder, Takeable::Unmoved(&held), self.end()).await? {
            Claim::Granted => Ok(Ok(self.held())),
            Claim::Busy(held) => Ok(Err(held)),
        }
    }

    /// The lock, just taken.
    fn held(self) -> Lease {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), (self.clock)());
        let (lock, lost) = (Arc::new(self), CancellationToken::new());
        let renewal = tokio::spawn(renew(Arc::clone(&lock), lost.clone()));
        Lease { lock, lost, renewal }
    }

    /// Renews it if it is still the holder's. Says whether it is; where the table cannot be asked, whether it was
    /// less than its length ago.
    async fn renew(&self) -> bool {
        let now = (Instant::now(), (self.clock)());
        match self.store.renew(&self.key, &self.holder, self.end()).await {
            Ok(true) => *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = now,
            Ok(false) => return false,
            Err(error) => {
                tracing::warn!(key = self.key, %error, "a lock could not be renewed");
                return self.was_confirmed_within(self.length);
            }
        }
        true
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
