//! Logs in files: read in any envelope, with notes on what was unpacked.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use coldwatch::show::counted;
use log_envelopes::{Entry, Limits, Notes};

use crate::exit::{Failure, note, warn};

/// What was read of all files together.
#[derive(Debug, Default)]
pub struct Seen {
    /// Reports that were handed over.
    pub reports: u64,
    notes: Notes,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let like = self.notes.like_reports;
        let looks = if like == 1 { "looks" } else { "look" };
        let lines = counted(like as u64, "line");
        write!(f, "no report was found: {}, and {lines} {looks} like a report", self.notes)
    }
}

/// Reads the files, and those in folders, and hands over every report with the file it is from.
pub fn read(paths: &[PathBuf], mut take: impl FnMut(&Path, Entry) -> Result<(), Failure>) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    for path in files(paths)? {
        let mut failed = None;
        let mut reports = 0;
        let notes = log_envelopes::read(open(&path)?, Limits::default(), |entry| {
            reports += 1;
            if failed.is_none() {
                failed = take(&path, entry).err();
            }
        });
        if let Some(failure) = failed {
            return Err(failure);
        }
        let notes = notes.map_err(|e| named(&path, &e))?;
        say(&path, &notes, reports);
        seen.reports += reports;
        seen.notes.unpacked.extend(&notes.unpacked);
        seen.notes.like_reports += notes.like_reports;
    }
    Ok(seen)
}

/// What a reader of the output has to know.
fn say(path: &Path, notes: &Notes, reports: u64) {
    let file = path.display();
    if !notes.unpacked.is_empty() && reports > 0 {
        note(format!("{file}: {notes}"));
    }
    let unread = (notes.like_reports as u64).saturating_sub(reports);
    if unread > 0 && reports > 0 {
        let (lines, are) = (counted(unread, "line"), if unread == 1 { "looks" } else { "look" });
        note(format!(
            "{file}: {lines} more {are} like a report and are not counted: output of the function, copies, or no request id"
        ));
    }
    if notes.too_long > 0 {
        warn(format!("{file}: {} longer than 8 MB left out", counted(notes.too_long as u64, "line")));
    }
    if notes.damaged > 0 {
        warn(format!("{file}: {} cannot be unpacked to the end", counted(notes.damaged as u64, "message")));
    }
}

/// A file, or standard input.
pub fn open(path: &Path) -> Result<Box<dyn Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(std::io::stdin()));
    }
    let file = File::open(path).map_err(|e| named(path, &e))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(named(path, &"it is a folder"));
    }
    Ok(Box::new(file))
}

/// All bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).map_err(|e| named(path, &e))?;
    Ok(bytes)
}

/// The files, and in place of a folder all that are in it, by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() { in_folder(path, &mut found)? } else { found.push(path.clone()) }
    }
    Ok(found)
}

fn in_folder(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let entries = std::fs::read_dir(folder).map_err(|e| named(folder, &e))?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().map_err(|e| named(folder, &e))?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            in_folder(&path, found)?;
        } else if path.file_name().is_some_and(|name| name != "aws-logs-write-test") {
            found.push(path);
        }
    }
    Ok(())
}

fn named(path: &Path, error: &dyn fmt::Display) -> Failure {
    Failure::bad_input(format!("{}: {error}", path.display()))
}
