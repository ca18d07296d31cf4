//! The JSON that `--json` prints. Keys are part of the contract (`docs/schema.md`); a missing value is `null`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::history::platform::PlatformEvent;
use crate::history::{Cause, Change, Judgement, Metric, Shape, State};
use crate::record::measured::Measured;
use crate::record::outcomes::Outcomes;
use crate::record::round::{RoundRecord, SampleRecord};
use crate::record::series::SeriesEntry;
use crate::record::stopped::Stopped;
use crate::record::version::VERSION;
use crate::record::{Distribution, FindingRecord, FunctionErrors, RunRecord};

/// What `run --json` prints.
#[derive(Debug, Serialize)]
pub struct RunsDocument<'a> {
    version: u32,
    runs: Vec<RunView<'a>>,
}

/// What `history --json` prints: judgements, and the records as they are stored.
#[derive(Debug, Serialize)]
pub struct HistoryDocument<'a> {
    version: u32,
    series: Vec<SeriesView<'a>>,
    /// Absent where only records were asked for.
    platform_events: Option<Vec<PlatformEventView<'a>>>,
}

#[derive(Debug, Serialize)]
struct SeriesView<'a> {
    series: &'a str,
    /// Absent where only records were asked for: they have it.
    label: Option<&'a str>,
    /// Absent where only records were asked for.
    judgement: Option<JudgementView<'a>>,
    runs: &'a [RunRecord],
}

/// The current level of a series, and what changed.
#[derive(Debug, Serialize)]
struct JudgementView<'a> {
    level: Option<LevelView>,
    minimum_detectable_percent: Option<f64>,
    changes: Vec<ChangeView<'a>>,
}

#[derive(Debug, Serialize)]
struct LevelView {
    since: usize,
    since_timestamp: DateTime<Utc>,
    runs: usize,
    p50: f64,
    p50_low: Option<f64>,
    p50_high: Option<f64>,
}

/// One run with its samples.
#[derive(Debug, Serialize)]
struct RunView<'a> {
    run_id: &'a str,
    function: &'a str,
    label: &'a str,
    series: &'a str,
    started_at: DateTime<Utc>,
    wanted: u32,
    proven: u32,
    attempted: u32,
    stopped: &'a Stopped,
    stopped_detail: Option<&'a str>,
    outcomes: Outcomes,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    function_errors: &'a [FunctionErrors],
    init_ms: Distribution,
    restore_ms: Distribution,
    cold_start_ms: Distribution,
    billed_ms: Option<f64>,
    cost_usd: Option<f64>,
    stored: bool,
    finding: Option<&'a FindingRecord>,
    warnings: &'a [String],
    rounds: &'a [RoundRecord],
    samples: Vec<SampleRecord>,
}

/// What `changes --json` prints.
#[derive(Debug, Serialize)]
pub struct ChangesDocument<'a> {
    version: u32,
    metric: Metric,
    series: Vec<ChangesView<'a>>,
    platform_events: Vec<PlatformEventView<'a>>,
}

#[derive(Debug, Serialize)]
struct PlatformEventView<'a> {
    timestamp: DateTime<Utc>,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    architecture: Option<&'a str>,
    slower: bool,
    shift_percent: f64,
    measured: usize,
    series: &'a [String],
}

#[derive(Debug, Serialize)]
struct ChangesView<'a> {
    series: &'a str,
    runs: usize,
    changes: Vec<ChangeView<'a>>,
}

/// One change of a series.
#[derive(Debug, Serialize)]
pub struct ChangeView<'a> {
    index: usize,
    timestamp: DateTime<Utc>,
    metric: Metric,
    shape: Shape,
    state: State,
    shift_percent: f64,
    shift_low: Option<f64>,
    shift_high: Option<f64>,
    causes: &'a [Cause],
}

