//! How much of a piece can be read before what follows it is known.

use std::collections::HashSet;

use super::event::{Event, Origin, What};

/// Up to where a piece can be read without looking at what follows it. All of it where nothing begins in it.
pub(super) fn settled(events: &[Event<'_>], length: usize) -> usize {
    /// Requests that began further back and have no REPORT will have none.
    const RECENT: usize = 1_000;
    let recent = events.len().saturating_sub(RECENT);
    let (mut reported, mut place) = (HashSet::new(), None);
    for (index, event) in events.iter().enumerate().rev() {
        match &event.what {
            What::Report { id, .. } | What::UnreadableReport { id } => {
                reported.insert(id.as_ref());
            }
            What::Start { id } if event.origin >= Origin::Decorated => {
                if !reported.remove(id.as_ref()) && index >= recent {
                    place = None;
                }
                if reported.is_empty() && place.is_none() {
                    place = Some(beginning(events, index));
                }
            }
            _ => {}
        }
    }
    place.unwrap_or(length)
}

/// Where what belongs to the START at `index` begins: the lines about the environment before it.
fn beginning(events: &[Event<'_>], index: usize) -> usize {
    let before = events[..index].iter().rev().take_while(|event| is_about_environment(event)).count();
    events[index - before].start
}

/// Whether an event tells of an environment, and of no invocation.
fn is_about_environment(event: &Event<'_>) -> bool {
    matches!(event.what, What::EnvironmentStart(_) | What::InitPhase { .. } | What::InitFailure)
}
