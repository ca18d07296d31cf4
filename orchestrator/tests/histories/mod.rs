//! Made-up histories with a fixed seed: for tests, the benchmark and the pictures. One place, so that all show the same.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::function::config::Provenance;
use coldwatch::history::{Circumstances, Run, judge};
use coldwatch::record::RunRecord;
use coldwatch::record::outcomes::Outcomes;
use coldwatch::record::round::{RoundRecord, SampleRecord};
use coldwatch::record::stopped::Stopped;
use coldwatch::record::summary::distribution;
use coldwatch::show::html::{Report, SeriesHistory};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Records that a report is given of each series.
const RECENT: usize = 30;

/// How a series goes.
#[derive(Debug, Clone)]
pub struct Course {
    /// Name for people.
    pub label: String,
    /// Median at the beginning, in ms.
    pub p50: f64,
    /// Runs from the first to the last.
    pub runs: usize,
    /// Between two runs.
    pub every: TimeDelta,
    /// Proven samples a run.
    pub samples: usize,
    /// Changes: at which run, by which factor, and whether a deploy came with it.
    pub steps: Vec<(usize, f64, bool)>,
    /// Runs that were never made, from and to.
    pub missing: Vec<(usize, usize)>,
    /// Every so many runs one is wild; 0 for none.
    pub wild: usize,
    /// Share of the samples in a second mode, half as long again.
    pub second_mode: f64,
    /// Runs at the end that prove nothing.
    pub failing: usize,
    /// Time from the last run to now.
    pub silent: TimeDelta,
    /// Whether it is a control target.
    pub control: bool,
}

impl Course {
    /// A series in which nothing happens, four runs a day.
    pub fn steady(label: &str, p50: f64, runs: usize) -> Self {
        Self {
            label: label.to_owned(),
            p50,
            runs,
            every: TimeDelta::hours(6),
            samples: 20,
            steps: Vec::new(),
            missing: Vec::new(),
            wild: 0,
            second_mode: 0.0,
            failing: 0,
            silent: TimeDelta::minutes(40),
            control: false,
        }
    }

    /// The series, its last run before `now`. The same seed gives the same series.
    pub fn history(&self, now: DateTime<Utc>, seed: u64) -> SeriesHistory {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let runs = self.make_runs(now, &mut random);
        let from = runs.len().saturating_sub(RECENT);
        let recent: Vec<RunRecord> = runs[from..].iter().map(|run| self.record(run, &mut random)).collect();
        let samples = runs.last().map(|run| self.samples(run, &mut random)).unwrap_or_default();
        let judgement = judge(&runs);
        SeriesHistory {
            label: self.label.clone(),
            function: self.function(),
            protocol: self.protocol(),
            control: self.control,
            runs,
            judgement,
            recent,
            samples,
        }
    }

    fn function(&self) -> String {
        format!("arn:aws:lambda:eu-central-1:123456789012:function:{}", self.label)
    }

    fn protocol(&self) -> String {
        format!("forced-burst-{}", self.samples)
    }

    fn make_runs(&self, now: DateTime<Utc>, random: &mut ChaCha8Rng) -> Vec<Run> {
        let last = now - self.silent;
        let mut circumstances = Arc::new(self.circumstances(0));
        let mut level = self.p50;
        let mut runs = Vec::with_capacity(self.runs);
        for index in 0..self.runs {
            if let Some((_, factor, deployed)) = self.steps.iter().find(|(at, ..)| *at == index) {
                level *= factor;
                if *deployed {
                    circumstances = Arc::new(self.circumstances(index));
                }
            }
            if self.missing.iter().any(|(from, to)| (*from..*to).contains(&index)) {
                continue;
            }
            let back = i32::try_from(self.runs - 1 - index).expect("a history of less than a million years");
            let at = last - self.every * back;
            let samples =
                if index + self.failing >= self.runs { Vec::new() } else { self.durations(level, index, random) };
            runs.push(Run {
                id: format!("{:012x}", at.timestamp_millis()),
                at,
                samples,
                circumstances: Arc::clone(&circumstances),
            });
        }
        runs
    }

