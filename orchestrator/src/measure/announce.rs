//! New findings are announced: each becomes an event, once, however many runs show it.
//!
//! A record says as what its finding was announced. A later run announces the same change again only if it has become
//! a regression, or an event of the platform, meanwhile. An event that could not be sent is sent by the next run.

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream;

use crate::history::findings::Together;
use crate::measure::context::RunContext;
use crate::record::event::{FindingEvent, Found};
use crate::record::{Announced, FindingRecord, RunRecord};

/// Series read at the same time.
const AT_ONCE: usize = 8;
const OUT_OF_TIME: &str = "the time allowed was used up";

/// A finding that is to be announced.
struct News {
    event: FindingEvent,
    /// Places of the targets it is about.
    targets: Vec<usize>,
    regression: bool,
}

/// What a run shows of a series.
struct Shown {
    series: String,
    run_id: String,
    finding: Option<FindingRecord>,
    kind: Announced,
}

impl Shown {
    fn by(record: &RunRecord, of_a_group: bool) -> Self {
        // What was judged by an earlier delivery was announced then.
        let finding = record.finding.clone().filter(|_| record.judged_at.is_none());
        let regression = of_a_group || finding.as_ref().is_some_and(|finding| finding.regression);
        let kind = Announced::of(regression);
        Self { series: record.series.clone(), run_id: record.run_id.clone(), finding, kind }
    }
}

/// Sends an event for each finding that none of the last `runs` runs has announced, and notes that in the records. What
/// goes wrong is a warning there.
pub async fn announce(context: &RunContext, judged: &mut [&mut RunRecord], together: &[Together], runs: usize) {
    let records: Vec<RunRecord> = judged.iter().map(|record| (**record).clone()).collect();
    let regression = |index: usize| together.iter().any(|group| group.regression && group.members.contains(&index));
    let shown: Vec<Shown> = records.iter().enumerate().map(|(index, r)| Shown::by(r, regression(index))).collect();
    let reads = stream::iter(shown.into_iter().map(|shown| is_new(context, shown, runs)));
    let new: Vec<Result<bool, String>> = reads.buffered(AT_ONCE).collect().await;
    for (record, new) in judged.iter_mut().zip(&new) {
        record.warnings.extend(new.as_ref().err().map(|reason| warning(reason)));
    }
    let new: Vec<bool> = new.into_iter().map(Result::unwrap_or_default).collect();
    let found = Found { at: (context.clock)(), link: context.link.as_deref() };
    let news = news(&records, &new, together, found);
    let sent = send(context, news.iter().map(|news| news.event.clone()).collect()).await;
    for News { targets, regression, .. } in news {
        for index in targets {
            let record = &mut *judged[index];
            match (&sent, &mut record.finding) {
                (Ok(()), Some(finding)) => finding.announced = Some(Announced::of(regression)),
                (Ok(()), None) => {}
                (Err(reason), _) => record.warnings.push(warning(reason)),
            }
        }
    }
}

/// The events that are due: one for each group, and one for each finding of a single function.
fn news(records: &[RunRecord], new: &[bool], together: &[Together], found: Found<'_>) -> Vec<News> {
    let mut news = Vec::new();
    // A member that was announced with its group before speaks for all.
    for group in together.iter().filter(|group| group.members.iter().all(|index| new[*index])) {
        let member = |index: &usize| Some((&records[*index], records[*index].finding.as_ref()?));
        let moved: Vec<_> = group.members.iter().filter_map(member).collect();
        let event = FindingEvent::of_platform(&moved, group.measured, group.regression, found);
        let (targets, regression) = (group.members.clone(), group.regression);
        news.extend(event.map(|event| News { event, targets, regression }));
    }
    for (index, record) in records.iter().enumerate().filter(|(index, _)| new[*index]) {
        if let Some(finding) = record.finding.as_ref().filter(|finding| finding.platform_event.is_none()) {
            let event = FindingEvent::of_function(record, finding, found);
            news.push(News { event, targets: vec![index], regression: finding.regression });
        }
    }
    news
}

