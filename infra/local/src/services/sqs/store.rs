//! Queues on disk: each as a whole in a JSON file, and in a log next to it what happened since that was written.
//!
//! A message is one line at the end of the log. The file is written anew when the log has grown larger than the queue, so
//! that a message costs the same in a long queue as in a short one.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::message::Message;
use super::queue::Queue;
use crate::base::stored::{Folder, StoreError};

/// A log of fewer lines is left as it is.
const SHORT: usize = 1_000;

/// The folder of the queues.
pub(crate) struct Store {
    path: PathBuf,
    folder: Folder<Queue>,
}

/// One line of a log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Sent(Message),
    Deleted(Uuid),
}

impl Store {
    pub(crate) fn open(path: PathBuf) -> Result<Store, StoreError> {
        Ok(Store { folder: Folder::open(path.clone())?, path })
    }

    /// All queues, by name.
    pub(crate) fn load(&self) -> Result<BTreeMap<String, Queue>, StoreError> {
        let mut queues = BTreeMap::new();
        for mut queue in self.folder.load()? {
            let log = self.log(&queue.name);
            match fs::read_to_string(&log) {
                Ok(text) => {
                    replay(&mut queue, &text);
                    self.save(&mut queue)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(StoreError::Io { path: log, source }),
            }
            queues.insert(queue.name.clone(), queue);
        }
        Ok(queues)
    }

    /// Writes the whole queue, and begins its log anew.
    pub(crate) fn save(&self, queue: &mut Queue) -> Result<(), StoreError> {
        self.folder.save(&queue.name, queue)?;
        queue.logged = 0;
        remove(&self.log(&queue.name))
    }

    /// Notes a message that is about to be put into the queue.
    pub(crate) fn sent(&self, queue: &mut Queue, message: &Message) -> Result<(), StoreError> {
        self.note(queue, &Step::Sent(message.clone()))
    }

    /// Notes that a message is about to be taken out of the queue.
    pub(crate) fn deleted(&self, queue: &mut Queue, message: Uuid) -> Result<(), StoreError> {
        self.note(queue, &Step::Deleted(message))
    }

    pub(crate) fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.folder.delete(name)?;
        remove(&self.log(name))
    }

    fn note(&self, queue: &mut Queue, step: &Step) -> Result<(), StoreError> {
        if queue.logged > SHORT.max(2 * queue.messages.len()) {
            self.save(queue)?;
        }
        let path = self.log(&queue.name);
        let line = serde_json::to_string(step).expect("strings, numbers and maps of them are JSON") + "\n";
        let written = || -> io::Result<()> {
            let mut log = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
            // In one piece, so that a crash leaves at most one line cut short.
            log.write_all(line.as_bytes())
        };
        written().map_err(|source| StoreError::Io { path: path.clone(), source })?;
        queue.logged += 1;
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.log"))
    }
}

/// Does again what the log says. It may overlap with what the queue holds; a last line that was cut short is left out.
fn replay(queue: &mut Queue, log: &str) {
    let mut known: HashSet<Uuid> = queue.messages.iter().map(|message| message.id).collect();
    let mut deleted = HashSet::new();
    for step in log.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match step {
            Step::Sent(message) if known.insert(message.id) => queue.messages.push(message),
            Step::Sent(_) => {}
            Step::Deleted(id) => {
                deleted.insert(id);
            }
        }
    }
    queue.messages.retain(|message| !deleted.contains(&message.id));
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Io { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    fn message(queue: &Queue, body: &str) -> Message {
        queue.message(body.to_owned(), BTreeMap::new(), None, DateTime::UNIX_EPOCH)
    }

    fn bodies(queue: &Queue) -> Vec<&str> {
        queue.messages.iter().map(|message| message.body.as_str()).collect()
    }

    #[test]
    fn what_was_sent_and_not_deleted_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_owned()).unwrap();
        let mut queue = Queue::new("q", BTreeMap::new(), Utc::now()).unwrap();
        store.save(&mut queue).unwrap();
        for body in ["one", "two", "three"] {
            let message = message(&queue, body);
            store.sent(&mut queue, &message).unwrap();
            queue.messages.push(message);
        }
        let second = queue.messages[1].id;
        store.deleted(&mut queue, second).unwrap();
        // As a crash in the middle of a line leaves it.
        let mut log = OpenOptions::new().append(true).open(folder.path().join("q.log")).unwrap();
        log.write_all(b"{\"sent\":{\"id\":").unwrap();
        let loaded = Store::open(folder.path().to_owned()).unwrap().load().unwrap();
        assert_eq!(bodies(&loaded["q"]), ["one", "three"]);
        assert!(!folder.path().join("q.log").exists(), "it is part of the file now");
        assert_eq!(bodies(&store.load().unwrap()["q"]), ["one", "three"]);
    }

    #[test]
    fn a_message_writes_no_more_to_a_long_queue_than_to_a_short_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_owned()).unwrap();
        let mut queue = Queue::new("q", BTreeMap::new(), Utc::now()).unwrap();
        store.save(&mut queue).unwrap();
        let size = |name: &str| fs::metadata(folder.path().join(name)).map_or(0, |metadata| metadata.len());
        let whole = size("q.json");
        for _ in 0..2_000 {
            let message = message(&queue, "0123456789");
            store.sent(&mut queue, &message).unwrap();
            queue.messages.push(message);
        }
        assert_eq!(size("q.json"), whole, "the whole was not written again");
        // A queue that is emptied as fast as it is filled keeps a short log.
        for _ in 0..5_000 {
            let oldest = queue.messages[0].id;
            store.deleted(&mut queue, oldest).unwrap();
            queue.messages.remove(0);
            let message = message(&queue, "0123456789");
            store.sent(&mut queue, &message).unwrap();
            queue.messages.push(message);
        }
        assert!(queue.logged <= 4_001, "{} lines", queue.logged);
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_queue_and_log_are_read_or_refused(
            text in crate::base::damage::damaged(include_bytes!("../../../tests/fixtures/queue-v1.json")),
            log in crate::base::damage::damaged(b"{\"deleted\":\"00000000-0000-0000-0000-000000000000\"}\n"),
        ) {
            if let Ok(mut queue) = crate::base::stored::parse::<Queue>(&text, Path::new("q.json")) {
                replay(&mut queue, &String::from_utf8_lossy(&log));
            }
        }
    }
}
