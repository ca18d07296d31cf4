//! The paths a file writes: what it uses, and what it names in its code.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, Meta, UseTree, Visibility};

/// A name that a `use` brings in.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    pub path: Vec<String>,
    /// The name it has here; absent for a glob, whose path is the module.
    pub name: Option<String>,
    /// Whether others see it here too.
    pub is_public: bool,
}

/// The paths of one module, without those of the modules inside it.
#[derive(Default)]
pub(crate) struct Paths {
    pub used: Vec<Used>,
    /// Paths of two or more segments in code and in macros.
    pub named: Vec<Vec<String>>,
}

impl Paths {
    /// Reads `items`. Modules and test code are skipped.
    pub(crate) fn of(items: &[Item]) -> Paths {
        let mut paths = Paths::default();
        for item in items {
            paths.visit_item(item);
        }
        paths
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = attributes(item);
        if !matches!(item, Item::Mod(_)) && !attributes.is_some_and(|attributes| is_for_tests(attributes)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        flatten(&item.tree, &mut Vec::new(), is_public, &mut self.used);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            self.named.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        in_tokens(called.tokens.clone(), &mut self.named);
    }

    // Attributes name derive macros and lints, not modules.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    // `pub(in path)` and `pub(crate)` import nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

/// Whether the item is compiled for tests only.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        Meta::Path(path) => path.segments.last().is_some_and(|last| last.ident == "test"),
        _ => false,
    })
}

fn attributes(item: &Item) -> Option<&[Attribute]> {
    Some(match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return None,
    })
}

/// Takes a tree of `use` apart into its leaves.
fn flatten(tree: &UseTree, before: &mut Vec<String>, is_public: bool, used: &mut Vec<Used>) {
    let mut leaf = |last: String, name: String| {
        let mut path = before.clone();
        // `a::{self}` is `a`.
        if last != "self" || path.is_empty() {
            path.push(last);
        }
        let name = if name == "self" { path.last().cloned() } else { Some(name) };
        used.push(Used { path, name, is_public });
    };
    match tree {
        UseTree::Name(name) => leaf(name.ident.to_string(), name.ident.to_string()),
        UseTree::Rename(rename) => leaf(rename.ident.to_string(), rename.rename.to_string()),
        UseTree::Glob(_) => used.push(Used { path: before.clone(), name: None, is_public }),
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, is_public, used);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, is_public, used)),
    }
}

/// Paths in the argument of a macro: names with `::` between them.
fn in_tokens(tokens: TokenStream, named: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    close(&mut path, named);
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(point) if point.as_char() == ':' && colons < 2 && !path.is_empty() => colons += 1,
            TokenTree::Group(group) => {
                close(&mut path, named);
                colons = 0;
                in_tokens(group.stream(), named);
            }
            _ => {
                close(&mut path, named);
                colons = 0;
            }
        }
    }
    close(&mut path, named);
}

fn close(path: &mut Vec<String>, named: &mut Vec<Vec<String>>) {
    if path.len() > 1 {
        named.push(path.clone());
    }
    path.clear();
}
