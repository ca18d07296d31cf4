//! Made-up crates with one fault each: the fault is found and named, and what is right is left alone.

use std::fs;
use std::path::Path;

use module_graph::{Graph, Rules};

/// Writes the files of a crate and reads its graph.
fn graph(files: &[(&str, &str)]) -> Graph {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Graph::read(&folder.path().join("lib.rs")).unwrap()
}

fn imports(files: &[(&str, &str)]) -> Vec<String> {
    graph(files).imports().iter().map(ToString::to_string).collect()
}

#[test]
fn a_planted_circle_of_files_is_named_with_both_imports() {
    let files = [
        ("lib.rs", "mod room;"),
        ("room/mod.rs", "mod a; mod b;"),
        ("room/a.rs", "use super::b::B; pub struct A(B);"),
        ("room/b.rs", "pub struct B; fn f(_: super::a::A) {}"),
    ];
    let broken = graph(&files).broken(&Rules::default());
    let expected = "a circle of files:\n  room/a.rs imports room/b.rs by `super::b::B`\n  \
                    room/b.rs imports room/a.rs by `super::a::A`";
    assert_eq!(broken, [expected]);
}

#[test]
fn a_module_and_its_parent_can_be_a_circle_too() {
    let files = [
        ("lib.rs", "mod room;"),
        ("room/mod.rs", "mod a; pub struct Shared; pub fn f() { a::work() }"),
        ("room/a.rs", "use super::Shared; pub fn work() -> Shared { Shared }"),
    ];
    assert_eq!(graph(&files).broken(&Rules::default()).len(), 1);
    let shown = [files[0], ("room/mod.rs", "mod a; pub use a::work; pub struct Shared;"), files[2]];
    assert_eq!(graph(&shown).broken(&Rules::default()), Vec::<String>::new(), "showing a child is no import");
}

#[test]
fn a_circle_of_rooms_need_not_be_one_of_files() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "pub mod one; pub mod two;"),
        ("a/one.rs", "use crate::b::one::F;"),
        ("a/two.rs", "pub struct G;"),
        ("b/mod.rs", "pub mod one; pub mod two;"),
        ("b/one.rs", "pub struct F;"),
        ("b/two.rs", "fn g() { assert!(matches!(1, crate::a::two::G)); }"),
    ];
    let broken = graph(&files).broken(&Rules::default());
    let expected = "a circle of rooms:\n  a/one.rs imports b/one.rs by `crate::b::one::F`\n  \
                    b/two.rs imports a/two.rs by `crate::a::two::G`";
    assert_eq!(broken, [expected]);
}

#[test]
fn an_import_from_a_lower_floor_is_refused_beyond_the_number_allowed() {
    let files = [
        ("lib.rs", "mod low; mod high;"),
        ("low.rs", "use crate::high::{Up, self}; fn f() -> high::Other { high::Other }"),
        ("high.rs", "pub struct Up; pub struct Other;"),
    ];
    let broken = |floors, upward| graph(&files).broken(&Rules { floors, upward, ..Rules::default() });
    assert_eq!(broken(&[&["low"], &["high"]], 2), Vec::<String>::new());
    let too_many = broken(&[&["low"], &["high"]], 1);
    assert!(too_many[0].starts_with("more than 1 imports from a lower floor:"), "{too_many:?}");
    assert_eq!(broken(&[&["high"], &["low"]], 0), Vec::<String>::new());
    assert_eq!(broken(&[&["high"]], 0), ["the room `low` is on no floor of the rules"]);
}

#[test]
fn pairs_and_isolated_rooms_are_held() {
    let files = [
        ("lib.rs", "mod commands; mod show;"),
        ("commands/mod.rs", "mod run; mod plan; mod series; fn all() { run::run() }"),
        ("commands/run.rs", "use super::plan::plan; use crate::show::Page; pub fn run() { plan(Page) }"),
        ("commands/plan.rs", "use crate::show::Page; pub fn plan(_: Page) {}"),
        ("commands/series.rs", ""),
        ("show.rs", "pub struct Page;"),
    ];
    let rules = Rules { never: &[("commands", "show")], isolated: &["commands"], ..Rules::default() };
    let broken = graph(&files).broken(&rules);
    let expected = [
        "`commands` never imports `show`:\n  commands/plan.rs imports show.rs by `crate::show::Page`",
        "`commands` never imports `show`:\n  commands/run.rs imports show.rs by `crate::show::Page`",
        "parts of `commands` never import each other:\n  commands/run.rs imports commands/plan.rs by `super::plan::plan`",
    ];
    assert_eq!(broken, expected);
}

#[test]
fn re_exports_lead_to_the_file_that_defines_the_name() {
    let files = [
        ("lib.rs", "mod deep; mod user; pub use deep::Thing;"),
        ("deep/mod.rs", "mod inner; mod more; pub use inner::Thing; pub use more::*;"),
        ("deep/inner.rs", "pub struct Thing;"),
        ("deep/more.rs", "pub struct Starred;"),
        ("user.rs", "use crate::Thing; use crate::deep::Starred;"),
    ];
    let expected =
        ["user.rs imports deep/inner.rs by `crate::Thing`", "user.rs imports deep/more.rs by `crate::deep::Starred`"];
    assert_eq!(imports(&files), expected);
}

#[test]
fn test_code_and_other_crates_do_not_count() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use std::fs; use serde::b; #[cfg(test)] mod tests { use super::*; use crate::b::B; }"),
        ("b.rs", "pub struct B; #[cfg(test)] fn f() { crate::a::g() } #[cfg(test)] use crate::a::G;"),
    ];
    assert_eq!(imports(&files), Vec::<String>::new());
}

#[test]
fn a_file_that_is_missing_or_no_rust_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lib.rs"), "mod gone;").unwrap();
    let error = Graph::read(&folder.path().join("lib.rs")).unwrap_err().to_string();
    assert!(error.contains(&Path::new("gone").join("mod.rs").display().to_string()), "{error}");
    fs::write(folder.path().join("gone.rs"), "fn (").unwrap();
    let error = Graph::read(&folder.path().join("lib.rs")).unwrap_err().to_string();
    assert!(error.contains("gone.rs` is not Rust"), "{error}");
}
