//! Where a long text goes: stdout, or a file that is put in place when it is whole.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IntoInnerError, StdoutLock, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

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
        self.0.write(bytes).map_err(|error| named(&error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|error| named(&error))
    }
}

/// A file that is written directly, such as a device.
struct Direct(File, PathBuf);

impl Write for Direct {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(|e| io::Error::new(e.kind(), in_file(&self.1, &e)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What writing to stdout came to, in words that the exit code is read from.
fn named(error: &io::Error) -> io::Error {
    if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) {
        return ErrorKind::BrokenPipe.into();
    }
    io::Error::new(error.kind(), format!("stdout: {error}"))
}

/// Text on its way.
pub struct Output(Visible<BufWriter<Sink>>);

enum Sink {
    Stream(Box<dyn Write>),
    /// A file that grows under a name that nobody can foresee, and where it goes when it is whole: a reader never
    /// meets half of it. If it is not finished, it is removed.
    File(NamedTempFile, PathBuf),
}

impl Output {
    /// Stdout, or a file. Anything but an ordinary file, such as a device, is written directly.
    pub fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::to(Sink::Stream(Box::new(stdout())))) };
        let failed = |e: io::Error| Failure::failed(in_file(path, &e));
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            let file = File::options().write(true).open(path).map_err(failed)?;
            return Ok(Self::to(Sink::Stream(Box::new(Direct(file, path.to_owned())))));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Made by hand, because tempfile's own files are for nobody else to read.
        let make = |path: &Path| File::options().write(true).create_new(true).open(path);
        let file = tempfile::Builder::new().make_in(folder, make).map_err(failed)?;
        Ok(Self::to(Sink::File(file, path.to_owned())))
    }

    fn to(sink: Sink) -> Self {
        Self(Visible::new(BufWriter::new(sink)))
    }

    /// Puts the file in place.
    pub fn finish(self) -> Result<(), Failure> {
        match self.0.into_inner().into_inner().map_err(IntoInnerError::into_error)? {
            Sink::Stream(mut stream) => Ok(stream.flush()?),
            Sink::File(file, path) => match file.persist(&path) {
                Ok(_) => Ok(()),
                Err(e) => Err(Failure::failed(in_file(&path, &e.error))),
            },
        }
    }
}

/// Writes a whole file, in place when it is whole.
pub fn put(text: &str, path: Option<&Path>) -> Result<(), Failure> {
    let mut output = Output::open(path)?;
    output.write_all(text.as_bytes())?;
    output.finish()
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(stream) => stream.write(bytes),
            Self::File(file, path) => {
                let written = file.as_file_mut().write(bytes);
                written.map_err(|e| io::Error::new(e.kind(), in_file(path, &e)))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(stream) => stream.flush(),
            Self::File(file, _) => file.flush(),
        }
    }
}

fn in_file(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nobody_can_plant_a_link_for_the_file_that_grows() {
        let folder = tempfile::tempdir().expect("a folder");
        let [victim, out, planted] = ["victim", "out", "out.part"].map(|name| folder.path().join(name));
        fs::write(&victim, "theirs").expect("written");
        std::os::unix::fs::symlink(&victim, &planted).expect("linked");
        put("ours", Some(&out)).unwrap_or_else(|_| panic!("it is written"));
        assert_eq!(fs::read_to_string(&victim).expect("text"), "theirs");
        assert_eq!(fs::read_to_string(&out).expect("text"), "ours");
        let mode = fs::metadata(&out).expect("it is there").permissions().mode();
        fs::write(folder.path().join("usual"), "").expect("written");
        let usual = fs::metadata(folder.path().join("usual")).expect("it is there").permissions().mode();
        assert_eq!(mode, usual, "others may read it as they may any new file");
    }

    #[test]
    fn two_at_once_both_write_a_whole_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let mut outputs = [0, 1].map(|_| Output::open(Some(&out)).unwrap_or_else(|_| panic!("it is opened")));
        for (output, text) in outputs.iter_mut().zip(["a", "b"]) {
            output.write_all(text.as_bytes()).expect("written");
        }
        for (output, text) in outputs.into_iter().zip(["a", "b"]) {
            output.finish().unwrap_or_else(|_| panic!("it is put in place"));
            assert_eq!(fs::read_to_string(&out).expect("text"), text);
        }
        drop(Output::open(Some(&out)));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "what is not finished is removed");
    }
}
