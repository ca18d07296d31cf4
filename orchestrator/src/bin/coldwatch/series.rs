//! Which stored series are meant, and the runs of their current levels.

use coldwatch::arn::function_name;
use coldwatch::aws::Store;
use coldwatch::compare::Group;
use coldwatch::history::{Run, judge};
use coldwatch::record::series::SeriesEntry;
use shift_stats::{RunNoise, Sorted};

use crate::exit::{Failure, warn};

/// The wanted series; where there are none among those stored, it is bad input.
pub fn chosen(entries: &[SeriesEntry], wanted: impl Fn(&SeriesEntry) -> bool) -> Result<Vec<&SeriesEntry>, Failure> {
    let chosen: Vec<&SeriesEntry> = entries.iter().filter(|entry| wanted(entry)).collect();
    if chosen.is_empty() && !entries.is_empty() {
        let labels: Vec<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
        return Err(Failure::bad_input(format!(
            "no such target is stored here; the stored ones are {}",
            labels.join(", ")
        )));
    }
    Ok(chosen)
}

/// Why there is nothing to show, and what to do, where no series at all is stored and where some are.
pub fn nothing(at_all: bool) -> &'static str {
    if at_all {
        "no runs are stored here yet; `coldwatch run` measures some, and `coldwatch import` reads those measured \
         elsewhere"
    } else {
        "the chosen series have no runs, or none since `--since`"
    }
}

/// The last runs of the current level of two series, and the run effects that their histories show.
pub async fn groups(store: &Store, a: &str, b: &str, last: usize) -> Result<(Group, Group), Failure> {
    let entries = store.series().await?;
    let (a, b) = pair(&entries, a, b)?;
    if a.protocol != b.protocol {
        warn(format!(
            "the protocols differ ({} and {}), and cold starts in bursts of different sizes are not comparable",
            a.protocol, b.protocol
        ));
    }
    Ok((group(store, a, last).await?, group(store, b, last).await?))
}

async fn group(store: &Store, entry: &SeriesEntry, last: usize) -> Result<Group, Failure> {
    let runs = store.recent_history(&entry.series).await?;
    let since = judge(&runs).level.map_or(0, |level| level.since);
    // `RunNoise` ignores changes of level, and is better with more runs.
    let noise = RunNoise::of(&runs.iter().filter_map(sample).collect::<Vec<_>>());
    let level: Vec<Sorted> = runs[since..].iter().filter_map(sample).collect();
    let from = level.len().saturating_sub(last);
    Ok(Group { label: entry.label.clone(), runs: level[from..].to_vec(), noise })
}

fn sample(run: &Run) -> Option<Sorted> {
    Sorted::new(run.samples.clone()).ok()
}

/// The series that two names mean: of the same protocol where there is a choice.
fn pair<'a>(entries: &'a [SeriesEntry], a: &str, b: &str) -> Result<(&'a SeriesEntry, &'a SeriesEntry), Failure> {
    let (for_a, for_b) = (named(entries, a)?, named(entries, b)?);
    if let ([a], [b]) = (&for_a[..], &for_b[..]) {
        return Ok((a, b));
    }
    let same = for_a.iter().flat_map(|a| for_b.iter().map(move |b| (*a, *b))).filter(|(a, b)| a.protocol == b.protocol);
    if let [pair] = same.collect::<Vec<_>>()[..] {
        return Ok(pair);
    }
    let names: Vec<&str> = for_a.iter().chain(&for_b).map(|entry| entry.series.as_str()).collect();
    let names = names.join(", ");
    Err(Failure::bad_input(format!("the names match several series; name one for each side: {names}")))
}

/// Series whose label, function or own name is this; else those that contain it.
fn named<'a>(entries: &'a [SeriesEntry], name: &str) -> Result<Vec<&'a SeriesEntry>, Failure> {
    let is = |e: &&SeriesEntry| {
        [&e.label, &e.series, &e.function].contains(&&name.to_owned()) || function_name(&e.function) == name
    };
    let contains = |e: &&SeriesEntry| e.label.contains(name) || e.function.contains(name);
    let found: Vec<_> = entries.iter().filter(is).collect();
    let found = if found.is_empty() { entries.iter().filter(contains).collect() } else { found };
    if entries.is_empty() {
        return Err(Failure::bad_input(format!(
            "no series is named `{name}`: no runs are stored here yet; `coldwatch run` measures some, `coldwatch import` reads a CSV"
        )));
    }
    if found.is_empty() {
        let labels: Vec<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
        return Err(Failure::bad_input(format!(
            "no stored series is named `{name}`; the stored ones are: {}",
            labels.join(", ")
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn entry(function: &str, label: &str, protocol: &str) -> SeriesEntry {
        let function = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
        SeriesEntry {
            version: 1,
            series: format!("{function}#{protocol}"),
            function,
            label: label.to_owned(),
            protocol: protocol.to_owned(),
            control: false,
            last_run_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn names_are_found_exactly_first_and_paired_by_protocol() {
        let entries = [entry("f", "one", "idle"), entry("f", "one", "forced-isolated"), entry("ff", "two", "idle")];
        let (a, b) = pair(&entries, "f", "two").expect("one pair");
        assert_eq!((&a.series, &b.series), (&entries[0].series, &entries[2].series));
        let Err(Failure::BadInput(error)) = pair(&entries, "one", "f") else { panic!("two protocols are a choice") };
        assert!(error.starts_with("the names match several series"), "{error}");
        let Err(Failure::BadInput(error)) = pair(&entries, "three", "f") else { panic!("there is no `three`") };
        assert_eq!(error, "no stored series is named `three`; the stored ones are: one, one, two");
        let Err(Failure::BadInput(error)) = pair(&[], "one", "two") else { panic!("nothing is there") };
        assert!(error.starts_with("no series is named `one`: no runs are stored here yet; `coldwatch run`"), "{error}");
    }
}
