//! YAML, as the AWS CLI prints it: events of the parser put together, one element of a sequence at a time.

use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use crate::answer::ReadError;

/// Values that an element may have.
const MOST_VALUES: usize = 50_000;
const DEEPEST: usize = 100;

/// Reads documents. Elements of the outermost sequence are handed over one by one, with the keys before it. Aliases are
/// not followed, so nothing can be made large by them.
pub fn read(
    source: &mut dyn Read,
    limit: usize,
    take: &mut dyn FnMut(Value) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let budget = Rc::new(Cell::new(limit));
    let characters = Characters { source, budget: Rc::clone(&budget), bytes: Vec::new(), at: 0 };
    let mut parser = Parser::new_from_iter(characters);
    let mut tree = Tree::default();
    while let Some(event) = parser.next_event() {
        // What is no YAML from here on is left out; what came before counts.
        let is_too_large = budget.get() == 0 || tree.open.len() > DEEPEST || tree.values > MOST_VALUES;
        if is_too_large {
            return Err(ReadError::Record { form: "YAML", limit });
        }
        let Ok((event, _)) = event else { break };
        tree.enter(event);
        if let Some(value) = tree.complete() {
            take(value)?;
            budget.set(limit);
        }
    }
    Ok(())
}

/// The values that are not complete yet.
#[derive(Default)]
struct Tree {
    open: Vec<Node>,
    /// A value that nothing contains, or an element that can be handed over.
    done: Option<Value>,
    values: usize,
}

enum Node {
    Map(Map<String, Value>, Option<String>),
    List(Vec<Value>),
}

impl Tree {
    fn enter(&mut self, event: Event<'_>) {
        match event {
            Event::MappingStart(..) => self.open.push(Node::Map(Map::new(), None)),
            Event::SequenceStart(..) => self.open.push(Node::List(Vec::new())),
            Event::Scalar(text, ..) => self.put(Value::String(text.into_owned())),
            Event::Alias(_) => self.put(Value::Null),
            Event::MappingEnd | Event::SequenceEnd => match self.open.pop() {
                Some(Node::Map(map, _)) => self.put(Value::Object(map)),
                Some(Node::List(list)) => self.put(Value::Array(list)),
                None => {}
            },
            _ => {}
        }
    }

    fn put(&mut self, value: Value) {
        self.values += 1;
        let lists = self.open.iter().filter(|node| matches!(node, Node::List(_))).count();
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some(Node::List(_)) if lists == 1 => self.done = Some(value),
            Some(Node::List(list)) => list.push(value),
            Some(Node::Map(map, key)) => match key.take() {
                Some(key) => {
                    map.insert(key, value);
                }
                None => *key = Some(value.as_str().unwrap_or_default().to_owned()),
            },
        }
    }

    /// What has been completed, inside the keys that came before it.
    fn complete(&mut self) -> Option<Value> {
        let mut value = self.done.take()?;
        for node in self.open.iter().rev() {
            if let Node::Map(map, key) = node {
                let mut around: Map<String, Value> = map
                    .iter()
                    .filter(|(_, value)| is_short(value))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                around.insert(key.clone().unwrap_or_default(), value);
                value = Value::Object(around);
            }
        }
        self.values = 0;
        Some(value)
    }
}

/// Whether a value is a name rather than a message.
fn is_short(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() < 200 && !text.contains("RequestId"))
}

/// The characters of a source, until the budget of one element is spent. Bytes that are not UTF-8 become U+FFFD.
struct Characters<'s> {
    source: &'s mut dyn Read,
    budget: Rc<Cell<usize>>,
    bytes: Vec<u8>,
    at: usize,
}

impl Characters<'_> {
    fn fill(&mut self) -> Option<()> {
        const STEP: usize = 16 * 1024;
        self.bytes.drain(..self.at);
        self.at = 0;
        let kept = self.bytes.len();
        self.bytes.resize(kept + STEP, 0);
        let read = self.source.read(&mut self.bytes[kept..]).unwrap_or(0);
        self.bytes.truncate(kept + read);
        (read > 0).then_some(())
    }
}

impl Iterator for Characters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        const LONGEST: usize = 4;
        self.budget.set(self.budget.get().checked_sub(1)?);
        if self.bytes.len() - self.at < LONGEST {
            self.fill();
        }
        let rest = &self.bytes[self.at..self.bytes.len().min(self.at + LONGEST)];
        let first = rest.utf8_chunks().next()?;
        let (character, length) = match first.valid().chars().next() {
            Some(character) => (character, character.len_utf8()),
            None => (char::REPLACEMENT_CHARACTER, first.invalid().len().max(1)),
        };
        self.at += length;
        Some(character)
    }
}
