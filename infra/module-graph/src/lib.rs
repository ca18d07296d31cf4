//! Which file of a crate imports which, and whether that follows the rules of the house.
//!
//! A *room* is a folder, or a file, directly below the crate's root. [`Graph::read`] parses the crate from its `lib.rs`
//! or `main.rs` and follows every `mod`. It takes each `use`, and each path written out in code or in a macro, that starts
//! with `crate`, `self`, `super` or a child module. Re-exports are followed to the file that defines the name.
//!
//! Left out: code under `#[cfg(test)]`, and what a file re-exports of the modules below it, as a `mod.rs` does.
//!
//! ```no_run
//! use std::path::Path;
//!
//! let rules = module_graph::Rules {
//!     floors: &[&["units", "arn"], &["record"], &["measure", "show"]],
//!     never: &[("measure", "show"), ("show", "measure")],
//!     isolated: &["commands"],
//!     upward: 6,
//! };
//! let graph = module_graph::Graph::read(Path::new("src/lib.rs")).unwrap();
//! let broken = graph.broken(&rules);
//! assert!(broken.is_empty(), "{}", broken.join("\n"));
//! ```

mod circles;
mod modules;
mod paths;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use modules::Crate;

/// Why a crate could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A source file cannot be read.
    #[error("`{}` cannot be read: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A source file is not Rust.
    #[error("`{}` is not Rust: {source}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: syn::Error,
    },
}

/// What the imports of a crate must keep to. Circles of files and of rooms are never allowed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'a> {
    /// The rooms, from the lowest floor to the highest. A room imports rooms of its own floor and of those below.
    pub floors: &'a [&'a [&'a str]],
    /// Pairs of rooms of which the first never imports the second.
    pub never: &'a [(&'a str, &'a str)],
    /// Rooms whose files and folders never import each other; their `mod.rs` may import all, and be imported.
    pub isolated: &'a [&'a str],
    /// How many imports from a lower floor to a higher one are put up with.
    pub upward: usize,
}

/// One file imports something of another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The file that imports, relative to the folder of the crate's root.
    pub from: PathBuf,
    /// The file that defines what is imported.
    pub to: PathBuf,
    /// The path as it is written.
    pub path: String,
}

impl fmt::Display for Import {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} imports {} by `{}`", self.from.display(), self.to.display(), self.path)
    }
}

/// All imports between files of a crate.
#[derive(Clone, Debug)]
pub struct Graph {
    files: BTreeSet<PathBuf>,
    imports: BTreeSet<Import>,
}

impl Graph {
    /// Reads the crate whose root is `root`: `src/lib.rs`, or the `main.rs` of a program.
    pub fn read(root: &Path) -> Result<Graph, ReadError> {
        let parsed = Crate::read(root)?;
        Ok(Graph { files: parsed.files(), imports: parsed.imports() })
    }

    /// All files that were read.
    pub fn files(&self) -> &BTreeSet<PathBuf> {
        &self.files
    }

    /// All imports, without those inside one file.
    pub fn imports(&self) -> &BTreeSet<Import> {
        &self.imports
    }

    /// One sentence for each rule that is broken, which names the imports that break it.
    pub fn broken(&self, rules: &Rules<'_>) -> Vec<String> {
        let mut broken = Vec::new();
        let files = circles::circles(&self.imports, |file| file.display().to_string());
        broken.extend(files.iter().map(|circle| sentence("a circle of files", circle)));
        let between_rooms = self.imports.iter().filter(|import| room(&import.from) != room(&import.to));
        let rooms = circles::circles(between_rooms.clone(), room);
        broken.extend(rooms.iter().map(|circle| sentence("a circle of rooms", circle)));
        broken.extend(self.unknown_rooms(rules).map(|room| format!("the room `{room}` is on no floor of the rules")));
        let upward: Vec<&Import> = between_rooms.clone().filter(|import| rules.is_upward(import)).collect();
        if upward.len() > rules.upward {
            broken.push(sentence(&format!("more than {} imports from a lower floor", rules.upward), &upward));
        }
        broken.extend(between_rooms.filter(|import| rules.is_forbidden(import)).map(|import| {
            sentence(&format!("`{}` never imports `{}`", room(&import.from), room(&import.to)), &[import])
        }));
        for import in self.imports.iter().filter(|import| rules.crosses_isolation(import)) {
            broken.push(sentence(&format!("parts of `{}` never import each other", room(&import.from)), &[import]));
        }
        broken
    }

    /// Rooms that the floors do not name. Without floors, every room is known.
    fn unknown_rooms(&self, rules: &Rules<'_>) -> impl Iterator<Item = String> {
        let rooms: BTreeSet<String> = self.files.iter().map(|file| room(file)).collect();
        let unknown: Vec<String> = rooms.into_iter().filter(|room| rules.floor(room).is_none()).collect();
        unknown.into_iter().filter(|room| !rules.floors.is_empty() && room != "lib" && room != "main")
    }
}

impl Rules<'_> {
    fn floor(&self, room: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor.contains(&room))
    }

    fn is_upward(&self, import: &Import) -> bool {
        match (self.floor(&room(&import.from)), self.floor(&room(&import.to))) {
            (Some(from), Some(to)) => from < to,
            _ => false,
        }
    }

    fn is_forbidden(&self, import: &Import) -> bool {
        let (from, to) = (room(&import.from), room(&import.to));
        self.never.iter().any(|pair| *pair == (from.as_str(), to.as_str()))
    }

    fn crosses_isolation(&self, import: &Import) -> bool {
        let same = room(&import.from) == room(&import.to) && self.isolated.contains(&room(&import.from).as_str());
        let (from, to) = (part(&import.from), part(&import.to));
        same && from != to && from != "mod" && to != "mod"
    }
}

/// The room of a file.
fn room(file: &Path) -> String {
    stem(file.iter().next())
}

/// The part of its room that a file belongs to.
fn part(file: &Path) -> String {
    stem(file.iter().nth(1))
}

fn stem(name: Option<&std::ffi::OsStr>) -> String {
    let name = name.unwrap_or_default().to_string_lossy();
    name.strip_suffix(".rs").unwrap_or(&name).to_owned()
}

fn sentence(what: &str, imports: &[&Import]) -> String {
    let lines: Vec<String> = imports.iter().map(|import| format!("  {import}")).collect();
    format!("{what}:\n{}", lines.join("\n"))
}
