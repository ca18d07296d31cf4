//! Finds circles: one, as short as possible, through each file or room that is on any.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use super::Import;

/// The circles of what `node` makes of files. No two of them share a node.
pub(crate) fn circles<'a>(
    imports: impl IntoIterator<Item = &'a Import>,
    node: impl Fn(&Path) -> String,
) -> Vec<Vec<&'a Import>> {
    let mut arrows: BTreeMap<String, Vec<&Import>> = BTreeMap::new();
    for import in imports {
        arrows.entry(node(&import.from)).or_default().push(import);
    }
    let mut found: Vec<Vec<&Import>> = arrows.keys().filter_map(|start| shortest(start, &arrows, &node)).collect();
    found.sort_by_key(Vec::len);
    let mut named = BTreeSet::new();
    found.retain(|circle| {
        let nodes: BTreeSet<String> = circle.iter().map(|import| node(&import.from)).collect();
        let fresh = named.is_disjoint(&nodes);
        named.extend(nodes);
        fresh
    });
    found
}

/// The shortest way from `start` back to it.
fn shortest<'a>(
    start: &str,
    arrows: &BTreeMap<String, Vec<&'a Import>>,
    node: &impl Fn(&Path) -> String,
) -> Option<Vec<&'a Import>> {
    let mut reached_by: BTreeMap<String, &Import> = BTreeMap::new();
    let mut queue = VecDeque::from([start.to_owned()]);
    while let Some(current) = queue.pop_front() {
        for &import in arrows.get(&current).into_iter().flatten() {
            let next = node(&import.to);
            if next == start {
                return Some(walked(start, import, &reached_by, node));
            }
            if !reached_by.contains_key(&next) {
                reached_by.insert(next.clone(), import);
                queue.push_back(next);
            }
        }
    }
    None
}

/// The way that ended with `last`.
fn walked<'a>(
    start: &str,
    last: &'a Import,
    reached_by: &BTreeMap<String, &'a Import>,
    node: &impl Fn(&Path) -> String,
) -> Vec<&'a Import> {
    let mut way = vec![last];
    let mut current = node(&last.from);
    while current != start {
        let import = reached_by[&current];
        current = node(&import.from);
        way.push(import);
    }
    way.reverse();
    way
}
