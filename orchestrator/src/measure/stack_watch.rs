//! Whether `CloudFormation` is changing the stack of a target. Its update and ours would meet with a 409, and `CloudFormation`
//! then fails.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::aws::{AwsError, Stacks};

/// How long an answer is good for the other functions of a stack.
const HOLDS: Duration = Duration::from_secs(10);

/// What a run knows of stacks.
#[derive(Debug, Default)]
pub struct StackWatch {
    seen: Mutex<BTreeMap<String, Seen>>,
    /// An error was given back; another one is not.
    told: AtomicBool,
    /// The service does not answer.
    gave_up: AtomicBool,
}

#[derive(Debug, Clone)]
struct Seen {
    at: Instant,
    change: Option<String>,
}

impl StackWatch {
    /// The status of a stack that is being changed, such as `UPDATE_IN_PROGRESS`; `None` if it is not, is gone, or
    /// cannot be seen. The first error is given back. If the service does not answer at all, it is not asked again.
    pub async fn change(&self, stacks: &Stacks, stack: &str) -> Result<Option<String>, AwsError> {
        let mut seen = self.seen.lock().await;
        if self.gave_up.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if let Some(known) = seen.get(stack).filter(|known| known.at.elapsed() < HOLDS) {
            return Ok(known.change.clone());
        }
        let change = match stacks.status(stack).await {
            Ok(status) => status.filter(|status| status.ends_with("_IN_PROGRESS")),
            Err(error) if error.code() == Some("ValidationError") => None,
            Err(error) => {
                self.gave_up.store(error.code().is_none(), Ordering::Relaxed);
                if !self.told.swap(true, Ordering::Relaxed) {
                    return Err(error);
                }
                None
            }
        };
        seen.insert(stack.to_owned(), Seen { at: Instant::now(), change: change.clone() });
        Ok(change)
    }
}
