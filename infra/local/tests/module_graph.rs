//! The rooms of this crate keep to the order that `lib.rs` describes.

use std::path::Path;

use module_graph::{Graph, Rules};

#[test]
fn rooms_import_only_lower_rooms_and_no_files_go_in_circles() {
    let rules = Rules {
        floors: &[&["base"], &["function"], &["wire"], &["fault"], &["environment"], &["services"], &["cloud"]],
        ..Rules::default()
    };
    let graph = Graph::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    assert!(graph.imports().len() > 100, "only {} imports were found", graph.imports().len());
    let broken = graph.broken(&rules);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
