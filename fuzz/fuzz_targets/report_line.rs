//! Any bytes are a log: reading them neither panics nor takes long, and what is called warm is whole.
//!
//! Run with `cargo install cargo-fuzz`, then `cargo +nightly fuzz run report_line -- -max_total_time=120 -max_len=4096
//! -dict=fuzz/report_line.dict`.

#![no_main]

use libfuzzer_sys::fuzz_target;

use lambda_report::{BillingCheck, StartKind, report_for, reports};

fuzz_target!(|log: &[u8]| {
    let all = reports(log);
    for report in &all {
        let last = all.iter().rfind(|other| other.request_id == report.request_id);
        let asked = report_for(log, &report.request_id);
        assert!(asked.is_none() || asked.as_ref() == last);
        if report.start == StartKind::Warm {
            let whole = report.duration.is_some() && report.billed.is_some() && report.max_memory_used_mb.is_some();
            assert!(whole && report.init.is_none() && report.restore.is_none());
            assert_eq!(report.billing, BillingCheck::Agrees);
        }
    }
});
