//! How long it takes to find the changes of a series: 1,000 runs are to take at most 1 ms, and twenty times as many some
//! twenty times as long.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shift_stats::changes::change_points;

/// Noise of 2 %, with a step of 10 % every 250 runs.
fn series(runs: usize) -> Vec<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut noise = || 0.02 * ((0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0);
    (0..runs).map(|run| noise() + if run / 250 % 2 == 1 { 0.1 } else { 0.0 }).collect()
}

fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("change_points");
    for runs in [100, 1_000, 5_000, 20_000] {
        let values = series(runs);
        group.throughput(Throughput::Elements(runs as u64));
        group.bench_with_input(BenchmarkId::from_parameter(runs), &values, |bencher, values| {
            bencher.iter(|| change_points(black_box(values)));
        });
    }
    group.finish();
}

criterion_group!(benches, changes);
criterion_main!(benches);
