//! How fast logs are read. Run with `cargo bench -p lambda-report`.
//!
//! The goal is 500 MB/s on one core for logs without a REPORT, for a chatty function's stream is mostly its own output.

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lambda_report::{report_for, reports};

const ID: &str = "1b0f6e1c-52a4-4d38-9f6e-0c2d4b6a8e10";

/// Output lines, and platform lines other than REPORT.
fn output(bytes: usize) -> String {
    let mut log = String::new();
    for i in 0.. {
        if log.len() >= bytes {
            break;
        }
        match i % 20 {
            0 => writeln!(log, "START RequestId: {ID} Version: $LATEST"),
            19 => writeln!(log, "END RequestId: {ID}"),
            _ => writeln!(log, "2026-01-31T10:20:30.{i:03}Z\t{ID}\tINFO\thandled order {i} in 12 ms"),
        }
        .expect("a string takes everything");
    }
    log
}

fn with_reports(bytes: usize) -> String {
    let end = format!("END RequestId: {ID}\n");
    let report = "\tDuration: 12.34 ms\tBilled Duration: 163 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 150.50 ms\t\n";
    output(bytes).replace(&end, &format!("{end}REPORT RequestId: {ID}{report}"))
}

fn bench(criterion: &mut Criterion) {
    const MEGABYTES: usize = 16 * 1024 * 1024;
    let logs = [("without_report", output(MEGABYTES)), ("with_reports", with_reports(MEGABYTES))];
    let mut group = criterion.benchmark_group("report_line");
    group.sample_size(20);
    for (name, log) in &logs {
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(*name, |bencher| bencher.iter(|| reports(black_box(log.as_bytes()))));
    }
    let tail = with_reports(4096);
    group.throughput(Throughput::Bytes(tail.len() as u64));
    group.bench_function("tail_of_4_kb", |bencher| bencher.iter(|| report_for(black_box(tail.as_bytes()), ID)));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
