//! Functions on disk: one JSON file each, replaced whole.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::function::{Alias, Configuration, Function, Update};

/// The form this code writes. Older ones stay readable; see the fixture of each in the tests.
const VERSION: u32 = 1;

/// Why functions cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or a file in it.
    #[error("functions cannot be kept in `{}`: {source}", .path.display())]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file that this program did not write.
    #[error("`{}` is not a function of this program: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },
    /// A form that only a newer program knows.
    #[error("`{}` was written by a newer program: version {version}, this one knows {VERSION}", .path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

/// The folder of the files.
pub(crate) struct Store {
    folder: PathBuf,
}

/// Looked at first, so that a newer file is recognised before its members are read.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct StoredFunction {
    version: u32,
    latest: Configuration,
    versions: Vec<Configuration>,
    next_version: u64,
    aliases: BTreeMap<String, Alias>,
    reserved_concurrency: Option<u32>,
    tags: BTreeMap<String, String>,
}

impl Store {
    pub(crate) fn open(folder: PathBuf) -> Result<Store, StoreError> {
        fs::create_dir_all(&folder).map_err(|source| StoreError::Io { path: folder.clone(), source })?;
        Ok(Store { folder })
    }

    /// All functions. An update that was in progress, or had failed, when they were written counts as done.
    pub(crate) fn load(&self) -> Result<BTreeMap<String, Function>, StoreError> {
        let failed = |source| StoreError::Io { path: self.folder.clone(), source };
        let mut functions = BTreeMap::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&path).map_err(failed)?;
                let function = parse(&text, path)?;
                functions.insert(function.latest.name.clone(), function);
            }
        }
        Ok(functions)
    }

    /// Writes `function`: after a crash, the file holds either its old state or this one.
    pub(crate) fn save(&self, function: &Function) -> Result<(), StoreError> {
        let path = self.path(&function.latest.name);
        let text = serde_json::to_vec_pretty(&StoredFunction::of(function)).expect("strings and numbers are JSON");
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(&text)?;
            file.persist(&path)?;
            Ok(())
        };
        written().map_err(|source| StoreError::Io { path: path.clone(), source })
    }

    pub(crate) fn delete(&self, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        fs::remove_file(&path).map_err(|source| StoreError::Io { path, source })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}

fn parse(text: &[u8], path: PathBuf) -> Result<Function, StoreError> {
    let read = serde_json::from_slice::<Header>(text).and_then(|header| match header.version {
        VERSION => serde_json::from_slice::<StoredFunction>(text).map(Ok),
        newer => Ok(Err(newer)),
    });
    match read {
        Ok(Ok(stored)) => Ok(stored.into_function()),
        Ok(Err(version)) => Err(StoreError::TooNew { path, version }),
        Err(source) => Err(StoreError::Unreadable { path, source }),
    }
}

impl StoredFunction {
    fn of(function: &Function) -> StoredFunction {
        StoredFunction {
            version: VERSION,
            latest: (*function.latest).clone(),
            versions: function.versions.values().map(|version| (**version).clone()).collect(),
            next_version: function.next_version,
            aliases: function.aliases.clone(),
            reserved_concurrency: function.reserved_concurrency,
            tags: function.tags.clone(),
        }
    }

    fn into_function(self) -> Function {
        let latest = Arc::new(self.latest);
        let numbered = |version: Configuration| Some((version.version.parse().ok()?, Arc::new(version)));
        Function {
            serving: Some(Arc::clone(&latest)),
            latest,
            update: Update::Successful,
            versions: self.versions.into_iter().filter_map(numbered).collect(),
            next_version: self.next_version,
            aliases: self.aliases,
            reserved_concurrency: self.reserved_concurrency,
            tags: self.tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(function: &Function) -> String {
        serde_json::to_string(&StoredFunction::of(function)).unwrap()
    }

    #[test]
    fn what_was_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_owned()).unwrap();
        let tags = BTreeMap::from([("team".to_owned(), "platform".to_owned())]);
        let mut function = Function::new(Configuration::sample(), tags);
        function.versions.insert(3, Arc::new(Configuration { version: "3".to_owned(), ..Configuration::sample() }));
        function.reserved_concurrency = Some(5);
        store.save(&function).unwrap();
        let loaded = store.load().unwrap();
        assert_eq!(loaded.len(), 1);
        assert_eq!(stored(&loaded["sample"]), stored(&function));
        store.delete("sample").unwrap();
        assert!(store.load().unwrap().is_empty());
    }

    #[test]
    fn version_1_always_loads() {
        let text = include_bytes!("../../tests/fixtures/function-v1.json");
        let function = parse(text, PathBuf::from("function-v1.json")).unwrap();
        assert_eq!(
            stored(&function),
            serde_json::to_string(&serde_json::from_slice::<StoredFunction>(text).unwrap()).unwrap()
        );
        assert_eq!(function.latest.name, "coldwatch-target-rust");
    }

    #[test]
    fn a_newer_file_is_refused_and_named() {
        let error = parse(br#"{"version":2}"#, PathBuf::from("f.json")).err().unwrap();
        assert_eq!(error.to_string(), "`f.json` was written by a newer program: version 2, this one knows 1");
    }
}
