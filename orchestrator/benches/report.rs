//! The report of five years: 50 targets, four runs a day, 20 samples a run. `cargo bench --package coldwatch --bench report`.
//!
//! Prints what judging and rendering take after the history is read, what memory that needs, and how large the page is.

#[path = "../tests/histories/mod.rs"]
mod histories;

use std::time::Instant;

use coldwatch::history::judge;
use coldwatch::show::html::render;
use histories::{many, report};

fn main() {
    let (targets, runs) = if std::env::args().any(|a| a == "--bench") { (50, 7_300) } else { (2, 100) };
    let mut report = report(&many(targets, runs, 20), "cargo bench --package coldwatch --bench report");
    let read = peak_memory_mb();
    let begun = Instant::now();
    report.series.iter_mut().for_each(|series| series.judgement = judge(&series.runs));
    let judged = begun.elapsed();
    let begun = Instant::now();
    let page = render(&report);
    let rendered = begun.elapsed();
    let all: usize = report.series.iter().map(|series| series.runs.len()).sum();
    println!("{targets} targets, {all} runs");
    println!("judging    {judged:.2?}");
    println!("rendering  {rendered:.2?}  (goal: 3 s with judging)");
    println!("memory     {} MB at most, {read} MB when read  (goal: 500 MB)", peak_memory_mb());
    println!("page       {} KB  (goal: 2,000 KB)", page.len() / 1_000);
}

/// The most memory this process ever held, in MB; 0 if the system does not report it.
fn peak_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.map_or(0, |kb: u64| kb / 1_000)
}
