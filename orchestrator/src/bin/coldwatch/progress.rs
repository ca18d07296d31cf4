//! A bar per target, or of an import, on a terminal; silence elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

use coldwatch::figures::visible;
use coldwatch::measure::context::{Event, Observer};
use coldwatch::record::stopped::Stopped;
use coldwatch::suite::Suite;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Draws progress on stderr if that is a terminal.
pub fn observer(suite: &Suite) -> Observer {
    if !std::io::stderr().is_terminal() {
        return Arc::new(|_| {});
    }
    let width = suite.targets.iter().map(|t| t.label.chars().count()).max().unwrap_or(0);
    let style = style("{prefix} {bar:30} {pos:>4}/{len} {msg}");
    let all = MultiProgress::new();
    let bars: HashMap<String, ProgressBar> = suite
        .targets
        .iter()
        .map(|target| {
            let bar = all.add(ProgressBar::new(suite.samples.into()).with_style(style.clone()));
            bar.set_prefix(format!("{:width$}", visible(&target.label)));
            bar.tick();
            (target.label.clone(), bar)
        })
        .collect();
    let bars = Mutex::new(bars);
    Arc::new(move |event| {
        let bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        match *event {
            Event::Opened { label, proven, .. } | Event::Round { label, proven, .. } => {
                if let Some(bar) = bars.get(label) {
                    bar.set_position(proven.into());
                }
            }
            Event::Closed { label, stopped } => {
                if let Some(bar) = bars.get(label) {
                    bar.abandon_with_message(if *stopped == Stopped::Enough {
                        String::new()
                    } else {
                        stopped.to_string()
                    });
                }
            }
        }
    })
}

/// A bar of the cold starts that an import stores.
pub fn of_import(starts: u64) -> ProgressBar {
    bar(starts, "{bar:30} {pos}/{len} cold starts stored")
}

/// A bar of the functions that are put back.
pub fn of_restore(functions: u64) -> ProgressBar {
    let bar = bar(functions, "{bar:30} {pos}/{len} functions looked at");
    bar.tick();
    bar
}

fn bar(length: u64, template: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::new(length).with_style(style(template))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is valid").progress_chars("━╸─")
}
