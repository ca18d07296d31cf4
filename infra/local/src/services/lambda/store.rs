//! Functions on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::stored::{Folder, StoreError, Stored};
use crate::function::definition::{Alias, Configuration, Function, Update};
use crate::function::event_config::EventConfig;

/// The folder of the functions.
pub(crate) struct Store {
    folder: Folder<StoredFunction>,
}

#[derive(Serialize, Deserialize)]
struct StoredFunction {
    version: u32,
    latest: Configuration,
    versions: Vec<Configuration>,
    next_version: u64,
    aliases: BTreeMap<String, Alias>,
    reserved_concurrency: Option<u32>,
    /// Absent in files of programs that did not know it.
    #[serde(default)]
    runtime_management: Option<String>,
    /// Absent in files of programs that did not know them.
    #[serde(default)]
    event_configs: BTreeMap<String, EventConfig>,
    tags: BTreeMap<String, String>,
}

impl Stored for StoredFunction {
    const VERSION: u32 = 1;
}

impl Store {
    pub(crate) fn open(folder: PathBuf) -> Result<Store, StoreError> {
        Ok(Store { folder: Folder::open(folder)? })
    }

    /// All functions. An update that was in progress, or had failed, when they were written counts as done.
    pub(crate) fn load(&self) -> Result<BTreeMap<String, Function>, StoreError> {
        let stored = self.folder.load()?.into_iter().map(StoredFunction::into_function);
        Ok(stored.map(|function| (function.latest.name.clone(), function)).collect())
    }

    pub(crate) fn save(&self, function: &Function) -> Result<(), StoreError> {
        self.folder.save(&function.latest.name, &StoredFunction::of(function))
    }

    pub(crate) fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.folder.delete(name)
    }
}

impl StoredFunction {
    fn of(function: &Function) -> StoredFunction {
        StoredFunction {
            version: StoredFunction::VERSION,
            latest: (*function.latest).clone(),
            versions: function.versions.values().map(|version| (**version).clone()).collect(),
            next_version: function.next_version,
            aliases: function.aliases.clone(),
            reserved_concurrency: function.reserved_concurrency,
            runtime_management: function.runtime_management.clone(),
            event_configs: function.event_configs.clone(),
            tags: function.tags.clone(),
        }
    }

    fn into_function(self) -> Function {
        let latest = Arc::new(self.latest);
        Function {
            serving: Some(Arc::clone(&latest)),
            latest,
            update: Update::Successful,
            versions: self.versions.into_iter().filter_map(numbered).collect(),
            next_version: self.next_version,
            aliases: self.aliases,
            reserved_concurrency: self.reserved_concurrency,
            runtime_management: self.runtime_management,
            event_configs: self.event_configs,
            tags: self.tags,
        }
    }
}

/// A published version with its number.
fn numbered(version: Configuration) -> Option<(u64, Arc<Configuration>)> {
    Some((version.version.parse().ok()?, Arc::new(version)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::stored::parse;

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
        let text = include_bytes!("../../../tests/fixtures/function-v1.json");
        let function = parse::<StoredFunction>(text, Path::new("function-v1.json")).unwrap().into_function();
        assert_eq!(
            stored(&function),
            serde_json::to_string(&serde_json::from_slice::<StoredFunction>(text).unwrap()).unwrap()
        );
        assert_eq!(function.latest.name, "coldwatch-target-rust");
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused(
            text in crate::base::damage::damaged(include_bytes!("../../../tests/fixtures/function-v1.json")),
        ) {
            let _ = parse::<StoredFunction>(&text, Path::new("f.json")).map(StoredFunction::into_function);
        }
    }
}
