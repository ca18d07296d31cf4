//! The folder with everything in it: which process uses it, and whether it can be trusted.
//!
//! A folder like that decides which code runs. One that came with a repository or an archive is not used: the file
//! `key.json` names the folder's number and the time it was made on this machine, which no copy has. The file also holds
//! the secret from which all keys are derived, so that other users cannot read it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use uuid::Uuid;

use super::error::StartError;
use crate::base::keys::{Access, Keyring};

const KEY_FILE: &str = "key.json";
const AUTHORITY_FILE: &str = "authority.pem";
const VERSION: u32 = 1;

/// The folder with everything in it.
pub(crate) struct State {
    pub path: PathBuf,
    /// From which all keys are derived.
    pub secret: String,
    /// Locked while the stand-in runs. It says where the stand-in answers.
    lock: File,
    /// Removes the folder at the end when it was a temporary one.
    temporary: Option<TempDir>,
}

/// `key.json`.
#[derive(Serialize, Deserialize)]
struct KeyFile {
    version: u32,
    secret: String,
    folder: FolderIdentity,
}

/// What a copy of the folder does not have in common with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FolderIdentity {
    inode: u64,
    /// When it was made, in nanoseconds since 1970. Absent where the file system does not know.
    made_ns: Option<u64>,
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
        let failed = |source| StartError::State { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(failed)?;
        // Functions run in their own folder, so every path handed to them is absolute.
        let path = fs::canonicalize(&path).map_err(failed)?;
        check_owner(&path)?;
        let failed = |source| StartError::State { path: path.clone(), source };
        let lock = open_lock(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StartError::StateInUse { endpoint: read_endpoint(lock), path });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let secret = read_secret(&path)?.map_or_else(|| make_secret(&path), Ok)?;
        // A killed local cloud left its address there.
        lock.set_len(0).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(State { path, secret, lock, temporary })
    }

    /// Writes where the stand-in answers.
    pub(crate) fn announce(&self, endpoint: &str) -> Result<(), StartError> {
        let mut lock = &self.lock;
        let written = lock.set_len(0).and_then(|()| lock.write_all(format!("{endpoint}\n").as_bytes()));
        written.map_err(|source| StartError::State { path: self.path.clone(), source })
    }

    /// The certificate that clients must trust, if there is TLS.
    pub(crate) fn authority(&self) -> PathBuf {
        self.path.join(AUTHORITY_FILE)
    }

    /// Writes the certificate of the authority, or removes the one of an earlier local cloud.
    pub(crate) fn publish_authority(&self, pem: Option<&str>) -> Result<(), StartError> {
        let path = self.authority();
        let done = match pem {
            Some(pem) => fs::write(&path, pem),
            None => {
                fs::remove_file(&path).or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
            }
        };
        done.map_err(|source| StartError::State { path, source })
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

/// Where the local cloud of a state folder answers; none if no process serves it.
pub fn served_at(folder: &Path) -> Option<String> {
    let lock = OpenOptions::new().read(true).custom_flags(no_follow()).open(folder.join("lock")).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => read_endpoint(lock),
        _ => None,
    }
}

/// The certificate to trust for TLS with the local cloud of a state folder; none if it speaks none.
pub fn authority_of(folder: &Path) -> Option<PathBuf> {
    Some(folder.join(AUTHORITY_FILE)).filter(|file| file.is_file())
}

/// The key and token of a state folder that a local cloud has used.
pub fn access_of(folder: &Path) -> Result<Access, StartError> {
    let untrusted = |reason: &str| StartError::Untrusted { path: folder.to_owned(), reason: reason.to_owned() };
    let path = fs::canonicalize(folder).map_err(|source| StartError::State { path: folder.to_owned(), source })?;
    check_owner(&path)?;
    let secret = read_secret(&path)?.ok_or_else(|| untrusted("no local cloud has used it yet"))?;
    Ok(Keyring::new(secret, Vec::new()).access())
}

fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(0o600);
    options.custom_flags(no_follow()).open(path.join("lock"))
}

