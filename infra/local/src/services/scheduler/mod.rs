//! The EventBridge Scheduler of the stand-in.
//!
//! | file | holds |
//! |---|---|
//! | `routes` | which operation a request asks for |
//! | `request` | reading and checking what a request says |
//! | `schedule` | a schedule as it is kept, and as the API shows it |
//! | `timetable`, `cron` | when a schedule is due; pure |
//! | `delivery` | from a tick to its target |
//! | `spec` | schedules of the program that embeds the stand-in |
//! | `errors` | AWS's errors and wording |
//!
//! Schedules survive a restart. Ticks that pass while the stand-in is down are not made up for, unlike on AWS, which is
//! never down; of several ticks that a jump of the clock makes due at once, the last one is delivered.

mod cron;
mod delivery;
mod errors;
mod request;
pub(crate) mod routes;
mod schedule;
mod spec;
mod timetable;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use axum::response::Response;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use hyper::Uri;
use serde_json::{Value, json};
use tokio::sync::Notify;

use self::errors::SchedulerError;
use self::request::{Members, check_group, check_name, within};
use self::routes::{Operation, Route};
use self::schedule::{DEFAULT_GROUP, Schedule, epoch};
pub use self::spec::{ScheduleError, ScheduleSpec};
pub use self::timetable::{InvalidExpression, ScheduleExpression};
use crate::base::activity::{Activity, ActivityFeed};
use crate::base::background::BackgroundTasks;
use crate::base::clock::Clock;
use crate::base::stored::{Folder, StoreError};
use crate::function::account::schedule_group_arn;
use crate::services::lambda::Lambda;
use crate::services::sqs::Queues;
use crate::wire::connections::json as respond;
use crate::wire::query::Query;

/// Largest page of a list.
const PAGE: usize = 100;

/// The service.
pub(crate) struct Scheduler {
    schedules: Mutex<BTreeMap<String, Entry>>,
    folder: Folder<Schedule>,
    /// Since when the group has been there.
    opened: DateTime<Utc>,
    clock: Arc<Clock>,
    lambda: Arc<Lambda>,
    queues: Arc<Queues>,
    tasks: Arc<BackgroundTasks>,
    activity: ActivityFeed,
    /// Rings when a schedule was made, changed or deleted.
    changed: Arc<Notify>,
}

/// What the scheduler works with.
pub(crate) struct Dependencies {
    pub clock: Arc<Clock>,
    pub lambda: Arc<Lambda>,
    pub queues: Arc<Queues>,
    pub tasks: Arc<BackgroundTasks>,
    pub activity: ActivityFeed,
}

struct Entry {
    schedule: Schedule,
    /// The next tick. None when there is no more, and while it is disabled.
    next: Option<DateTime<Utc>>,
}

impl Scheduler {
    /// Opens the schedules kept in `folder`. They are delivered only if `delivers`.
    pub(crate) fn open(
        folder: &Path,
        dependencies: Dependencies,
        delivers: bool,
    ) -> Result<Arc<Scheduler>, StoreError> {
        let Dependencies { clock, lambda, queues, tasks, activity } = dependencies;
        let folder = Folder::open(folder.join("schedules"))?;
        let opened = clock.now();
        let loaded = folder.load()?.into_iter().map(|schedule| Entry::from(schedule, opened));
        let schedules = Mutex::new(loaded.map(|entry| (entry.schedule.name.clone(), entry)).collect());
        let changed = Arc::new(Notify::new());
        let service =
            Arc::new(Scheduler { schedules, folder, opened, clock, lambda, queues, tasks, activity, changed });
        if delivers {
            let (clock, changed) = (Arc::clone(&service.clock), Arc::clone(&service.changed));
            service.tasks.spawn(keep_time(Arc::downgrade(&service), clock, changed));
        }
        Ok(service)
    }