    /// What real cold starts look like: all of a run shift together by some 1.6 %, they scatter by 5 %, and a few take much
    /// longer.
    fn durations(&self, level: f64, index: usize, random: &mut ChaCha8Rng) -> Vec<f64> {
        let mut normal = || -> f64 { StandardNormal.sample(random) };
        let wild = if self.wild > 0 && index % self.wild == self.wild / 2 { 1.45 } else { 1.0 };
        let level = level * wild * (0.016 * normal()).exp();
        let scatter: Vec<f64> = (0..self.samples).map(|_| (0.05 * normal()).exp()).collect();
        let mut samples: Vec<f64> = scatter
            .into_iter()
            .map(|scatter| {
                let slow = if random.random::<f64>() < 0.03 { 1.2 + 0.8 * random.random::<f64>() } else { 1.0 };
                let mode = if random.random::<f64>() < self.second_mode { 1.5 } else { 1.0 };
                (level * scatter * slow * mode * 100.0).round() / 100.0
            })
            .collect();
        samples.sort_by(f64::total_cmp);
        samples
    }

    fn circumstances(&self, deploy: usize) -> Circumstances {
        let seed = self.label.bytes().fold(deploy as u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let hash = STANDARD.encode(ChaCha8Rng::seed_from_u64(seed).random::<[u8; 32]>());
        Circumstances {
            provenance: Provenance {
                code_sha256: Some(hash),
                version: Some("$LATEST".to_owned()),
                runtime: Some("python3.13".to_owned()),
                runtime_version_arn: Some("arn:aws:lambda:eu-central-1::runtime:a733d0a71ef7".to_owned()),
                memory_size_mb: Some(512),
                architecture: Some("arm64".to_owned()),
                package_type: Some("Zip".to_owned()),
                layers: Vec::new(),
                log_format: Some("JSON".to_owned()),
                ..Provenance::default()
            },
            coldwatch: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn record(&self, run: &Run, random: &mut ChaCha8Rng) -> RunRecord {
        let ms = |value: f64| Duration::from_secs_f64(value / 1_000.0);
        let proven = u32::try_from(run.samples.len()).expect("a small number");
        let wanted = u32::try_from(self.samples).expect("a small number");
        let overhead = |value: &f64| ms(value * 0.0 + 18.0 + 6.0 * f64::from(u8::from(*value > self.p50)));
        let billed: f64 = run.samples.iter().map(|value| value + 128.0).sum();
        let warm = u64::from(random.random::<f64>() < 0.2);
        let outcomes = Outcomes {
            cold: u64::from(proven),
            warm: if proven == 0 { 0 } else { warm },
            function_error: if proven == 0 { 40 } else { 0 },
            ..Outcomes::default()
        };
        RunRecord {
            version: 1,
            run_id: run.id.clone(),
            suite: "nightly".to_owned(),
            function: self.function(),
            label: self.label.clone(),
            series: format!("{}#{}", self.function(), self.protocol()),
            protocol: self.protocol(),
            control: self.control,
            started_at: run.at,
            finished_at: run.at + TimeDelta::seconds(4),
            wanted,
            proven,
            shortfall: wanted - proven,
            attempted: u32::try_from(outcomes.attempted()).expect("a small number"),
            outcomes,
            function_errors: Vec::new(),
            stopped: if proven == 0 { Stopped::NothingProven } else { Stopped::Enough },
            stopped_detail: (proven == 0).then(|| "2 rounds in a row proved no cold start".to_owned()),
            init_ms: distribution(run.samples.iter().map(|value| ms(*value))),
            restore_ms: distribution([]),
            cold_start_ms: distribution(run.samples.iter().map(|value| ms(value + 6.5))),
            round_trip_ms: distribution(run.samples.iter().map(|value| ms(value + 30.0))),
            platform_overhead_ms: distribution(run.samples.iter().map(overhead)),
            cold_yield: Some(f64::from(proven) / f64::from(u32::try_from(outcomes.attempted()).expect("small").max(1))),
            billed_ms: Some(billed),
            billed_gb_seconds: Some(billed / 2_000.0),
            cost_usd: Some(billed / 2_000.0 * 0.000_013_333_4),
            rounds: vec![RoundRecord {
                invocations: wanted,
                proven,
                hold_ms: 100.0,
                settle_ms: 1_612.0,
                burst_ms: 240.0,
                send_spread_ms: 4.2,
                discarded: None,
                code_sha256: run.circumstances.provenance.code_sha256.clone(),
            }],
            provenance: run.circumstances.provenance.clone(),
            invalidate: Some("environment".to_owned()),
            seed: 7,
            depth: 0,
            warnings: Vec::new(),
            coldwatch: run.circumstances.coldwatch.clone(),
            finding: None,
            judged_at: None,
        }
    }

    fn samples(&self, run: &Run, random: &mut ChaCha8Rng) -> Vec<SampleRecord> {
        let mut shuffled = run.samples.clone();
        for index in (1..shuffled.len()).rev() {
            shuffled.swap(index, random.random_range(0..=index));
        }
        shuffled.into_iter().map(|init| sample(init, self.p50)).collect()
    }
}

fn sample(init: f64, typical: f64) -> SampleRecord {
    SampleRecord {
        outcome: "cold".to_owned(),
        detail: None,
        request_id: None,
        environment_id: None,
        invocation: Some(1),
        init_ms: Some(init),
        restore_ms: None,
        duration_ms: Some(106.5),
        held_ms: Some(100.0),
        billed_ms: Some((init + 107.0).ceil()),
        round_trip_ms: init + 130.0 - typical * 0.01,
        sent_after_ms: 1.0,
        max_memory_mb: Some(61),
        billing_disagrees: false,
    }
}

/// When all of these histories end.
pub fn now() -> DateTime<Utc> {
    "2026-11-24T04:00:00Z".parse().expect("a time")
}

/// A report of these courses.
pub fn report(courses: &[Course], command: &str) -> Report {
    let series = courses.iter().zip(1..).map(|(course, seed)| course.history(now(), seed)).collect();
    Report { made_at: now(), command: command.to_owned(), place: "table coldwatch, eu-central-1".to_owned(), series }
}

/// Names of targets.
pub const NAMES: [&str; 20] = [
    "checkout",
    "search-api",
    "thumbnails",
    "invoice-pdf",
    "auth-token",
    "cart",
    "orders",
    "webhooks",
    "geo-lookup",
    "feed",
    "push-sender",
    "image-resize",
    "export-csv",
    "pricing",
    "stock-sync",
    "tax-rates",
    "mailer",
    "session",
    "audit-log",
    "recommend",
];

/// Where each of them begins, in ms.
pub fn medians(index: usize) -> f64 {
    [182.0, 243.0, 96.0, 411.0, 71.0, 133.0, 158.0, 88.0, 64.0, 205.0][index % 10]
        * if index % 20 < 10 { 1.0 } else { 1.07 }
}

/// As many targets over as many runs; every third changes now and then.
pub fn many(targets: usize, runs: usize, samples: usize) -> Vec<Course> {
    let course = |index: usize| {
        let name = format!("{}-{index}", NAMES[index % NAMES.len()]);
        let mut course = Course { samples, ..Course::steady(&name, medians(index), runs) };
        if index.is_multiple_of(3) {
            course.steps = (1..8)
                .map(|step| (runs * step / 8 + index, if step % 2 == 0 { 0.85 } else { 1.15 }, step == 3))
                .collect();
        }
        course.wild = 400 * usize::from(index % 4 == 1);
        course.missing = if index % 5 == 2 { vec![(runs / 3, runs / 3 + runs / 20)] } else { Vec::new() };
        course
    };
    (0..targets).map(course).collect()
}
