//! Deployment packages: kept as they were uploaded, and extracted once per content.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::definition::Code;
use crate::base::sha256;

/// AWS's limit for a zip in the request itself.
pub(crate) const MAX_ZIP_BYTES: u64 = 52_428_800;
/// AWS's limit for the extracted files.
pub(crate) const MAX_EXTRACTED_BYTES: u64 = 262_144_000;

/// Folders in folders, and files of one package. Links that lead in circles end here.
const DEEPEST: usize = 32;
const MOST_FILES: usize = 100_000;

/// Why a package cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says what it is in its text")]
pub enum CodeError {
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotAZip(#[source] zip::result::ZipError),
    #[error("Unzipped size must be smaller than {MAX_EXTRACTED_BYTES} bytes")]
    TooLarge,
    #[error("zip entry `{0}` does not stay inside the function's folder")]
    Outside(String),
    #[error("zip entry `{0}` cannot be a file or folder of its name")]
    Entry(String),
    #[error("folder `{}` cannot be read: {source}", .path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("`{}` cannot be part of a function: only files and folders can, not {what}", .path.display())]
    NoFile { path: PathBuf, what: &'static str },
    #[error("`{0}` is not the name of a package: it must be 64 hexadecimal digits")]
    Name(String),
    #[error("the package {0} was changed on disk: its hash is another one")]
    Changed(String),
    #[error("code folder: {0}")]
    Store(#[from] io::Error),
}

/// Packages on disk, named by their SHA-256.
///
/// What is there is not believed: a folder is used only after this process has extracted it from a package whose hash
/// is right.
pub(crate) struct CodeStore {
    root: PathBuf,
    /// Folders that this process has extracted.
    extracted: Mutex<HashSet<String>>,
}

impl CodeStore {
    pub(crate) fn open(root: PathBuf) -> io::Result<CodeStore> {
        fs::create_dir_all(&root)?;
        Ok(CodeStore { root, extracted: Mutex::default() })
    }

    /// Keeps and extracts `zip`.
    pub(crate) fn put(&self, zip: &[u8]) -> Result<Code, CodeError> {
        let folder = sha256::hex(zip);
        let code = Code { sha256: sha256::base64(zip), size: zip.len() as u64, folder: Some(folder.clone()) };
        self.extract_once(&folder, |_| Ok(Cow::Borrowed(zip)))?;
        Ok(code)
    }

    /// The folder of a package's files, extracted and checked.
    pub(crate) fn ready(&self, folder: &str) -> Result<PathBuf, CodeError> {
        if folder.len() != 64 || !folder.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(CodeError::Name(folder.to_owned()));
        }
        self.extract_once(folder, |store| store.zip(folder).map(Cow::Owned))?;
        Ok(self.root.join(folder))
    }

    /// A package as it was uploaded.
    pub(crate) fn zip(&self, folder: &str) -> Result<Vec<u8>, CodeError> {
        let zip = fs::read(self.zip_path(folder))?;
        if sha256::hex(&zip) == folder { Ok(zip) } else { Err(CodeError::Changed(folder.to_owned())) }
    }

    /// Replaces what is there by what the package holds, the first time in this process.
    fn extract_once<'a>(
        &self,
        folder: &str,
        zip: impl FnOnce(&CodeStore) -> Result<Cow<'a, [u8]>, CodeError>,
    ) -> Result<(), CodeError> {
        let mut extracted = self.extracted.lock().unwrap_or_else(PoisonError::into_inner);
        if extracted.contains(folder) {
            return Ok(());
        }
        let zip = zip(self)?;
        // Extracted next to its place and moved there whole: a crash leaves no half of a package.
        let fresh = tempfile::tempdir_in(&self.root)?;
        extract(&zip, fresh.path())?;
        fs::set_permissions(fresh.path(), fs::Permissions::from_mode(0o755))?;
        let mut package = tempfile::NamedTempFile::new_in(&self.root)?;
        package.write_all(&zip)?;
        package.persist(self.zip_path(folder)).map_err(|error| error.error)?;
        let target = self.root.join(folder);
        // A link is removed itself, not what it leads to.
        match fs::symlink_metadata(&target) {
            Ok(there) if there.is_dir() => fs::remove_dir_all(&target)?,
            Ok(_) => fs::remove_file(&target)?,
            Err(_) => {}
        }
        fs::rename(fresh.path(), &target)?;
        extracted.insert(folder.to_owned());
        Ok(())
    }

    fn zip_path(&self, folder: &str) -> PathBuf {
        self.root.join(format!("{folder}.zip"))
    }
}

/// Unpacks a package into a folder, at most the 262,144,000 bytes that AWS allows. File modes are kept; links are refused, and
/// so is every entry that would land outside.
pub fn extract(zip: &[u8], target: &Path) -> Result<(), CodeError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(CodeError::NotAZip)?;
    let mut room = MAX_EXTRACTED_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(CodeError::NotAZip)?;
        let Some(place) = entry.enclosed_name().filter(|_| !entry.is_symlink()) else {
            let name = entry.name().map_err(CodeError::NotAZip)?;
            return Err(CodeError::Outside(name.into_owned()));
        };
        let place = target.join(place);
        let name = entry.name().map_err(CodeError::NotAZip)?.into_owned();
        let unfit = |error: io::Error| match error.kind() {
            // A full disk is ours, a name that is a file and a folder is the package's.
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => CodeError::Store(error),
            _ => CodeError::Entry(name.clone()),
        };
        if entry.is_dir() {
            fs::create_dir_all(&place).map_err(unfit)?;
            continue;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(unfit)?;
        }
        let mode = entry.unix_mode().unwrap_or(0o644) & 0o777;
        let mut file = File::options().write(true).create_new(true).mode(mode).open(&place).map_err(unfit)?;
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
    let root = fs::canonicalize(folder).map_err(unreadable)?;
    let mut files = Vec::new();
    collect(&root, &root, 0, &mut files)?;
    files.sort();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut left = MAX_EXTRACTED_BYTES;
    for name in files {
        let content = File::open(root.join(&name)).map_err(unreadable)?;
        let executable = content.metadata().map_err(unreadable)?.permissions().mode() & 0o111 != 0;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if executable { 0o755 } else { 0o644 });
        writer.start_file(name, options).map_err(|error| CodeError::Store(error.into()))?;
        // The limit holds while the file is read: it may grow meanwhile.
        let copied = io::copy(&mut content.take(left + 1), &mut writer)?;
        left = left.checked_sub(copied).ok_or(CodeError::TooLarge)?;
        writer.flush()?;
    }
    let zip = writer.finish().map_err(|error| CodeError::Store(error.into()))?;
    Ok(zip.into_inner())
}

