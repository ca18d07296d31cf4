//! The modules of a crate, and where a path leads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Expr, Item, ItemMod, Lit, Meta};

use super::paths::{Paths, Used, is_for_tests};
use super::{Import, ReadError};

/// Re-exports of re-exports are followed this far.
const DEEPEST: usize = 16;

/// A crate, parsed.
pub(crate) struct Crate {
    /// Folder of the root file; files are relative to it.
    folder: PathBuf,
    /// By path: `["lambda", "invoke"]`. The root has none.
    modules: BTreeMap<Vec<String>, Module>,
}

struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    /// Names of what is defined here.
    defined: BTreeSet<String>,
    paths: Paths,
}

impl Crate {
    pub(crate) fn read(root: &Path) -> Result<Crate, ReadError> {
        let folder = root.parent().unwrap_or(Path::new("")).to_owned();
        let mut parsed = Crate { folder: folder.clone(), modules: BTreeMap::new() };
        parsed.read_file(Vec::new(), root, &folder)?;
        Ok(parsed)
    }

    pub(crate) fn files(&self) -> BTreeSet<PathBuf> {
        self.modules.values().map(|module| module.file.clone()).collect()
    }

    /// Every import from one file of another.
    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (at, module) in &self.modules {
            let used = module.paths.used.iter().map(|used| (&used.path, used.is_public));
            let named = module.paths.named.iter().map(|path| (path, false));
            for (path, is_public) in used.chain(named) {
                let Some(target) = self.resolve(at, path, 0) else { continue };
                // Re-exporting the modules below a file does not count as its own import.
                let shows_child = is_public && target.starts_with(at) && target != *at;
                let to = &self.modules[&target].file;
                if *to != module.file && !shows_child {
                    imports.insert(Import { from: module.file.clone(), to: to.clone(), path: path.join("::") });
                }
            }
        }
        imports
    }

    /// Reads the module `at` from `file`, whose children are files in `folder`.
    fn read_file(&mut self, at: Vec<String>, file: &Path, folder: &Path) -> Result<(), ReadError> {
        let text = fs::read_to_string(file).map_err(|source| ReadError::Io { path: file.to_owned(), source })?;
        let parsed = syn::parse_file(&text).map_err(|source| ReadError::Syntax { path: file.to_owned(), source })?;
        self.add(at, file, folder, &parsed.items)
    }

    fn add(&mut self, at: Vec<String>, file: &Path, folder: &Path, items: &[Item]) -> Result<(), ReadError> {
        let mut children = BTreeSet::new();
        for item in items {
            let Item::Mod(module) = item else { continue };
            if is_for_tests(&module.attrs) {
                continue;
            }
            let name = module.ident.to_string();
            let child: Vec<String> = at.iter().cloned().chain([name.clone()]).collect();
            let below = folder.join(&name);
            match &module.content {
                Some((_, inside)) => self.add(child, file, &below, inside)?,
                None => self.read_file(child, &file_of(module, file, folder), &below)?,
            }
            children.insert(name);
        }
        let shown = file.strip_prefix(&self.folder).unwrap_or(file).to_owned();
        let module = Module { file: shown, children, defined: defined(items), paths: Paths::of(items) };
        self.modules.insert(at, module);
        Ok(())
    }

    /// The module that defines what `path` names as it is written in the module `at`; none outside this crate.
    fn resolve(&self, at: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
        let mut here = at.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => {
                here.clear();
                rest = &path[1..];
            }
            "self" => rest = &path[1..],
            "super" => {}
            first if self.modules[at].children.contains(first) => {}
            _ => return None,
        }
        while let [name, after @ ..] = rest {
            if name == "super" {
                here.pop()?;
            } else if self.modules.get(&here)?.children.contains(name) {
                here.push(name.clone());
            } else {
                return self.resolve_item(here, name, after, depth);
            }
            rest = after;
        }
        self.modules.contains_key(&here).then_some(here)
    }

    /// The module that defines `name`, which is not a child of the module `here`.
    fn resolve_item(&self, here: Vec<String>, name: &str, after: &[String], depth: usize) -> Option<Vec<String>> {
        let module = self.modules.get(&here)?;
        if module.defined.contains(name) || depth == DEEPEST {
            return Some(here);
        }
        let through = |used: &Used| {
            let mut path = used.path.clone();
            if used.name.is_none() {
                path.push(name.to_owned());
            }
            path.extend_from_slice(after);
            self.resolve(&here, &path, depth + 1)
        };
        let by_name = module.paths.used.iter().find(|used| used.name.as_deref() == Some(name));
        match by_name {
            Some(used) => through(used),
            None => {
                let globs = module.paths.used.iter().filter(|used| used.name.is_none());
                globs.filter_map(through).find(|target| self.modules[target].knows(name)).or(Some(here.clone()))
            }
        }
    }
}

impl Module {
    fn knows(&self, name: &str) -> bool {
        self.defined.contains(name) || self.children.contains(name)
    }
}

/// Where the module is: at its `#[path]`, in `NAME.rs`, or in `NAME/mod.rs`.
fn file_of(module: &ItemMod, file: &Path, folder: &Path) -> PathBuf {
    let chosen = module.attrs.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    if let Some(chosen) = chosen {
        return file.parent().unwrap_or(Path::new("")).join(chosen);
    }
    let plain = folder.join(format!("{}.rs", module.ident));
    if plain.is_file() { plain } else { folder.join(module.ident.to_string()).join("mod.rs") }
}

/// Names of the items that can be imported.
fn defined(items: &[Item]) -> BTreeSet<String> {
    let named = items.iter().filter_map(|item| match item {
        Item::Const(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        Item::Fn(item) => Some(&item.sig.ident),
        Item::Static(item) => Some(&item.ident),
        Item::Struct(item) => Some(&item.ident),
        Item::Trait(item) => Some(&item.ident),
        Item::Type(item) => Some(&item.ident),
        Item::Union(item) => Some(&item.ident),
        Item::Macro(item) => item.ident.as_ref(),
        _ => None,
    });
    named.map(ToString::to_string).collect()
}