    /// Answers one operation.
    pub(crate) fn answer(&self, route: &Route, uri: &Uri, body: &[u8]) -> Response {
        let query = Query::of(uri);
        let name = route.name.as_str();
        let answered = match route.operation {
            Operation::CreateSchedule => Members::read(body).and_then(|members| self.create(name, members)),
            Operation::UpdateSchedule => Members::read(body).and_then(|members| self.update(name, members)),
            Operation::GetSchedule => self.get(name, query.get("groupName")),
            Operation::DeleteSchedule => self.delete(name, query.get("groupName")),
            Operation::ListSchedules => self.list(&query),
            Operation::GetScheduleGroup => check_group(Some(name)).map(|()| self.describe_group()),
            Operation::ListScheduleGroups => {
                let wanted = query.get("NamePrefix").is_none_or(|prefix| DEFAULT_GROUP.starts_with(prefix));
                Ok(json!({ "ScheduleGroups": if wanted { vec![self.describe_group()] } else { vec![] } }))
            }
        };
        match answered {
            Ok(shown) => respond(200, &shown),
            Err(error) => error.response(),
        }
    }

    fn create(&self, name: &str, members: Members) -> Result<Value, SchedulerError> {
        let schedule = members.into_schedule(name, self.clock.now().trunc_subsecs(0))?;
        let mut schedules = self.lock();
        if let Some(present) = schedules.get(name) {
            let same = schedule.client_token.is_some() && present.schedule.client_token == schedule.client_token;
            return if same {
                Ok(json!({ "ScheduleArn": schedule.arn() }))
            } else {
                Err(SchedulerError::Exists(name.to_owned()))
            };
        }
        self.put(&mut schedules, schedule)
    }

    fn update(&self, name: &str, members: Members) -> Result<Value, SchedulerError> {
        let mut changed = members.into_schedule(name, self.clock.now().trunc_subsecs(0))?;
        let mut schedules = self.lock();
        let present = &schedules.get(name).ok_or_else(|| not_found(name))?.schedule;
        changed.created = present.created;
        changed.client_token.clone_from(&present.client_token);
        self.put(&mut schedules, changed)
    }

    fn put(&self, schedules: &mut BTreeMap<String, Entry>, schedule: Schedule) -> Result<Value, SchedulerError> {
        self.folder.save(&schedule.name, &schedule)?;
        let (arn, name, modified) = (schedule.arn(), schedule.name.clone(), schedule.modified);
        schedules.insert(name, Entry::from(schedule, modified));
        self.changed.notify_one();
        Ok(json!({ "ScheduleArn": arn }))
    }

    fn get(&self, name: &str, group: Option<&str>) -> Result<Value, SchedulerError> {
        check_group(group)?;
        self.lock().get(name).map(|entry| entry.schedule.describe()).ok_or_else(|| not_found(name))
    }

    fn delete(&self, name: &str, group: Option<&str>) -> Result<Value, SchedulerError> {
        check_group(group)?;
        self.lock().remove(name).ok_or_else(|| not_found(name))?;
        self.folder.delete(name)?;
        self.changed.notify_one();
        Ok(json!({}))
    }

    fn list(&self, query: &Query) -> Result<Value, SchedulerError> {
        let most = match query.get("MaxResults") {
            None => PAGE,
            Some(text) => within("maxResults", text.parse().unwrap_or(0), 1, 100)? as usize,
        };
        let prefix = query.get("NamePrefix").unwrap_or_default();
        if !prefix.is_empty() {
            check_name("namePrefix", prefix)?;
        }
        check_group(query.get("ScheduleGroup"))?;
        let state = query.get("State");
        let after = query.get("NextToken").unwrap_or_default();
        let schedules = self.lock();
        let wanted = |schedule: &Schedule| {
            let in_state = state.is_none_or(|state| (state == "ENABLED") == schedule.enabled);
            in_state && schedule.name.starts_with(prefix) && schedule.name.as_str() > after
        };
        let mut rest = schedules.values().map(|entry| &entry.schedule).filter(|schedule| wanted(schedule)).peekable();
        let page: Vec<&Schedule> = rest.by_ref().take(most).collect();
        let mut shown = json!({ "Schedules": page.iter().map(|schedule| schedule.summary()).collect::<Vec<_>>() });
        if let (Some(_), Some(last)) = (rest.peek(), page.last()) {
            shown["NextToken"] = last.name.as_str().into();
        }
        Ok(shown)
    }

    fn describe_group(&self) -> Value {
        json!({
            "Arn": schedule_group_arn(DEFAULT_GROUP),
            "CreationDate": epoch(self.opened),
            "LastModificationDate": epoch(self.opened),
            "Name": DEFAULT_GROUP,
            "State": "ACTIVE",
        })
    }

