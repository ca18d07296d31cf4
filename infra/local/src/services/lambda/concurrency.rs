//! How many invocations run at once, against the account's limit and the function's own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::errors::ThrottleReason;

/// Reservations must leave this much to the functions without one. New accounts have less to leave.
pub(crate) const UNRESERVED_MINIMUM: u32 = 100;

/// Invocations in flight.
pub(crate) struct Concurrency {
    /// `ConcurrentExecutions` of the account.
    limit: u32,
    in_flight: Mutex<InFlight>,
}

#[derive(Default)]
struct InFlight {
    /// Of functions with a reservation.
    reserved: HashMap<String, u32>,
    /// Of all others together.
    unreserved: u32,
}

/// The right to run one invocation, until dropped.
pub(crate) struct Permit {
    concurrency: Arc<Concurrency>,
    /// The function, when it is counted on its own.
    reserved_by: Option<String>,
}

impl Concurrency {
    pub(crate) fn new(limit: u32) -> Arc<Concurrency> {
        Arc::new(Concurrency { limit, in_flight: Mutex::default() })
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// What reservations must leave over.
    pub(crate) fn minimum(&self) -> u32 {
        UNRESERVED_MINIMUM.min(self.limit)
    }

    /// Lets `function` run once more, unless its reservation, or what all reservations leave of the
    /// account's limit, is used up.
    pub(crate) fn acquire(
        self: &Arc<Self>,
        function: &str,
        reserved: Option<u32>,
        reserved_by_all: u32,
    ) -> Result<Permit, ThrottleReason> {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, limit, reason) = if let Some(limit) = reserved {
            (in_flight.reserved.entry(function.to_owned()).or_default(), limit, ThrottleReason::Reserved)
        } else {
            let unreserved = self.limit.saturating_sub(reserved_by_all);
            (&mut in_flight.unreserved, unreserved, ThrottleReason::Account)
        };
        if *count >= limit {
            return Err(reason);
        }
        *count += 1;
        let reserved_by = reserved.map(|_| function.to_owned());
        Ok(Permit { concurrency: Arc::clone(self), reserved_by })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut in_flight = self.concurrency.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.reserved_by {
            None => in_flight.unreserved -= 1,
            Some(function) => {
                if let Some(count) = in_flight.reserved.get_mut(function) {
                    *count -= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_limits_its_function_and_what_the_others_share() {
        let concurrency = Concurrency::new(3);
        let reserved = concurrency.acquire("a", Some(1), 1).ok().unwrap();
        assert_eq!(concurrency.acquire("a", Some(1), 1).err(), Some(ThrottleReason::Reserved));
        let others: Vec<_> = (0..2).map(|_| concurrency.acquire("b", None, 1).ok().unwrap()).collect();
        assert_eq!(concurrency.acquire("c", None, 1).err(), Some(ThrottleReason::Account));
        drop(reserved);
        drop(others);
        assert!(concurrency.acquire("a", Some(1), 1).is_ok() && concurrency.acquire("c", None, 1).is_ok());
    }
}
