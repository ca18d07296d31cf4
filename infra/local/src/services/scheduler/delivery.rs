//! From a tick to its target: the input filled in, attempts, and the dead-letter queue.
//!
//! Attributes of the input and of dead letters: Scheduler User Guide, "Adding context attributes" and "Configuring a
//! dead-letter queue". Attempts are of the hand-over to Lambda's queue of events only; what the function makes of the
//! event is Lambda's own matter.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::Scheduler;
use super::schedule::Schedule;
use crate::base::activity::Activity;
use crate::fault::{RequestFault, When};
use crate::function::account::{ACCOUNT, REGION};
use crate::services::sqs::message::{Attribute, Attributes};

/// Pause after a failed attempt; twice as long after each further one. AWS says "exponential" and no numbers.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// One attempt.
struct Attempt {
    tick: DateTime<Utc>,
    /// Counts from 1.
    number: u32,
    execution_id: String,
}

/// Why an attempt failed.
struct Refusal {
    code: String,
    message: String,
    /// Whether another attempt may help.
    passing: bool,
}

/// Which bound of the retry policy was met. Absent for an error that no retry helps.
type Exhausted = Option<&'static str>;

impl Scheduler {
    /// Invokes the target of `schedule` for `tick`, after a `delay` within its flexible window.
    pub(super) async fn deliver(self: Arc<Self>, schedule: Schedule, tick: DateTime<Utc>, delay: TimeDelta) {
        self.clock.sleep_until(tick + delay).await;
        let began = self.clock.now();
        let mut attempt = Attempt::first(tick);
        let mut pause = FIRST_PAUSE;
        while let Err(refusal) = self.attempt(&schedule, &attempt) {
            let policy = &schedule.target;
            let too_old = self.clock.now() + pause - began > TimeDelta::seconds(policy.event_age_s.into());
            let exhausted = match () {
                () if !refusal.passing => Some(None),
                () if attempt.number > policy.retry_attempts => Some(Some("MaximumRetryAttempts")),
                () if too_old => Some(Some("MaximumEventAgeInSeconds")),
                () => None,
            };
            if let Some(exhausted) = exhausted {
                self.give_up(&schedule, &attempt, &refusal, exhausted);
                break;
            }
            self.clock.sleep_until(self.clock.now() + pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt = attempt.next();
        }
        self.remove_if_over(&schedule);
    }

    fn attempt(&self, schedule: &Schedule, attempt: &Attempt) -> Result<(), Refusal> {
        if let Some(refusal) = self.injected() {
            return Err(refusal);
        }
        let payload = Bytes::from(attempt.input(schedule));
        self.lambda.accept(&schedule.target.arn, &payload).map_err(|error| {
            let (status, code) = error.status_and_code();
            Refusal { code: code.to_owned(), message: error.to_string(), passing: status == 429 || status >= 500 }
        })
    }

    /// Scheduler calls `Invoke` like everybody else, so faults of that call are its faults too.
    fn injected(&self) -> Option<Refusal> {
        let faults = self.lambda.faults().of_request("lambda.Invoke");
        faults.into_iter().find_map(|fault| match fault {
            RequestFault::Reject { status, code } => {
                let throttled = if status == 429 { "TooManyRequestsException" } else { "ServiceException" };
                let code = code.unwrap_or_else(|| throttled.to_owned());
                let passing = status == 429 || status >= 500;
                Some(Refusal { code, message: "injected by the local cloud".to_owned(), passing })
            }
            RequestFault::Drop(When::Before) | RequestFault::Stall(When::Before) => Some(Refusal {
                code: "AWS.Scheduler.InternalServerError".to_owned(),
                message: "Unexpected error occurred while processing the request".to_owned(),
                passing: true,
            }),
            _ => None,
        })
    }

    fn give_up(&self, schedule: &Schedule, attempt: &Attempt, refusal: &Refusal, exhausted: Exhausted) {
        let function = schedule.target.arn.rsplit(':').next().unwrap_or_default().to_owned();
        let event = Bytes::from(attempt.input(schedule));
        self.activity.publish(Activity::GivenUp { function, event, reason: refusal.message.clone() });
        tracing::warn!(schedule = schedule.name, reason = refusal.message, "a tick did not reach its target");
        let Some(queue) = &schedule.target.dead_letter_queue else { return };
        let attributes = attempt.dead_letter_attributes(schedule, refusal, exhausted);
        if let Err(reason) = self.queues.deliver(queue, attempt.input(schedule), attributes) {
            tracing::warn!(schedule = schedule.name, reason, "a dead letter was lost");
        }
    }
}

impl Attempt {
    fn first(tick: DateTime<Utc>) -> Attempt {
        Attempt { tick, number: 1, execution_id: execution_id() }
    }

    fn next(self) -> Attempt {
        Attempt { number: self.number + 1, execution_id: execution_id(), ..self }
    }

    /// What the target gets.
    fn input(&self, schedule: &Schedule) -> String {
        let Some(input) = &schedule.target.input else { return self.notification(schedule) };
        input
            .replace("<aws.scheduler.schedule-arn>", &schedule.arn())
            .replace("<aws.scheduler.scheduled-time>", &seconds(self.tick))
            .replace("<aws.scheduler.execution-id>", &self.execution_id)
            .replace("<aws.scheduler.attempt-number>", &self.number.to_string())
    }

    /// What AWS sends for a schedule without an input. Its `detail` is a text.
    fn notification(&self, schedule: &Schedule) -> String {
        json!({
            "version": "0",
            "id": Uuid::new_v4().to_string(),
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": ACCOUNT,
            "time": seconds(self.tick),
            "region": REGION,
            "resources": [schedule.arn()],
            "detail": "{}",
        })
        .to_string()
    }

    fn dead_letter_attributes(&self, schedule: &Schedule, refusal: &Refusal, exhausted: Exhausted) -> Attributes {
        let mut attributes = Attributes::new();
        let mut put = |name: &str, value: &str| attributes.insert(name.to_owned(), Attribute::string(value));
        put("ERROR_CODE", &refusal.code);
        put("ERROR_MESSAGE", &refusal.message);
        put("EXECUTION_ID", &self.execution_id);
        if let Some(condition) = exhausted {
            put("EXHAUSTED_RETRY_CONDITION", condition);
        }
        put("IS_PAYLOAD_TRUNCATED", "false");
        put("RETRY_ATTEMPTS", &(self.number - 1).to_string());
        put("SCHEDULED_TIME", &seconds(self.tick));
        put("SCHEDULE_ARN", &schedule.arn());
        put("TARGET_ARN", &schedule.target.arn);
        attributes
    }
}

/// Sixteen hex digits, another one for each attempt.
fn execution_id() -> String {
    format!("{:016x}", Uuid::new_v4().as_u64_pair().0)
}

/// `2022-03-22T18:59:43Z`
fn seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