    /// Starts the delivery of every tick that is due. Returns the time of the next one.
    fn deliver_due(self: &Arc<Self>) -> Option<DateTime<Utc>> {
        let now = self.clock.now();
        let mut schedules = self.lock();
        for entry in schedules.values_mut() {
            let Some((tick, behind)) = entry.take_due(now) else { continue };
            let schedule = entry.schedule.clone();
            if behind > 0 {
                tracing::warn!(schedule = schedule.name, behind, "ticks are left out: the clock jumped over them");
            }
            self.activity.publish(Activity::Tick { schedule: schedule.name.clone(), scheduled_time: tick });
            let delay = delay(schedule.window_minutes, rand::random());
            self.tasks.spawn(Arc::clone(self).deliver(schedule, tick, delay));
        }
        schedules.values().filter_map(|entry| entry.next).min()
    }

    /// Deletes a schedule that wants it and will not be due again, unless it has been changed meanwhile.
    fn remove_if_over(&self, delivered: &Schedule) {
        let mut schedules = self.lock();
        let over = schedules.get(&delivered.name).is_some_and(|entry| {
            let unchanged = entry.schedule.modified == delivered.modified;
            unchanged && entry.next.is_none() && delivered.deleted_when_over
        });
        if over {
            schedules.remove(&delivered.name);
            if let Err(error) = self.folder.delete(&delivered.name) {
                tracing::warn!(%error, "a finished schedule could not be deleted");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.schedules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn from(schedule: Schedule, from: DateTime<Utc>) -> Entry {
        let next = schedule.timetable().and_then(|timetable| timetable.at_or_after(from));
        Entry { schedule, next }
    }

    /// The tick that is due, and how many are left out because they were due before it.
    fn take_due(&mut self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, u64)> {
        let first = self.next.filter(|next| *next <= now)?;
        let timetable = self.schedule.timetable()?;
        let (due, behind) = timetable.last_due(first, now);
        self.next = timetable.at_or_after(due + TimeDelta::seconds(1));
        Some((due, behind))
    }
}

/// Delivers what is due, over and over, until the scheduler is gone.
async fn keep_time(scheduler: Weak<Scheduler>, clock: Arc<Clock>, changed: Arc<Notify>) {
    loop {
        let next = match scheduler.upgrade() {
            Some(scheduler) => scheduler.deliver_due(),
            None => return,
        };
        let rest = async {
            match next {
                Some(next) => clock.sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rest => {}
            () = changed.notified() => {}
        }
    }
}

/// Somewhere within the flexible window; `chance` is from 0 to 1.
fn delay(window_minutes: Option<u32>, chance: f64) -> TimeDelta {
    let seconds = f64::from(window_minutes.unwrap_or(0)) * 60.0 * chance;
    #[expect(clippy::cast_possible_truncation, reason = "a day at most")]
    TimeDelta::milliseconds((seconds * 1000.0) as i64)
}

fn not_found(name: &str) -> SchedulerError {
    SchedulerError::NotFound("Schedule", name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_stays_within_its_window() {
        assert_eq!(delay(None, 0.9), TimeDelta::zero());
        assert_eq!(delay(Some(10), 0.0), TimeDelta::zero());
        assert_eq!(delay(Some(10), 0.5), TimeDelta::minutes(5));
    }

    #[test]
    fn version_1_always_loads() {
        let text = include_bytes!("../../../tests/fixtures/schedule-v1.json");
        let schedule: Schedule = crate::base::stored::parse(text, Path::new("schedule-v1.json")).unwrap();
        assert_eq!(serde_json::to_value(&schedule).unwrap(), serde_json::from_slice::<Value>(text).unwrap());
        let next = Entry::from(schedule, "2026-01-31T18:03:00Z".parse().unwrap()).next;
        assert_eq!(next, Some("2026-01-31T18:05:00Z".parse().unwrap()));
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused(
            text in crate::base::damage::damaged(include_bytes!("../../../tests/fixtures/schedule-v1.json")),
        ) {
            if let Ok(schedule) = crate::base::stored::parse::<Schedule>(&text, Path::new("s.json")) {
                let _ = Entry::from(schedule, "2026-01-31T18:03:00Z".parse().unwrap()).next;
            }
        }
    }
}