impl<'a> ChangesDocument<'a> {
    /// Series by id, with the number of their runs.
    pub fn new(
        metric: Metric,
        series: impl IntoIterator<Item = (&'a str, usize, &'a [Change])>,
        events: &'a [PlatformEvent],
    ) -> Self {
        let view = |(series, runs, changes): (&'a str, usize, &'a [Change])| ChangesView {
            series,
            runs,
            changes: changes.iter().map(ChangeView::from).collect(),
        };
        let platform_events = events.iter().map(PlatformEventView::from).collect();
        Self { version: VERSION, metric, series: series.into_iter().map(view).collect(), platform_events }
    }
}

impl<'a> From<&'a PlatformEvent> for PlatformEventView<'a> {
    fn from(event: &'a PlatformEvent) -> Self {
        Self {
            timestamp: event.at,
            from: event.from,
            until: event.until,
            architecture: event.architecture.as_deref(),
            slower: event.slower,
            shift_percent: event.shift_percent,
            measured: event.measured,
            series: &event.series,
        }
    }
}

impl<'a> From<&'a Change> for ChangeView<'a> {
    fn from(change: &'a Change) -> Self {
        Self {
            index: change.index,
            timestamp: change.at,
            metric: change.metric,
            shape: change.shape,
            state: change.state,
            shift_percent: change.shift_percent,
            shift_low: change.interval.map(|i| i.low),
            shift_high: change.interval.map(|i| i.high),
            causes: &change.causes,
        }
    }
}

impl<'a> RunsDocument<'a> {
    /// The measured targets of a run.
    pub fn new(measured: impl IntoIterator<Item = &'a Measured>) -> Self {
        Self { version: VERSION, runs: measured.into_iter().map(RunView::new).collect() }
    }
}

impl<'a> HistoryDocument<'a> {
    /// Series with their records, oldest first.
    pub fn new(series: &'a [(String, Vec<RunRecord>)]) -> Self {
        let view =
            |(series, runs): &'a (String, Vec<RunRecord>)| SeriesView { series, label: None, judgement: None, runs };
        Self { version: VERSION, series: series.iter().map(view).collect(), platform_events: None }
    }

    /// Series with their judgements and records, oldest first, and what moved many of them.
    pub fn judged(
        series: impl IntoIterator<Item = (&'a SeriesEntry, &'a Judgement, &'a [RunRecord])>,
        events: &'a [PlatformEvent],
    ) -> Self {
        let view = |(entry, judged, runs): (&'a SeriesEntry, &'a Judgement, &'a [RunRecord])| SeriesView {
            series: &entry.series,
            label: Some(&entry.label),
            judgement: Some(JudgementView::from(judged)),
            runs,
        };
        let platform_events = Some(events.iter().map(PlatformEventView::from).collect());
        Self { version: VERSION, series: series.into_iter().map(view).collect(), platform_events }
    }
}

impl<'a> From<&'a Judgement> for JudgementView<'a> {
    fn from(judged: &'a Judgement) -> Self {
        Self {
            level: judged.level.map(|level| LevelView {
                since: level.since,
                since_timestamp: level.at,
                runs: level.runs,
                p50: level.p50,
                p50_low: level.interval.map(|i| i.low),
                p50_high: level.interval.map(|i| i.high),
            }),
            minimum_detectable_percent: judged.minimum_detectable_percent,
            changes: judged.changes.iter().map(ChangeView::from).collect(),
        }
    }
}

impl<'a> RunView<'a> {
    fn new(measured: &'a Measured) -> Self {
        let record = &measured.record;
        Self {
            run_id: &record.run_id,
            function: &record.function,
            label: &record.label,
            series: &record.series,
            started_at: record.started_at,
            wanted: record.wanted,
            proven: record.proven,
            attempted: record.attempted,
            stopped: &record.stopped,
            stopped_detail: record.stopped_detail.as_deref(),
            outcomes: record.outcomes,
            function_errors: &record.function_errors,
            init_ms: record.init_ms,
            restore_ms: record.restore_ms,
            cold_start_ms: record.cold_start_ms,
            billed_ms: record.billed_ms,
            cost_usd: record.cost_usd,
            stored: measured.unstored.is_none(),
            finding: record.finding.as_ref(),
            warnings: &record.warnings,
            rounds: &record.rounds,
            samples: measured.samples().map(SampleRecord::from).collect(),
        }
    }
}
