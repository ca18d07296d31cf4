//! What happens in the stand-in by itself, told to whoever embeds it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;

/// News that a slow listener may fall behind; older ones are lost to it then.
const KEPT: usize = 1_024;

/// Something nobody asked for in a request of the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// A schedule was due.
    Tick {
        /// Name of the schedule.
        schedule: String,
        /// What `<aws.scheduler.scheduled-time>` stands for.
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

/// The sending end. Nobody need listen.
#[derive(Clone)]
pub(crate) struct Newsroom(broadcast::Sender<News>);

impl Newsroom {
    pub(crate) fn new() -> Newsroom {
        Newsroom(broadcast::Sender::new(KEPT))
    }

    pub(crate) fn tell(&self, news: News) {
        // An error means that nobody listens.
        let _ = self.0.send(news);
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<News> {
        self.0.subscribe()
    }
}
