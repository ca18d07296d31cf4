//! Writes the report of a made-up history: `cargo run --example history -- SCENE FILE`.
//!
//! Scenes: `regression` (20 targets, one of them slower), `platform` (seven of them moved together), `everything` (a bit of all there
//! is), `names` (names that would break a careless page), `five-years` (10 targets, four runs a day), `hundreds` (300 targets).

#[path = "../tests/histories/mod.rs"]
mod histories;
#[path = "../tests/histories/scenes.rs"]
mod scenes;

use std::process::ExitCode;

use coldwatch::show::html::render;
use histories::{many, report};
use scenes::{everything, odd_names, one_regression, platform_event};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scene, file] = arguments.as_slice() else {
        eprintln!("usage: history regression|platform|everything|names|five-years|hundreds FILE");
        return ExitCode::from(2);
    };
    let courses = match scene.as_str() {
        "regression" => one_regression(),
        "platform" => platform_event(),
        "everything" => everything(),
        "names" => odd_names(),
        "five-years" => many(10, 7_300, 20),
        "hundreds" => many(300, 400, 20),
        other => {
            eprintln!(
                "error: there is no scene `{other}`: regression, platform, everything, names, five-years, hundreds"
            );
            return ExitCode::from(2);
        }
    };
    let page = render(&report(&courses, &format!("cargo run --example history -- {scene} {file}")));
    match std::fs::write(file, page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {file}: {error}");
            ExitCode::FAILURE
        }
    }
}
