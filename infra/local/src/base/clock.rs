//! The time that schedules, retries and queues go by: the system's, moved ahead on demand.
//!
//! A test that must not wait five minutes moves the clock instead; see `own_api`.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

/// Longest sleep without a look at the clock: the system's clock may be set meanwhile, and a laptop that is closed stops
/// the timers of its programs, but not time.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// A clock that only ever jumps forwards.
pub(crate) struct Clock {
    ahead: watch::Sender<TimeDelta>,
}

impl Clock {
    pub(crate) fn new() -> Arc<Clock> {
        Arc::new(Clock { ahead: watch::Sender::new(TimeDelta::zero()) })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        Utc::now() + *self.ahead.borrow()
    }

    /// Jumps. Whoever sleeps until a time that has come thereby wakes up.
    pub(crate) fn advance(&self, by: TimeDelta) {
        self.ahead.send_modify(|ahead| *ahead += by);
    }

    /// Returns once it is `time`, at once if that has passed.
    pub(crate) async fn sleep_until(&self, time: DateTime<Utc>) {
        let mut jumps = self.ahead.subscribe();
        while let Ok(left) = (time - self.now()).to_std()
            && !left.is_zero()
        {
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
                // The sender is this clock's own: it cannot be gone.
                _ = jumps.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_jump_wakes_sleepers_whose_time_has_come_and_no_others() {
        let clock = Clock::new();
        let (hour, day) = (clock.now() + TimeDelta::hours(1), clock.now() + TimeDelta::days(1));
        let (sleeper, late) = (Arc::clone(&clock), Arc::clone(&clock));
        let sleeper = tokio::spawn(async move { sleeper.sleep_until(hour).await });
        let late = tokio::spawn(async move { late.sleep_until(day).await });
        clock.advance(TimeDelta::hours(2));
        sleeper.await.unwrap();
        assert!(!late.is_finished());
        late.abort();
        clock.sleep_until(hour).await;
    }
}
