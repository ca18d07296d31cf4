//! The files that fuzzing begins with, `fuzz/seeds/envelopes`: what each is read as, and what holds of any bytes.

use std::fs;
use std::path::Path;

use lambda_report::{BillingCheck, StartKind};

use super::*;

/// The limits of the fuzz target.
const LIMITS: Limits = Limits { unpacked: 64 << 20, ratio: 400, free: 1 << 20, record: 8 << 20 };

/// Reads a file, whatever it is: the starts of its reports, or that it is refused.
fn starts(file: &[u8]) -> Result<Vec<Option<bool>>, ReadError> {
    let mut starts = Vec::new();
    read(file, LIMITS, |entry| {
        let report = entry.report;
        if report.start == StartKind::Warm {
            assert!(report.duration.is_some() && report.init.is_none() && report.restore.is_none(), "{report:?}");
            assert_eq!(report.billing, BillingCheck::Agrees);
        }
        starts.push(report.cold());
    })
    .map(|_| starts)
}

#[test]
fn each_seed_is_read_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/seeds/envelopes");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = fs::read(&path).expect("a file");
        match (name.split('_').next(), starts(&file)) {
            (Some("refused"), read) => assert!(read.is_err(), "{name}: {read:?}"),
            (Some("empty"), read) => assert_eq!(read.ok(), Some(vec![]), "{name}"),
            (_, read) => assert_eq!(read.ok(), Some(vec![Some(true), Some(false)]), "{name}"),
        }
        // Cut anywhere, a file may be refused, but never ends the reader.
        for end in (0..file.len()).step_by(61) {
            let _ = starts(&file[..end]);
        }
        count += 1;
    }
    assert!(count >= 30, "only {count} seeds were found");
}
