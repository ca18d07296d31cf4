//! Background tasks that end when the stand-in does.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tokio::task::JoinSet;

/// Invocations, launches and settling updates on their way.
pub(crate) struct BackgroundTasks {
    /// Absent once the stand-in stops: nothing new starts then.
    running: Mutex<Option<JoinSet<()>>>,
}

impl BackgroundTasks {
    pub(crate) fn new() -> BackgroundTasks {
        BackgroundTasks { running: Mutex::new(Some(JoinSet::new())) }
    }

    /// Runs `task` until it is done or the stand-in stops.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(running) = &mut *self.running.lock().unwrap_or_else(PoisonError::into_inner) {
            while running.try_join_next().is_some() {}
            running.spawn(task);
        }
    }

    /// Stops all tasks at once.
    pub(crate) async fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut running) = running {
            running.shutdown().await;
        }
    }
}
