//! What the module promises, on logs written for the purpose.

use std::time::Duration;

use super::*;

mod platform_report;
mod output;
mod init_phase;
mod json;
mod copy;
mod lenient;
mod pieces;
mod hostile;
mod seeds;

const ID: &str = "1b0f6e1c-52a4-4d38-9f6e-0c2d4b6a8e10";
const OTHER: &str = "77777777-1111-4222-8333-444444444444";

/// `{ID}` is the request id, `{FIGURES}` a whole REPORT of a warm invocation.
fn log(text: &str) -> Vec<u8> {
    let figures = "\tDuration: 20.50 ms\tBilled Duration: 21 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB";
    text.replace("{FIGURES}", figures).replace("{ID}", ID).replace("{OTHER}", OTHER).into_bytes()
}

#[track_caller]
fn report(text: &str) -> PlatformReport {
    report_for(&log(text), ID).expect("the log has a REPORT of the id")
}

#[track_caller]
fn starts(text: &str, start: StartKind) {
    assert_eq!(report(text).start, start, "{text}");
}

fn cold(milliseconds: u64) -> StartKind {
    StartKind::Cold { init: Duration::from_millis(milliseconds) }
}
