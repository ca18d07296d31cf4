//! Where a long text goes: stdout, or a file that is put in place when it is whole.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, StdoutLock, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;
use crate::visible::Visible;

/// Stdout, for a line or many. A terminal that was closed is like a pipe whose reader is gone.
pub struct Stdout(Visible<StdoutLock<'static>>);

/// Stdout, locked.
pub fn stdout() -> Stdout {
    Stdout(Visible::new(io::stdout().lock()))
}

/// A line on stdout.
pub fn print(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(stdout(), "{line}")?)
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}

/// What writing to stdout came to, in words that the exit code is read from.
fn named(error: io::Error) -> io::Error {
    if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) {
        return ErrorKind::BrokenPipe.into();
    }
    error
}

/// Text on its way.
pub struct Output {
    writer: Option<BufWriter<Box<dyn Write>>>,
    /// The file that grows, and where it goes when it is whole: a reader never meets half of it.
    file: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Stdout, or a file. Anything but an ordinary file, such as a device, is written directly.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::to(Box::new(stdout()), None)) };
        let named = |e: io::Error| Failure::failed(format!("{}: {e}", path.display()));
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Ok(Self::to(Box::new(File::options().write(true).open(path).map_err(named)?), None));
        }
        let mut growing = path.as_os_str().to_owned();
        growing.push(".part");
        let growing = PathBuf::from(growing);
        let file = Visible::new(File::create(&growing).map_err(named)?);
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
