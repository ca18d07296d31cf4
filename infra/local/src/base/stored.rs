//! Things of one kind on disk: one JSON file each, replaced whole.

use std::fs;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Why things cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or a file in it.
    #[error("`{}` cannot be read or written: {source}", .path.display())]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that this program did not write.
    #[error("`{}` was not written by this program: {source}; move it away to go on without it", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// A form that only a newer program knows.
    #[error("`{}` was written by a newer program: version {version}, this one knows {known}", .path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The version this program writes.
        known: u32,
    },
}

/// The stored form of a thing. It has a member `version`.
pub(crate) trait Stored: Serialize + DeserializeOwned {
    /// What this program writes.
    const VERSION: u32;
}

/// The folder of the files of one kind.
pub(crate) struct Folder<T> {
    path: PathBuf,
    kind: PhantomData<fn() -> T>,
}

/// Looked at first, so that a newer file is recognised before its members are read.
#[derive(Deserialize)]
struct Header {
    version: NonZeroU32,
}

impl<T: Stored> Folder<T> {
    pub(crate) fn open(path: PathBuf) -> Result<Folder<T>, StoreError> {
        fs::create_dir_all(&path).map_err(|source| StoreError::Io { path: path.clone(), source })?;
        Ok(Folder { path, kind: PhantomData })
    }

    /// Everything in the folder, in no order.
    pub(crate) fn load(&self) -> Result<Vec<T>, StoreError> {
        let failed = |source| StoreError::Io { path: self.path.clone(), source };
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&path).map_err(failed)?;
                all.push(parse(&text, &path)?);
            }
        }
        Ok(all)
    }

    /// Writes `thing` under `name`: after a crash, the file holds either its old state or this one.
    pub(crate) fn save(&self, name: &str, thing: &T) -> Result<(), StoreError> {
        let path = self.file(name);
        let text = serde_json::to_vec_pretty(thing).expect("strings, numbers and maps of them are JSON");
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
            file.write_all(&text)?;
            file.persist(&path)?;
            Ok(())
        };
        written().map_err(|source| StoreError::Io { path: path.clone(), source })
    }

    pub(crate) fn delete(&self, name: &str) -> Result<(), StoreError> {
        let path = self.file(name);
        fs::remove_file(&path).map_err(|source| StoreError::Io { path, source })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(format!("{name}.json"))
    }
}

/// One file's content.
pub(crate) fn parse<T: Stored>(text: &[u8], path: &Path) -> Result<T, StoreError> {
    let unreadable = |source| StoreError::Unreadable { path: path.to_owned(), source };
    let header: Header = serde_json::from_slice(text).map_err(unreadable)?;
    let version = header.version.get();
    if version > T::VERSION {
        return Err(StoreError::TooNew { path: path.to_owned(), version, known: T::VERSION });
    }
    serde_json::from_slice(text).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        version: u32,
        colour: String,
    }

    impl Stored for Thing {
        const VERSION: u32 = 1;
    }

    #[test]
    fn what_was_saved_is_loaded_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let things = Folder::<Thing>::open(folder.path().join("things")).unwrap();
        things.save("a", &Thing { version: 1, colour: "red".to_owned() }).unwrap();
        things.save("a", &Thing { version: 1, colour: "blue".to_owned() }).unwrap();
        assert_eq!(things.load().unwrap(), [Thing { version: 1, colour: "blue".to_owned() }]);
        things.delete("a").unwrap();
        assert_eq!(things.load().unwrap(), []);
    }

    #[test]
    fn a_newer_file_and_a_strange_one_are_refused_and_named() {
        let refused = |text: &str| parse::<Thing>(text.as_bytes(), Path::new("a.json")).unwrap_err().to_string();
        let newer = "`a.json` was written by a newer program: version 2, this one knows 1";
        assert_eq!(refused(r#"{"version":2,"shape":"round"}"#), newer);
        assert!(refused(r#"{"version":0,"colour":"red"}"#).contains("expected a nonzero u32"));
        assert!(refused(r#"{"version":1}"#).starts_with("`a.json` was not written by this program: missing field"));
    }
}
