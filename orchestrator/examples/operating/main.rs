//! Measures how the statistics behave where the truth is known: `cargo run --release --example operating [-- FOLDER]`.
//!
//! Prints one JSON object a line: what was simulated, the result, and the goal. With a folder of series
//! (`run,timestamp,n,samples`), also how often adjacent runs of those seem to differ, and how many bytes they take.

mod neighbours;
#[path = "../../tests/operating/mod.rs"]
mod operating;
mod packing;

use std::path::Path;
use std::process::ExitCode;

use coldwatch::history::{Run, series_file};
use operating::population::{EVEN_MODES, IMAGE_X86, UNEVEN_MODES, ZIP_ARM64, ZIP_X86};
use operating::{Row, comparing, coverage, detecting, stopping};

/// Simulations of each row of the goals that are shares, and series of the others.
const SIMULATIONS: usize = 10_000;
const SERIES: usize = 400;

fn main() -> ExitCode {
    let print = |rows: Vec<Row>| {
        for row in rows {
            println!("{}", serde_json::to_string(&row).expect("plain data"));
        }
    };
    if let Some(folder) = std::env::args_os().nth(1) {
        match read(Path::new(&folder)) {
            Ok(histories) => {
                print(neighbours::rows(&histories));
                print(packing::rows(&histories));
            }
            Err(error) => {
                eprintln!("error: {}: {error}", Path::new(&folder).display());
                return ExitCode::from(2);
            }
        }
    }
    let sections: [fn() -> Vec<Row>; 4] = [
        || coverage::rows(&[ZIP_ARM64, IMAGE_X86, UNEVEN_MODES, EVEN_MODES], SIMULATIONS),
        || comparing::rows(&[ZIP_ARM64, ZIP_X86, IMAGE_X86, UNEVEN_MODES], SIMULATIONS),
        || stopping::rows(&[ZIP_ARM64, ZIP_X86, IMAGE_X86, UNEVEN_MODES, EVEN_MODES], SIMULATIONS),
        || detecting::rows(SERIES),
    ];
    std::thread::scope(|scope| {
        let sections = sections.map(|section| scope.spawn(section));
        for section in sections {
            print(section.join().expect("a panic ends the program"));
        }
    });
    ExitCode::SUCCESS
}

fn read(folder: &Path) -> Result<Vec<Vec<Run>>, String> {
    let files = std::fs::read_dir(folder).map_err(|e| e.to_string())?;
    let mut paths: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
    paths.sort();
    let series = paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "csv"));
    let read = |path: &Path| {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let text = std::fs::read_to_string(path).map_err(|e| named(&e))?;
        series_file::read(&text).map_err(|e| named(&e))
    };
    series.map(|path| read(path)).collect()
}
