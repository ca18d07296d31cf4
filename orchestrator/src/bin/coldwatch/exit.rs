//! How the program ends: exit codes, and errors as one line on stderr.

use std::fmt::{self, Display};
use std::io::Write;
use std::process::ExitCode;

use crate::visible::message;

/// Ways to end that are not errors of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Some of it failed, and the failures were reported.
    Failed,
    /// Partly done: the input named something that does not exist.
    BadInput,
    /// Done, and the regression that was asked about was found.
    Regression,
    /// Done, with fewer proven samples than wanted or needed.
    Short,
}

/// An error that ends the program.
#[derive(Debug)]
pub enum Failure {
    /// The user can correct the input: exit code 2.
    BadInput(String),
    /// Anything else: exit code 1.
    Failed(String),
    /// Nobody reads stdout any more.
    PipeClosed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::BadInput => 2,
            Exit::Regression => 3,
            Exit::Short => 4,
        })
    }
}

impl Failure {
    /// Wraps bad input.
    pub fn bad_input(error: impl Display) -> Self {
        Self::BadInput(error.to_string())
    }

    /// Wraps anything else.
    pub fn failed(error: impl Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// Says it and gives the exit code.
    pub fn report(&self) -> ExitCode {
        let code = match self {
            Self::BadInput(_) => 2,
            Self::Failed(_) => 1,
            // As in `coldwatch history | head`: whoever reads has enough.
            Self::PipeClosed => return ExitCode::SUCCESS,
        };
        tell(format_args!("error: {self}"));
        ExitCode::from(code)
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadInput(text) | Self::Failed(text) => f.write_str(text.trim_end()),
            Self::PipeClosed => f.write_str("nobody reads stdout any more"),
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let any = &error as &(dyn std::error::Error + 'static);
        let io = any.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let kind = io.or_else(|| any.downcast_ref::<serde_json::Error>()?.io_error_kind());
        if kind == Some(std::io::ErrorKind::BrokenPipe) { Self::PipeClosed } else { Self::failed(error) }
    }
}

/// What was done counts, even if nobody reads what is printed of it.
pub fn whoever_reads(printed: Result<(), Failure>) -> Result<(), Failure> {
    match printed {
        Err(Failure::PipeClosed) => Ok(()),
        other => other,
    }
}

/// A line on stderr. Nobody may be reading any more, and no command ends because of that.
pub fn tell(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{}", message(&text.to_string()));
}

/// Something to know that is no reason to worry.
pub fn note(text: impl Display) {
    tell(format_args!("note: {text}"));
}

/// A warning: what was seen, and what to do.
pub fn warn(text: impl Display) {
    tell(format_args!("warning: {text}"));
}
