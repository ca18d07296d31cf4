//! What is kept of the functions' logs: the last reports of each log group.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

/// Lines that a log group keeps; then the oldest go. A line takes some 250 bytes.
const MOST_LINES: usize = 50_000;
/// Bytes that a line counts for besides its text (CloudWatch Logs quotas, "Batch size").
const OVERHEAD: usize = 26;

/// All log groups, by name.
#[derive(Default)]
pub(super) struct Kept {
    groups: BTreeMap<String, Group>,
}

/// One log group.
pub(super) struct Group {
    pub created: DateTime<Utc>,
    pub lines: VecDeque<Line>,
}

/// One line.
pub(super) struct Line {
    pub at: DateTime<Utc>,
    pub stream: String,
    pub message: String,
}

impl Kept {
    pub(super) fn add(&mut self, group: &str, stream: &str, at: DateTime<Utc>, message: String) {
        if !self.has(group) {
            self.groups.insert(group.to_owned(), Group { created: at, lines: VecDeque::new() });
        }
        let group = self.groups.get_mut(group).expect("it is there since a line ago");
        if group.lines.len() == MOST_LINES {
            group.lines.pop_front();
        }
        group.lines.push_back(Line { at, stream: stream.to_owned(), message });
    }

    pub(super) fn has(&self, group: &str) -> bool {
        self.groups.contains_key(group)
    }

    pub(super) fn get(&self, group: &str) -> Option<&Group> {
        self.groups.get(group)
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = (&String, &Group)> {
        self.groups.iter()
    }
}

impl Group {
    pub(super) fn bytes(&self) -> usize {
        self.lines.iter().map(Line::bytes).sum()
    }
}

impl Line {
    pub(super) fn bytes(&self) -> usize {
        self.message.len() + OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_keeps_its_last_lines() {
        let mut kept = Kept::default();
        for number in 0..=MOST_LINES {
            kept.add("/aws/lambda/a", "s", DateTime::UNIX_EPOCH, number.to_string());
        }
        let lines = &kept.get("/aws/lambda/a").expect("the group").lines;
        assert_eq!((lines.len(), lines[0].message.as_str()), (MOST_LINES, "1"));
    }
}
