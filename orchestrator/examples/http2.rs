//! Large bursts over HTTP/2, as AWS speaks it, and over HTTP/1.1: what this program's own queue adds to a round trip.
//!
//! Both run in one process against the local cloud, one after the other. Over HTTP/2 it allows 128 requests at once on a
//! connection, as Lambda does; over HTTP/1.1 each request has a connection of its own, so nothing can wait for another.

#[path = "../tests/whole/signing.rs"]
mod signing;
#[path = "../tests/whole/stage.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod stage;

use std::fmt::Write;
use std::process::ExitCode;
use std::time::Duration;

use coldwatch::evidence::sample::Sample;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::run::run;
use coldwatch::record::measured::Measured;
use coldwatch::suite::Suite;
use coldwatch::units::millis;
use local_cloud::Options;
use shift_stats::{Sorted, quantile};

use crate::stage::{Stage, fresh};

/// So many times the figure of HTTP/1.1 is allowed, and so many ms more for noise: for the 90th percentile, and the maximum.
const ALLOWED: [(f64, f64); 2] = [(2.0, 10.0), (3.0, 30.0)];
/// Of the burst of 300: proven in its first round at least, and invocations in all at most.
const FIRST_ROUND: usize = 295;
const INVOCATIONS: usize = 305;

/// What a suite took.
struct Taken {
    invocations: usize,
    rounds: usize,
    /// Proven in the first round of each target, all together.
    first: usize,
    /// Round trips without init and handler, in ms.
    overhead: Sorted,
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut met = true;
    println!(
        "{:28} {:9} {:>8} {:>7} {:>6} {:>24}",
        "suite", "protocol", "invokes", "rounds", "first", "overhead p50/p90/max ms"
    );
    for (targets, burst, init) in [(1, 300, 150), (8, 20, 1_500), (32, 20, 1_500)] {
        let name = format!("{targets} × {burst}, init {init} ms");
        let plain = measure(false, targets, burst, init).await;
        show(&name, "HTTP/1.1", &plain);
        let streams = measure(true, targets, burst, init).await;
        show(&name, "HTTP/2", &streams);
        met &= if targets == 1 { in_one_round(&streams) } else { as_quick(&plain, &streams) };
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measure(tls: bool, targets: usize, burst: u32, init: u32) -> Taken {
    let network = Duration::from_millis(20);
    let stage = Stage::with(Options { tls, network, ..Options::default() }).await;
    let mut suite = format!("samples = {burst}\nburst = {burst}\nparallel = {targets}\nmax_concurrency = 900\n");
    for index in 0..targets {
        let function = format!("f{index}");
        stage.simulated(&function, &format!("constant:{init}"), &[]).await;
        write!(suite, "[[targets]]\nfunction = \"{function}\"\n").expect("written to memory");
    }
    let suite = Suite::from_toml(&suite).expect("a valid suite");
    let report = run(&suite, &stage.context(fresh())).await.expect("the run starts");
    let measured: Vec<Measured> = report
        .targets
        .into_iter()
        .map(|target| match target.end {
            TargetEnd::Measured(measured) => *measured,
            other => panic!("not measured: {other:?}"),
        })
        .collect();
    stage.cloud.stop().await;
    let proven = |samples: &[Sample]| samples.iter().filter(|sample| sample.is_proven()).count();
    let overheads = measured.iter().flat_map(Measured::samples).filter_map(Sample::platform_overhead).map(millis);
    Taken {
        invocations: measured.iter().map(|measured| measured.samples().count()).sum(),
        rounds: measured.iter().map(|measured| measured.rounds.len()).sum(),
        first: measured.iter().filter_map(|measured| Some(proven(&measured.rounds.first()?.samples))).sum(),
        overhead: Sorted::new(overheads.collect()).expect("proven cold starts"),
    }
}

fn show(name: &str, protocol: &str, taken: &Taken) {
    let Taken { invocations, rounds, first, overhead } = taken;
    let [p50, p90] = [0.5, 0.9].map(|p| quantile(overhead, p));
    let figures = format!("{p50:.0} / {p90:.0} / {:.0}", overhead.max());
    println!("{name:28} {protocol:9} {invocations:>8} {rounds:>7} {first:>6} {figures:>24}");
}

fn in_one_round(streams: &Taken) -> bool {
    let met = streams.first >= FIRST_ROUND && streams.invocations <= INVOCATIONS;
    println!("  goal: {FIRST_ROUND} or more in the first round, {INVOCATIONS} invocations or fewer: {}", verdict(met));
    met
}

fn as_quick(plain: &Taken, streams: &Taken) -> bool {
    let figures = |taken: &Taken| [quantile(&taken.overhead, 0.9), taken.overhead.max()];
    let mut all = true;
    for (((name, h1), h2), (times, more)) in
        ["p90", "max"].into_iter().zip(figures(plain)).zip(figures(streams)).zip(ALLOWED)
    {
        let (limit, met) = (times * h1 + more, h2 <= times * h1 + more);
        println!(
            "  {name}: {:.2} times HTTP/1.1; goal: {h2:.0} ≤ {times} × {h1:.0} + {more} = {limit:.0} ms: {}",
            h2 / h1,
            verdict(met)
        );
        all &= met;
    }
    all
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
