//! AWS's quota of control calls, which it does not raise: `GetFunction` 100 a second, all others together 15
//! (Lambda developer guide, "Lambda quotas").

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::errors::{LambdaError, ThrottleReason};
use super::routes::Operation;

const READS_PER_SECOND: f64 = 100.0;
const OTHERS_PER_SECOND: f64 = 15.0;

/// What is left of the quota.
pub(crate) struct Quota {
    reads: Mutex<Bucket>,
    others: Mutex<Bucket>,
}

/// Holds the calls of one second at most, and fills up steadily.
struct Bucket {
    per_second: f64,
    left: f64,
    filled: Instant,
}

impl Quota {
    pub(crate) fn new(now: Instant) -> Quota {
        let bucket = |per_second| Mutex::new(Bucket { per_second, left: per_second, filled: now });
        Quota { reads: bucket(READS_PER_SECOND), others: bucket(OTHERS_PER_SECOND) }
    }

    /// Counts one call, or refuses it. Invocations have other limits.
    pub(crate) fn take(&self, operation: Operation, now: Instant) -> Result<(), LambdaError> {
        let bucket = match operation {
            Operation::Invoke => return Ok(()),
            Operation::GetFunction => &self.reads,
            _ => &self.others,
        };
        let taken = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(now);
        if taken { Ok(()) } else { Err(LambdaError::TooManyRequests(ThrottleReason::Caller)) }
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        self.filled = self.filled.max(now);
        let taken = self.left >= 1.0;
        if taken {
            self.left -= 1.0;
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_holds_fifteen_calls_and_reads_count_apart() {
        let start = Instant::now();
        let quota = Quota::new(start);
        let taken = |operation, after| {
            (0..1_000).filter(|_| quota.take(operation, start + Duration::from_millis(after)).is_ok()).count()
        };
        assert_eq!(taken(Operation::UpdateFunctionConfiguration, 0), 15);
        assert_eq!(taken(Operation::GetFunctionConfiguration, 200), 3, "all but GetFunction share one quota");
        assert_eq!(taken(Operation::GetFunction, 200), 100);
        assert_eq!(taken(Operation::Invoke, 200), 1_000);
        assert_eq!(taken(Operation::GetAccountSettings, 60_000), 15, "it never holds more than a second's");
    }
}