/// Names of all files below `folder`, relative to `root`, with `/` between the steps.
fn collect(root: &Path, folder: &Path, depth: usize, files: &mut Vec<String>) -> Result<(), CodeError> {
    let unreadable = |source| CodeError::Folder { path: folder.to_owned(), source };
    let refused = |path: &Path, what| Err(CodeError::NoFile { path: path.to_owned(), what });
    if depth > DEEPEST || files.len() > MOST_FILES {
        return refused(folder, "folders so deep or with so many files");
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let kind = fs::metadata(&path).map_err(unreadable)?.file_type();
        if path.is_symlink() && !fs::canonicalize(&path).map_err(unreadable)?.starts_with(root) {
            return refused(&path, "links that lead out of the folder");
        }
        if kind.is_dir() {
            if path.file_name().is_none_or(|name| name != "__pycache__") {
                collect(root, &path, depth + 1, files)?;
            }
        } else if kind.is_file() {
            let relative = path.strip_prefix(root).expect("entries are below the folder they were read from");
            let name = relative.to_str().ok_or_else(|| unreadable(io::Error::other("a file name is not UTF-8")))?;
            files.push(name.to_owned());
        } else {
            return refused(&path, "pipes, sockets or devices");
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
        let folder = store.ready(code.folder.as_deref().unwrap()).unwrap();
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
    fn an_entry_that_cannot_be_made_is_the_packages_fault() {
        let root = tempfile::tempdir().unwrap();
        let store = CodeStore::open(root.path().join("code")).unwrap();
        let twice = store.put(&zip_of(&[("a", 0o644, "file"), ("a/b", 0o644, "below it")])).unwrap_err();
        assert!(matches!(twice, CodeError::Entry(name) if name == "a/b"));
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

    #[test]
    fn what_was_planted_is_replaced_by_what_the_package_holds() {
        let root = tempfile::tempdir().unwrap();
        let zip = zip_of(&[("handler.py", 0o644, "genuine")]);
        let name = sha256::hex(&zip);
        let planted = root.path().join("code").join(&name);
        fs::create_dir_all(&planted).unwrap();
        fs::write(planted.join("handler.py"), "planted").unwrap();
        fs::write(planted.join("sitecustomize.py"), "planted").unwrap();
        let store = CodeStore::open(root.path().join("code")).unwrap();
        store.put(&zip).unwrap();
        let folder = store.ready(&name).unwrap();
        assert_eq!(fs::read_to_string(folder.join("handler.py")).unwrap(), "genuine");
        assert!(!folder.join("sitecustomize.py").exists());
    }

    #[test]
    fn a_package_that_was_changed_on_disk_is_not_used() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("code");
        let zip = zip_of(&[("handler.py", 0o644, "genuine")]);
        CodeStore::open(path.clone()).unwrap().put(&zip).unwrap();
        let name = sha256::hex(&zip);
        fs::write(path.join(format!("{name}.zip")), zip_of(&[("handler.py", 0o644, "planted")])).unwrap();
        let store = CodeStore::open(path).unwrap();
        assert!(matches!(store.ready(&name), Err(CodeError::Changed(_))));
        for outside in ["../../src", "", "/etc", &"g".repeat(64)] {
            assert!(matches!(store.ready(outside), Err(CodeError::Name(_))), "{outside}");
        }
    }

    #[test]
    fn a_folder_holds_files_and_folders_only() {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;
        let refused = |make: &dyn Fn(&Path)| {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("handler.py"), "x").unwrap();
            make(folder.path());
            zip_folder(folder.path()).unwrap_err().to_string()
        };
        let socket = refused(&|folder| drop(UnixListener::bind(folder.join("socket")).unwrap()));
        assert!(socket.contains("not pipes, sockets or devices"), "{socket}");
        let device = refused(&|folder| symlink("/dev/zero", folder.join("zero")).unwrap());
        assert!(device.contains("not links that lead out of the folder"), "{device}");
        let secrets = refused(&|folder| symlink("/etc", folder.join("etc")).unwrap());
        assert!(secrets.contains("not links that lead out of the folder"), "{secrets}");
        let circle = refused(&|folder| symlink(".", folder.join("again")).unwrap());
        assert!(circle.contains("folders so deep"), "{circle}");
        let large = refused(&|folder| {
            let file = File::create(folder.join("large")).unwrap();
            file.set_len(MAX_EXTRACTED_BYTES + 1).unwrap();
        });
        assert!(large.starts_with("Unzipped size must be smaller"), "{large}");
    }
}
