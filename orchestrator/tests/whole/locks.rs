//! Locks between machines whose clocks differ.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use coldwatch::aws::{Claim, Takeable};
use coldwatch::measure::context::Clock;
use coldwatch::measure::lease::Lease;
use tokio::time::{Instant, timeout};

use crate::stage::Stage;

const LENGTH: Duration = Duration::from_millis(600);

/// A clock that is this far ahead.
fn ahead(by: TimeDelta) -> Clock {
    Arc::new(move || Utc::now() + by)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_renewed_is_not_taken_whatever_the_clocks_say() {
    let stage = Stage::set().await;
    let (store, key) = (&stage.aws.store, || "f".to_owned());
    let held = Lease::take(store, &ahead(TimeDelta::zero()), LENGTH, key(), "alive").await.expect("the table is there");
    let held = held.expect("it is free");
    let before = stage.calls().await.len();
    let thief = ahead(TimeDelta::minutes(2));
    let busy = Lease::take(store, &thief, LENGTH, key(), "thief").await.expect("the table is there");
    assert_eq!(busy.expect_err("its holder lives").holder, "alive");
    let calls = stage.calls().await.len() - before;
    assert!(calls <= 14, "{calls} calls to see that it lives");
    assert!(held.holds().await);
    held.give_back().await;
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_a_dead_holder_is_inherited_after_one_lease_whatever_its_clock_said() {
    let stage = Stage::set().await;
    let (store, clock) = (&stage.aws.store, ahead(TimeDelta::zero()));
    for (key, until) in [("a", TimeDelta::hours(1)), ("b", -TimeDelta::minutes(2)), ("c", -TimeDelta::days(1))] {
        let dead = Takeable::RunOut(Utc::now());
        let claim = store.claim(key, "dead", dead, Utc::now() + until).await.expect("the table is there");
        assert_eq!(claim, Claim::Granted);
        let began = Instant::now();
        let taken = timeout(5 * LENGTH, Lease::inherit(store, &clock, LENGTH, key.to_owned(), "heir")).await;
        let lease = taken.expect("it does not wait longer").expect("the table is there").expect("nobody renews it");
        assert_eq!(began.elapsed() < LENGTH / 2, key == "c", "only what any clock calls old is taken at once");
        lease.give_back().await;
    }
    stage.cloud.stop().await;
}
