//! What happens without a request, for the program that embeds the stand-in.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

/// How far a slow subscriber may fall behind; it loses what is older.
const BACKLOG: usize = 1_024;

/// Something that happened without a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A schedule was due.
    Tick {
        /// Name of the schedule.
        schedule: String,
        /// The value of `<aws.scheduler.scheduled-time>`.
        scheduled_time: DateTime<Utc>,
    },
    /// An asynchronous invocation was run once; after a function error there may be another attempt.
    Attempt {
        /// Name of the function.
        function: String,
        /// What it was sent.
        event: Bytes,
        /// What it answered, or its error.
        answer: Bytes,
        /// Whether that is an error.
        function_error: bool,
    },
    /// An event or a tick was given up.
    GivenUp {
        /// Name of the function.
        function: String,
        /// What it was, or would have been, sent.
        event: Bytes,
        /// Why, in AWS's words.
        reason: String,
    },
}

/// The sending end. It works without subscribers too.
#[derive(Clone)]
pub(crate) struct ActivityFeed(broadcast::Sender<Activity>);

impl ActivityFeed {
    pub(crate) fn new() -> ActivityFeed {
        ActivityFeed(broadcast::Sender::new(BACKLOG))
    }

    pub(crate) fn publish(&self, happened: Activity) {
        // An error means that nobody has subscribed.
        let _ = self.0.send(happened);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Activity> {
        self.0.subscribe()
    }
}
