//! The rooms of every crate of this repository keep to the rules of `docs/architecture.md`: who may import whom.

use std::env;
use std::path::Path;

use module_graph::{Graph, Rules};

/// Floors of the library, from the ground up.
const LIBRARY: Rules<'static> = Rules {
    floors: &[
        &["units", "arn", "figures"],
        &["suite"],
        &["function"],
        &["evidence"],
        &["history"],
        &["record"],
        &["compare"],
        &["aws"],
        &["schedule"],
        &["measure", "show"],
    ],
    never: &[("measure", "show"), ("show", "measure"), ("show", "aws")],
    isolated: &[],
    upward: 0,
};

/// Commands never import commands.
const COMMANDS: Rules<'static> = Rules { floors: &[], never: &[], isolated: &["commands"], upward: 0 };

/// Floors of the local cloud, from the ground up.
const LOCAL_CLOUD: Rules<'static> = Rules {
    floors: &[&["base"], &["function"], &["wire"], &["fault"], &["environment"], &["services"], &["cloud"]],
    never: &[],
    isolated: &[],
    upward: 0,
};

#[test]
fn rooms_of_the_library_import_only_lower_rooms() {
    check("orchestrator/src/lib.rs", &LIBRARY, 200);
}

#[test]
fn commands_never_import_commands() {
    check("orchestrator/src/bin/coldwatch/main.rs", &COMMANDS, 30);
}

#[test]
fn rooms_of_the_local_cloud_import_only_lower_rooms() {
    check("infra/local/src/lib.rs", &LOCAL_CLOUD, 100);
}

#[test]
fn the_crates_have_no_circles() {
    check("orchestrator/crates/lambda-report/src/lib.rs", &Rules::default(), 10);
    check("orchestrator/crates/log-envelopes/src/lib.rs", &Rules::default(), 10);
    check("orchestrator/crates/shift-stats/src/lib.rs", &Rules::default(), 10);
}

/// `least` imports must be found, so that a reader that finds nothing does not pass.
fn check(root: &str, rules: &Rules<'_>, least: usize) {
    // Asked while it runs: with a shared target folder, another checkout may have compiled this.
    let here = env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let graph = Graph::read(&Path::new(&here).join("../..").join(root)).expect("sources are read");
    assert!(graph.imports().len() >= least, "only {} imports were found in {root}", graph.imports().len());
    let broken = graph.broken(rules);
    assert!(broken.is_empty(), "{root}:\n{}", broken.join("\n"));
}
