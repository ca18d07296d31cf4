//! A lock that is held as long as its holder lives: short, and renewed in the background.
//!
//! A holder that is killed stops renewing, so the lock is free again within [`LEASE`]. A holder that was cut
//! off for longer than that finds the lock lost and must not touch what it guarded.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::aws::{Claim, Store, StoreError};
use crate::run::Clock;

/// How long a lock outlives its holder.
pub const LEASE: Duration = Duration::from_mins(1);
/// Time between two renewals: two may fail before the lock is lost.
const RENEWAL: Duration = Duration::from_secs(20);

/// A held lock.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    key: String,
    holder: String,
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
        key: String,
        holder: &str,
    ) -> Result<Result<Self, Held>, StoreError> {
        if let Claim::Busy { holder, until } = store.claim(&key, holder, clock(), lease_end(clock)).await? {
            return Ok(Err(Held { holder, until }));
        }
        let lost = CancellationToken::new();
        let renewal = tokio::spawn(renew(store.clone(), clock.clone(), key.clone(), holder.to_owned(), lost.clone()));
        Ok(Ok(Self { store: store.clone(), key, holder: holder.to_owned(), lost, renewal }))
    }

    /// Whether somebody else has taken the lock after it ran out.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// Gives the lock back.
    pub async fn give_back(self) {
        self.renewal.abort();
        // A lock that cannot be given back runs out by itself.
        if let Err(error) = self.store.release(&self.key, &self.holder).await {
            tracing::warn!(key = self.key, %error, "a lock could not be released");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

async fn renew(store: Store, clock: Clock, key: String, holder: String, lost: CancellationToken) {
    let mut held_until = Instant::now() + LEASE;
    loop {
        sleep(RENEWAL).await;
        match store.renew(&key, &holder, lease_end(&clock)).await {
            Ok(true) => held_until = Instant::now() + LEASE,
            Ok(false) => return lost.cancel(),
            Err(error) => tracing::warn!(key, %error, "a lock could not be renewed"),
        }
        if Instant::now() > held_until {
            return lost.cancel();
        }
    }
}

fn lease_end(clock: &Clock) -> DateTime<Utc> {
    clock() + TimeDelta::from_std(LEASE).expect("a minute fits")
}
