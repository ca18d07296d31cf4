//! The folder with everything in it, and which process uses it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::StartError;

/// The folder with everything in it.
pub(crate) struct State {
    pub path: PathBuf,
    /// Locked while the stand-in runs. It says where the stand-in answers.
    lock: File,
    /// Removes the folder at the end when it was a temporary one.
    temporary: Option<TempDir>,
}

impl State {
    pub(crate) fn open(chosen: Option<&Path>) -> Result<State, StartError> {
        let temporary = match chosen {
            Some(_) => None,
            None => {
                Some(tempfile::tempdir().map_err(|source| StartError::State { path: std::env::temp_dir(), source })?)
            }
        };
        let path = temporary.as_ref().map(TempDir::path).or(chosen).unwrap_or(Path::new(".")).to_owned();
        let opened = || -> io::Result<(PathBuf, File)> {
            fs::create_dir_all(&path)?;
            let lock = File::options().create(true).truncate(false).read(true).write(true).open(path.join("lock"))?;
            // Functions run in their own folder, so every path handed to them is absolute.
            Ok((fs::canonicalize(&path)?, lock))
        };
        let (path, lock) = opened().map_err(|source| StartError::State { path: path.clone(), source })?;
        match lock.try_lock() {
            Ok(()) => Ok(State { path, lock, temporary }),
            Err(TryLockError::WouldBlock) => Err(StartError::StateInUse { path, endpoint: read_endpoint(lock) }),
            Err(TryLockError::Error(source)) => Err(StartError::State { path, source }),
        }
    }

    /// Writes where the stand-in answers.
    pub(crate) fn announce(&self, endpoint: &str) -> Result<(), StartError> {
        let mut lock = &self.lock;
        let written = lock.set_len(0).and_then(|()| lock.write_all(format!("{endpoint}\n").as_bytes()));
        written.map_err(|source| StartError::State { path: self.path.clone(), source })
    }

    /// The local cloud has stopped. A temporary folder is removed.
    pub(crate) fn close(self) {
        self.forget_address();
        drop(self.temporary);
    }

    /// The address is no longer right.
    fn forget_address(&self) {
        if let Err(error) = self.lock.set_len(0) {
            tracing::warn!(%error, "the state folder still names this local cloud's address");
        }
    }
}

fn read_endpoint(mut lock: File) -> Option<String> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    text.strip_suffix('\n').filter(|endpoint| endpoint.starts_with("http://")).map(str::to_owned)
}
