//! What starts a run, and what follows from it: the run's id and its seed.

use chrono::{DateTime, SubsecRound, Utc};
use sha2::{Digest, Sha256};

use crate::units::key_time;

/// What started a run. The same trigger gives the same run: its items overwrite themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Schedule ARN and scheduled time, or a key made for one command.
    pub key: String,
    /// Derived from the key: twelve hexadecimal digits.
    pub run_id: String,
    /// Scheduled time, or the time of the command.
    pub started_at: DateTime<Utc>,
}

impl Trigger {
    /// A tick of a schedule. A second delivery of the same tick is the same trigger.
    pub fn scheduled(schedule_arn: &str, at: DateTime<Utc>) -> Self {
        Self::of(format!("{schedule_arn}@{}", key_time(at)), at)
    }

    /// A command; `random` makes it different from any other.
    pub fn fresh(at: DateTime<Utc>, random: u64) -> Self {
        Self::of(format!("command@{}#{random:016x}", key_time(at)), at)
    }

    /// One that an earlier invocation of the orchestrator has served in part.
    pub fn again(key: String, at: DateTime<Utc>) -> Self {
        Self::of(key, at)
    }

    fn of(key: String, at: DateTime<Utc>) -> Self {
        // What sort keys resolve, so that a record and its key say the same time.
        let started_at = at.trunc_subsecs(3);
        let digest = Sha256::digest(key.as_bytes());
        let number = digest.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        Self { key, run_id: format!("{number:012x}"), started_at }
    }

    /// Seed of the order in which targets take turns.
    pub fn seed(&self) -> u64 {
        seed_of(&self.run_id).expect("a run id is twelve hexadecimal digits")
    }
}

/// Seed of the order in which the targets of this run took turns. `None` if the text is not a run id.
pub fn seed_of(run_id: &str) -> Option<u64> {
    u64::from_str_radix(run_id, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    #[test]
    fn the_same_tick_is_the_same_run() {
        let tick = Trigger::scheduled("arn:aws:scheduler:us-east-1:000000000000:schedule/default/coldwatch", at());
        assert_eq!(
            tick,
            Trigger::scheduled("arn:aws:scheduler:us-east-1:000000000000:schedule/default/coldwatch", at())
        );
        assert_eq!(tick.run_id.len(), 12);
        assert_ne!(Trigger::fresh(at(), 1).run_id, Trigger::fresh(at(), 2).run_id);
    }
}
