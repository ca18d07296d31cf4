//! Deployment packages: kept as they were uploaded, and extracted once per content.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::definition::Code;
use crate::base::sha256;

/// AWS's limit for a zip in the request itself.
pub(crate) const MAX_ZIP_BYTES: u64 = 52_428_800;
/// AWS's limit for the extracted files.
pub(crate) const MAX_EXTRACTED_BYTES: u64 = 262_144_000;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CodeError {
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotAZip(#[source] zip::result::ZipError),
    #[error("Unzipped size must be smaller than {MAX_EXTRACTED_BYTES} bytes")]
    TooLarge,
    #[error("zip entry `{0}` does not stay inside the function's folder")]
    Outside(String),
    #[error("folder `{}` cannot be read: {source}", .path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("code folder: {0}")]
    Store(#[from] io::Error),
}

/// Packages on disk, named by their SHA-256.
pub(crate) struct CodeStore {
    root: PathBuf,
}

impl CodeStore {
    pub(crate) fn open(root: PathBuf) -> io::Result<CodeStore> {
        fs::create_dir_all(&root)?;
        Ok(CodeStore { root })
    }

    /// Keeps and extracts `zip`; a package that is there already is left alone.
    pub(crate) fn put(&self, zip: &[u8]) -> Result<Code, CodeError> {
        let folder = sha256::hex(zip);
        let code = Code { sha256: sha256::base64(zip), size: zip.len() as u64, folder: Some(folder.clone()) };
        let target = self.path(&folder);
        if !target.is_dir() {
            // Extracted next to its place and then moved there, so a crash never leaves half a package.
            let fresh = tempfile::tempdir_in(&self.root)?;
            extract(zip, fresh.path())?;
            fs::write(self.zip_path(&folder), zip)?;
            fs::set_permissions(fresh.path(), fs::Permissions::from_mode(0o755))?;
            match fs::rename(fresh.path(), &target) {
                // Somebody else stored the same package meanwhile.
                Err(_) if target.is_dir() => {}
                moved => moved?,
            }
        }
        Ok(code)
    }

    /// Folder of the extracted files.
    pub(crate) fn path(&self, folder: &str) -> PathBuf {
        self.root.join(folder)
    }

    /// The zip as it was uploaded.
    pub(crate) fn zip_path(&self, folder: &str) -> PathBuf {
        self.root.join(format!("{folder}.zip"))
    }
}

/// Unpacks `zip` into `target`. File modes are kept; links are refused, and so is every entry that would
/// land outside.
fn extract(zip: &[u8], target: &Path) -> Result<(), CodeError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(CodeError::NotAZip)?;
    let mut room = MAX_EXTRACTED_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(CodeError::NotAZip)?;
        let Some(place) = entry.enclosed_name().filter(|_| !entry.is_symlink()) else {
            let name = entry.name().map_err(CodeError::NotAZip)?;
            return Err(CodeError::Outside(name.into_owned()));
        };
        let place = target.join(place);
        if entry.is_dir() {
            fs::create_dir_all(&place)?;
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        let mut file = File::options().write(true).create_new(true).mode(mode).open(&place)?;
        let copied = io::copy(&mut (&mut entry).take(room + 1), &mut file)?;
        room = room.checked_sub(copied).ok_or(CodeError::TooLarge)?;
        // The creation mode is subject to the umask of whoever started the stand-in.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// The files of `folder` as a zip that depends on nothing but their names, contents and executable bits.
///
/// Stored without compression, so that the hash does not depend on the version of a compressor.
/// Python's compiled files are left out: they appear by themselves when the code is run in place.
pub(crate) fn zip_folder(folder: &Path) -> Result<Vec<u8>, CodeError> {
    let unreadable = |source| CodeError::Folder { path: folder.to_owned(), source };
    let mut files = Vec::new();
    collect(folder, folder, &mut files).map_err(unreadable)?;
    files.sort();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in files {
        let path = folder.join(&name);
        let mut content = File::open(&path).map_err(unreadable)?;
        let executable = content.metadata().map_err(unreadable)?.permissions().mode() & 0o111 != 0;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        writer.start_file(name, options).map_err(|error| CodeError::Store(error.into()))?;
        io::copy(&mut content, &mut writer)?;
        writer.flush()?;
    }
    let zip = writer.finish().map_err(|error| CodeError::Store(error.into()))?;
    Ok(zip.into_inner())
}

/// Names of all files below `folder`, relative to `root`, with `/` between the steps.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if fs::metadata(&path)?.is_dir() {
            if path.file_name().is_none_or(|name| name != "__pycache__") {
                collect(root, &path, files)?;
            }
        } else {
            let relative = path.strip_prefix(root).expect("entries lie below the folder they were read from");
            let name = relative.to_str().ok_or_else(|| io::Error::other("a file name is not UTF-8"))?;
            files.push(name.to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zip_of(entries: &[(&str, u32, &str)]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, mode, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn a_package_is_extracted_with_its_modes() {
        let root = tempfile::tempdir().unwrap();
        let store = CodeStore::open(root.path().join("code")).unwrap();
        let code = store.put(&zip_of(&[("bootstrap", 0o755, "#!"), ("lib/data", 0o640, "x")])).unwrap();
        let folder = store.path(code.folder.as_deref().unwrap());
        let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("bootstrap"), mode("lib/data")), (0o755, 0o640));
        assert_eq!(fs::read_to_string(folder.join("lib/data")).unwrap(), "x");
    }

    #[test]
    fn an_entry_that_climbs_out_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let store = CodeStore::open(root.path().join("code")).unwrap();
        let error = store.put(&zip_of(&[("../evil", 0o644, "x")])).unwrap_err();
        assert!(matches!(error, CodeError::Outside(name) if name == "../evil"));
        assert!(!root.path().join("evil").exists());
    }

    #[test]
    fn what_is_no_zip_is_refused_in_the_words_of_aws() {
        let root = tempfile::tempdir().unwrap();
        let store = CodeStore::open(root.path().join("code")).unwrap();
        let error = store.put(b"plain text").unwrap_err();
        assert_eq!(
            error.to_string(),
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        );
    }

    #[test]
    fn the_same_files_give_the_same_zip_whatever_their_times() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        fs::write(folder.path().join("b/two"), "2").unwrap();
        fs::write(folder.path().join("one"), "1").unwrap();
        let first = zip_folder(folder.path()).unwrap();
        let past = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        File::options().write(true).open(folder.path().join("one")).unwrap().set_modified(past).unwrap();
        fs::create_dir(folder.path().join("__pycache__")).unwrap();
        fs::write(folder.path().join("__pycache__/one.pyc"), "x").unwrap();
        assert_eq!(zip_folder(folder.path()).unwrap(), first);
    }
}
