//! Where a long text goes: stdout, or a file that is put in place when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// Text on its way.
pub struct Output {
    writer: Option<BufWriter<Box<dyn Write>>>,
    /// The file that grows, and where it goes when it is whole: a reader never meets half of it.
    file: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Stdout, or a file. Anything but an ordinary file, such as a device, is written directly.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::to(Box::new(io::stdout()), None)) };
        let named = |e: io::Error| Failure::failed(format!("{}: {e}", path.display()));
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Ok(Self::to(Box::new(File::options().write(true).open(path).map_err(named)?), None));
        }
        let mut growing = path.as_os_str().to_owned();
        growing.push(".part");
        let growing = PathBuf::from(growing);
        let file = File::create(&growing).map_err(named)?;
        Ok(Self::to(Box::new(file), Some((growing, path.to_owned()))))
    }

    fn to(writer: Box<dyn Write>, file: Option<(PathBuf, PathBuf)>) -> Self {
        Self { writer: Some(BufWriter::new(writer)), file }
    }

    /// Puts the file in place.
    pub fn finish(mut self) -> Result<(), Failure> {
        self.flush()?;
        self.writer = None;
        if let Some((growing, path)) = self.file.take() {
            fs::rename(&growing, &path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
        }
        Ok(())
    }

    fn writer(&mut self) -> &mut BufWriter<Box<dyn Write>> {
        self.writer.as_mut().expect("it is taken at the end only")
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((growing, _)) = self.file.take() {
            // An incomplete file is useless. If it cannot be removed, it keeps its temporary name.
            let _ = fs::remove_file(growing);
        }
    }
}