/// Whether there is a finding that no earlier run of its series has announced.
async fn is_new(context: &RunContext, shown: Shown, runs: usize) -> Result<bool, String> {
    let Some(finding) = &shown.finding else { return Ok(false) };
    // This run's own record is stored already.
    let limit = i32::try_from(runs + 1).unwrap_or(i32::MAX);
    let runs = tokio::time::timeout_at(context.ends_at, context.aws.store.runs(&shown.series, Some(limit))).await;
    let runs = runs.map_err(|_| OUT_OF_TIME.to_owned())?.map_err(|error| error.to_string())?;
    let earlier = runs.iter().filter(|run| run.run_id != shown.run_id);
    let mut earlier = earlier.filter_map(|run| Some((run.started_at, run.finding.as_ref()?)));
    Ok(!earlier.any(|(at, before)| covers(at, before, finding, shown.kind)))
}

/// Whether the finding that the run of `at` announced is this one, and said no less.
fn covers(at: DateTime<Utc>, before: &FindingRecord, now: &FindingRecord, kind: Announced) -> bool {
    let same_change = (before.shift_percent > 0.0) == (now.shift_percent > 0.0) && now.since <= at;
    let same_scope = now.platform_event.is_none() || before.platform_event.is_some();
    same_change && same_scope && before.announced.is_some_and(|announced| announced >= kind)
}

async fn send(context: &RunContext, events: Vec<FindingEvent>) -> Result<(), String> {
    if events.is_empty() {
        return Ok(());
    }
    let sent = tokio::time::timeout_at(context.ends_at, context.aws.events.put(&events)).await;
    sent.map_err(|_| OUT_OF_TIME.to_owned())?.map_err(|error| error.to_string())
}

fn warning(reason: &str) -> String {
    format!("the finding was not announced: {reason}")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::history::{Shape, State};
    use crate::record::PlatformEventRecord;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    /// A change since a day, and as what it was announced.
    fn finding(since: i64, shift_percent: f64, announced: Option<Announced>) -> FindingRecord {
        FindingRecord {
            regression: announced == Some(Announced::Regression),
            since: day(since),
            shift_percent,
            shift_low: None,
            shift_high: None,
            state: State::Confirmed,
            shape: Shape::Step,
            causes: vec![],
            unchanged: vec![],
            platform_event: None,
            announced,
        }
    }

    fn of_the_platform(finding: FindingRecord) -> FindingRecord {
        FindingRecord { platform_event: Some(PlatformEventRecord { moved: 3, measured: 4 }), ..finding }
    }

    #[test]
    fn a_change_is_announced_once_and_again_when_more_is_known() {
        use Announced::{Change, Regression};
        // Announced by the run of day 20.
        let covered = |before: FindingRecord, now: FindingRecord, kind| covers(day(20), &before, &now, kind);
        assert!(covered(finding(15, 20.0, Some(Change)), finding(15, 20.0, None), Change));
        assert!(covered(finding(15, 20.0, Some(Regression)), finding(16, 19.0, None), Regression));
        assert!(covered(finding(15, 20.0, Some(Regression)), finding(15, 20.0, None), Change));
        assert!(covered(of_the_platform(finding(15, 20.0, Some(Regression))), finding(15, 20.0, None), Regression));
        // It was not announced, or has become a regression, or it is the platform, or another change.
        assert!(!covered(finding(15, 20.0, None), finding(15, 20.0, None), Change));
        assert!(!covered(finding(15, 20.0, Some(Change)), finding(15, 20.0, None), Regression));
        assert!(!covered(finding(15, 20.0, Some(Regression)), of_the_platform(finding(15, 20.0, None)), Change));
        assert!(!covered(finding(15, 20.0, Some(Regression)), finding(15, -20.0, None), Change));
        assert!(!covered(finding(15, 20.0, Some(Regression)), finding(21, 40.0, None), Regression));
    }
}
