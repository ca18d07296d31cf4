//! Any bytes are a file: unpacking them neither panics nor takes long or much, and what is called warm is whole.
//!
//! Run with `cargo +nightly fuzz run envelopes -- -max_total_time=600 -max_len=65536`.

#![no_main]

use libfuzzer_sys::fuzz_target;

use lambda_report::{BillingCheck, StartKind};
use log_envelopes::{Limits, read};

fuzz_target!(|file: &[u8]| {
    let limits = Limits { unpacked: 64 << 20, free: 1 << 20, ..Limits::default() };
    // An error is a refusal; what was read before it counts.
    let _ = read(file, limits, |entry| {
        let report = entry.report;
        if report.start == StartKind::Warm {
            assert!(report.duration.is_some() && report.init.is_none() && report.restore.is_none());
            assert_eq!(report.billing, BillingCheck::Agrees);
        }
    });
});