/// A link in the folder could lead to any file.
fn no_follow() -> i32 {
    i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

fn read_endpoint(mut lock: File) -> Option<String> {
    let mut text = String::new();
    lock.read_to_string(&mut text).ok()?;
    let port = text.strip_suffix('\n')?.strip_prefix("http://127.0.0.1:")?;
    port.parse::<u16>().ok().map(|port| format!("http://127.0.0.1:{port}"))
}

fn check_owner(path: &Path) -> Result<(), StartError> {
    let metadata = fs::metadata(path).map_err(|source| StartError::State { path: path.to_owned(), source })?;
    if metadata.uid() == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    Err(StartError::Untrusted { path: path.to_owned(), reason: "it belongs to another user".to_owned() })
}

/// The folder's secret, if the folder is one that this program made here. None for a folder without anything in it.
fn read_secret(path: &Path) -> Result<Option<String>, StartError> {
    let untrusted = |reason: String| StartError::Untrusted { path: path.to_owned(), reason };
    let failed = |source| StartError::State { path: path.to_owned(), source };
    let file = path.join(KEY_FILE);
    let mut opened = match OpenOptions::new().read(true).custom_flags(no_follow()).open(&file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut names = fs::read_dir(path).map_err(failed)?.flatten().map(|entry| entry.file_name());
            return match names.find(|name| name != "lock" && !name.to_string_lossy().starts_with(".tmp")) {
                None => Ok(None),
                Some(name) => Err(untrusted(format!("it holds `{}` but no {KEY_FILE}", name.display()))),
            };
        }
        Err(source) => return Err(failed(source)),
    };
    let metadata = opened.metadata().map_err(failed)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(untrusted(format!("its {KEY_FILE} can be read by other users")));
    }
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(failed)?;
    let key: KeyFile = serde_json::from_str(&text).map_err(|error| untrusted(format!("its {KEY_FILE}: {error}")))?;
    if key.version > VERSION {
        return Err(untrusted(format!("its {KEY_FILE} is of a newer program: version {}", key.version)));
    }
    if key.folder != identity(path).map_err(failed)? {
        return Err(untrusted("it is a copy: this program did not make it here".to_owned()));
    }
    Ok(Some(key.secret))
}

fn make_secret(path: &Path) -> Result<String, StartError> {
    let failed = |source| StartError::State { path: path.to_owned(), source };
    // Two random UUIDs, 244 bits.
    let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let key = KeyFile { version: VERSION, secret: secret.clone(), folder: identity(path).map_err(failed)? };
    let text = serde_json::to_vec(&key).expect("strings and numbers are JSON");
    // A named temporary file can be read by nobody else.
    let mut file = tempfile::NamedTempFile::new_in(path).map_err(failed)?;
    file.write_all(&text).map_err(failed)?;
    file.persist(path.join(KEY_FILE)).map_err(|error| failed(error.error))?;
    Ok(secret)
}

fn identity(path: &Path) -> io::Result<FolderIdentity> {
    let metadata = fs::metadata(path)?;
    let made = metadata.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok());
    let made_ns = made.and_then(|made| u64::try_from(made.as_nanos()).ok());
    Ok(FolderIdentity { inode: metadata.ino(), made_ns })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(folder: &Path) -> String {
        State::open(Some(folder)).err().expect("it is refused").to_string()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn the_folder_and_its_key_are_the_users_own_and_stay() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("state");
        let state = State::open(Some(&folder)).unwrap();
        let secret = state.secret.clone();
        assert_eq!((mode(&folder), mode(&folder.join(KEY_FILE)), mode(&folder.join("lock"))), (0o700, 0o600, 0o600));
        state.close();
        let again = State::open(Some(&folder)).unwrap();
        assert_eq!(again.secret, secret);
        assert_eq!(access_of(&folder).unwrap(), Keyring::new(secret, Vec::new()).access());
    }

    #[test]
    fn a_folder_that_came_with_something_else_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let planted = scratch.path().join("planted");
        fs::create_dir_all(planted.join("code")).unwrap();
        assert!(refused(&planted).contains("it holds `code` but no key.json"), "{}", refused(&planted));
        // A key file that was made elsewhere does not help.
        let made = scratch.path().join("made");
        State::open(Some(&made)).unwrap().close();
        fs::copy(made.join(KEY_FILE), planted.join(KEY_FILE)).unwrap();
        fs::set_permissions(planted.join(KEY_FILE), Permissions::from_mode(0o600)).unwrap();
        assert!(refused(&planted).contains("it is a copy"), "{}", refused(&planted));
        fs::set_permissions(made.join(KEY_FILE), Permissions::from_mode(0o644)).unwrap();
        assert!(refused(&made).contains("can be read by other users"), "{}", refused(&made));
    }

    #[test]
    fn a_stale_or_planted_address_is_forgotten() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("state");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("lock"), "http://127.0.0.1:14777\n").unwrap();
        assert_eq!(served_at(&folder), None, "nobody serves it");
        let state = State::open(Some(&folder)).unwrap();
        assert_eq!(served_at(&folder), None, "it serves nobody yet");
        let in_use = State::open(Some(&folder)).err().unwrap();
        assert!(matches!(in_use, StartError::StateInUse { endpoint: None, .. }), "{in_use:?}");
        state.announce("http://127.0.0.1:14778").unwrap();
        assert_eq!(served_at(&folder).as_deref(), Some("http://127.0.0.1:14778"));
        state.announce("http://169.254.169.254:80").unwrap();
        assert_eq!(served_at(&folder), None, "only loopback is believed");
    }

    #[test]
    fn a_link_instead_of_the_lock_is_not_followed() {
        let scratch = tempfile::tempdir().unwrap();
        let (folder, precious) = (scratch.path().join("state"), scratch.path().join("precious"));
        fs::create_dir(&folder).unwrap();
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, folder.join("lock")).unwrap();
        assert!(State::open(Some(&folder)).is_err());
        assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    }
}
