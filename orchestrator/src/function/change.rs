//! What is changed in a function to retire its warm execution environments, and how it is put back.
//!
//! Pure: from a configuration to the next [`Update`]. Every change can be recognised in the function itself,
//! so that what a dead run left behind is found and undone without knowing any value of the environment.

use crate::function::config::{Environment, FunctionConfig, Variables};
use crate::function::journal::Journal;
use crate::suite::Strategy;

/// The environment variable that a forced run sets, and removes again.
pub const MARKER: &str = "COLDWATCH_ROUND";
/// Lambda's limit for names and values of all variables (developer guide, "Lambda quotas"): 4 KB.
pub const ENVIRONMENT_LIMIT_BYTES: usize = 4_096;
/// Lambda's limit for a description (`UpdateFunctionConfiguration` reference).
const DESCRIPTION_LIMIT_CHARS: usize = 256;
/// Starts the nonce at the end of a description.
const NOTE: &str = " [coldwatch ";
const SMALLEST_MEMORY_MB: u32 = 128;

/// What a round changes in a function's configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// All environment variables; Lambda replaces them wholesale.
    Environment(Variables),
    /// The description.
    Description(String),
    /// The memory size in MB.
    Memory(u32),
}

/// The variables cannot be read, so none may be written: that would wipe them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its environment variables cannot be read, and writing any would wipe the others; grant kms:Decrypt")]
pub struct Unreadable;

/// What a run will change, with what it takes to put it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Original {
    /// The marker variable is taken out again; the other variables are never remembered.
    Environment,
    /// The description as it was.
    Description(String),
    /// The memory size as it was, in MB.
    Memory(u32),
}

impl Original {
    /// Reads off a configuration what `strategy` needs. The second part is a warning where another
    /// strategy had to be taken.
    pub fn of(config: &FunctionConfig, strategy: Strategy) -> (Self, Option<String>) {
        match strategy {
            Strategy::Environment if !has_room(config) => {
                let warning = "the environment has no room for the marker variable within Lambda's 4 KB; \
                               the description is changed instead";
                (Self::Description(without_note(&config.description)), Some(warning.to_owned()))
            }
            Strategy::Environment => (Self::Environment, None),
            Strategy::Description => (Self::Description(without_note(&config.description)), None),
            Strategy::Memory => {
                if let Some(mb) = config.provenance.memory_size_mb {
                    return (Self::Memory(mb), None);
                }
                let warning = "the memory size is not known; the description is changed instead";
                (Self::Description(without_note(&config.description)), Some(warning.to_owned()))
            }
        }
    }

    /// From a journal. `None` if it is of a kind this version does not know.
    pub fn from_journal(journal: &Journal) -> Option<Self> {
        match journal.strategy.as_str() {
            "environment" => Some(Self::Environment),
            "description" => journal.description.clone().map(Self::Description),
            "memory" => journal.memory_size_mb.map(Self::Memory),
            _ => None,
        }
    }

    /// The strategy this belongs to.
    pub fn strategy(&self) -> Strategy {
        match self {
            Self::Environment => Strategy::Environment,
            Self::Description(_) => Strategy::Description,
            Self::Memory(_) => Strategy::Memory,
        }
    }

    /// The changes that retire the environments, to be made one after the other.
    pub fn steps(&self, nonce: &str) -> Vec<Step> {
        match self {
            Self::Environment => vec![Step::Mark(nonce.to_owned())],
            Self::Description(text) => vec![Step::Describe(with_note(text, nonce))],
            Self::Memory(mb) => vec![Step::Resize(neighbour(*mb)), Step::Resize(*mb)],
        }
    }

    /// What puts the function back; `None` if nothing of ours is in it.
    pub fn undo(&self, config: &FunctionConfig) -> Result<Option<Step>, Unreadable> {
        Ok(match self {
            Self::Environment => match &config.environment {
                Environment::Readable(variables) => is_marked(variables).then_some(Step::Unmark),
                Environment::Unreadable(_) => return Err(Unreadable),
            },
            Self::Description(text) => note_at(&config.description).map(|_| Step::Describe(text.clone())),
            Self::Memory(mb) => (config.provenance.memory_size_mb == Some(neighbour(*mb))).then_some(Step::Resize(*mb)),
        })
    }

    /// What takes out the change of one run and nobody else's; `None` where a change does not say whose it is.
    pub fn withdraw(&self, run_id: &str) -> Option<Step> {
        match self {
            Self::Environment => Some(Step::Withdraw(run_id.to_owned(), None)),
            Self::Description(text) => Some(Step::Withdraw(run_id.to_owned(), Some(text.clone()))),
            Self::Memory(_) => None,
        }
    }
}

/// What takes out whatever a run has left in a function, recognised by its form alone. A changed memory size has none.
pub fn traces(config: &FunctionConfig) -> Result<Vec<Step>, Unreadable> {
    let marker = Original::Environment.undo(config)?;
    let note = Original::Description(without_note(&config.description)).undo(config)?;
    Ok(marker.into_iter().chain(note).collect())
}

/// One change, as an aim: it can be made from any configuration and recognised in any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Set the marker variable to this nonce.
    Mark(String),
    /// Remove the marker variable.
    Unmark,
    /// Set the description.
    Describe(String),
    /// Set the memory size in MB.
    Resize(u32),
    /// Remove the marker, or the note from this description, if it is of this run. Any other stays.
    Withdraw(String, Option<String>),
}

impl Step {
    /// The change that leads from `config` to the aim, keeping everything else.
    pub fn from(&self, config: &FunctionConfig) -> Result<Update, Unreadable> {
        Ok(match (self, &config.environment) {
            (Self::Mark(nonce), Environment::Readable(v)) => Update::Environment(v.with(MARKER, nonce)),
            (Self::Unmark | Self::Withdraw(_, None), Environment::Readable(v)) => {
                Update::Environment(v.without(MARKER))
            }
            (Self::Mark(_) | Self::Unmark | Self::Withdraw(_, None), Environment::Unreadable(_)) => {
                return Err(Unreadable);
            }
            (Self::Describe(text) | Self::Withdraw(_, Some(text)), _) => Update::Description(text.clone()),
            (Self::Resize(mb), _) => Update::Memory(*mb),
        })
    }

    /// Whether the configuration is at the aim.
    pub fn is_reached(&self, config: &FunctionConfig) -> bool {
        match (self, &config.environment) {
            (Self::Mark(nonce), Environment::Readable(v)) => v.has(MARKER, nonce),
            (Self::Unmark, Environment::Readable(v)) => !is_marked(v),
            (Self::Withdraw(run, None), Environment::Readable(v)) => !v.value(MARKER).is_some_and(|m| is_of(m, run)),
            (Self::Mark(_) | Self::Unmark | Self::Withdraw(_, None), Environment::Unreadable(_)) => false,
            (Self::Withdraw(run, Some(_)), _) => !nonce_of(&config.description).is_some_and(|n| is_of(n, run)),
            (Self::Describe(text), _) => config.description == *text,
            (Self::Resize(mb), _) => config.provenance.memory_size_mb == Some(*mb),
        }
    }
}

/// Whether the owner has a variable of the marker's name, recognised by its value.
pub fn has_own_marker(variables: &Variables) -> bool {
    variables.value(MARKER).is_some_and(|value| !is_nonce(value))
}

fn is_marked(variables: &Variables) -> bool {
    variables.value(MARKER).is_some_and(is_nonce)
}

fn has_room(config: &FunctionConfig) -> bool {
    // The longest nonce is a run id and a round number; 40 characters hold both.
    match &config.environment {
        Environment::Readable(v) => v.with(MARKER, &"x".repeat(40)).json_bytes() <= ENVIRONMENT_LIMIT_BYTES,
        Environment::Unreadable(_) => true,
    }
}

fn with_note(text: &str, nonce: &str) -> String {
    let note = format!("{NOTE}{nonce}]");
    let kept = DESCRIPTION_LIMIT_CHARS.saturating_sub(note.chars().count());
    text.chars().take(kept).collect::<String>() + &note
}

/// A description without a note that an earlier run may have left.
fn without_note(text: &str) -> String {
    note_at(text).map_or(text, |at| &text[..at]).to_owned()
}

/// Where a note of ours begins: at the very end, with a nonce.
fn note_at(text: &str) -> Option<usize> {
    let at = text.rfind(NOTE)?;
    text[at + NOTE.len()..].strip_suffix(']').is_some_and(is_nonce).then_some(at)
}

/// The nonce in a note of ours.
fn nonce_of(text: &str) -> Option<&str> {
    text[note_at(text)? + NOTE.len()..].strip_suffix(']')
}

/// Whether this is `<run id>-<round>`, which no owner of a function writes.
fn is_nonce(text: &str) -> bool {
    text.split_once('-').is_some_and(|(run, round)| {
        let ours = run.len() == 12 && run.bytes().all(|b| b.is_ascii_hexdigit());
        ours && !round.is_empty() && round.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Whether a nonce is of this run.
fn is_of(nonce: &str, run_id: &str) -> bool {
    nonce.split_once('-').is_some_and(|(run, _)| run == run_id)
}

/// The size next to this one. Downwards, because an account may not allow more.
fn neighbour(mb: u32) -> u32 {
    if mb > SMALLEST_MEMORY_MB { mb - 1 } else { mb + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::config::Provenance;

    fn config(variables: Variables, description: &str, mb: u32) -> FunctionConfig {
        FunctionConfig {
            description: description.into(),
            environment: Environment::Readable(variables),
            provenance: Provenance { memory_size_mb: Some(mb), ..Provenance::default() },
            ..FunctionConfig::sample()
        }
    }

    /// Makes the change as Lambda would.
    fn apply(config: &FunctionConfig, step: &Step) -> FunctionConfig {
        let mut next = config.clone();
        match step.from(config).expect("readable") {
            Update::Environment(v) => next.environment = Environment::Readable(v),
            Update::Description(text) => next.description = text,
            Update::Memory(mb) => next.provenance.memory_size_mb = Some(mb),
        }
        next
    }

    #[test]
    fn every_strategy_is_seen_in_force_and_undone() {
        let before = config(Variables::default().with("A", "1"), "mine", 128);
        for strategy in [Strategy::Environment, Strategy::Description, Strategy::Memory] {
            let (original, warning) = Original::of(&before, strategy);
            assert_eq!((original.strategy(), warning), (strategy, None));
            assert_eq!(original.undo(&before), Ok(None), "nothing to undo before");
            let mut now = before.clone();
            let steps = original.steps("0123456789ab-0");
            for step in &steps {
                assert!(!step.is_reached(&now));
                now = apply(&now, step);
                assert!(step.is_reached(&now));
            }
            if let Some(undo) = original.undo(&now).expect("readable") {
                now = apply(&now, &undo);
            }
            assert_eq!(now, before, "{strategy}");
        }
    }

    #[test]
    fn a_run_killed_between_the_memory_steps_is_undone() {
        for mb in [SMALLEST_MEMORY_MB, 10_240] {
            let before = config(Variables::default(), "", mb);
            let (original, _) = Original::of(&before, Strategy::Memory);
            let half = apply(&before, &original.steps("0123456789ab-0")[0]);
            assert_eq!(apply(&half, &original.undo(&half).expect("readable").expect("to undo")), before);
        }
    }

    #[test]
    fn a_run_withdraws_what_is_its_own_and_nobody_elses() {
        let before = config(Variables::default().with("A", "1"), "mine", 128);
        for strategy in [Strategy::Environment, Strategy::Description] {
            let (original, _) = Original::of(&before, strategy);
            let marked = apply(&before, &original.steps("0123456789ab-0")[0]);
            let theirs = original.withdraw("ba9876543210").expect("it can be read");
            assert!(theirs.is_reached(&marked) && theirs.is_reached(&before), "{strategy}: nothing of that run");
            let own = original.withdraw("0123456789ab").expect("it can be read");
            assert!(!own.is_reached(&marked));
            assert_eq!(apply(&marked, &own), before, "{strategy}");
        }
        assert_eq!(Original::Memory(128).withdraw("0123456789ab"), None, "a size does not say whose it is");
    }

    #[test]
    fn a_variable_of_the_owner_is_not_taken_for_the_marker() {
        for theirs in ["", "7", "round-7", "0123456789ab", "0123456789ab-", "0123456789AB-x"] {
            let variables = Variables::default().with(MARKER, theirs);
            assert!(has_own_marker(&variables));
            let config = config(variables, "", 128);
            assert_eq!(Original::Environment.undo(&config), Ok(None), "`{theirs}` stays");
            assert_eq!(traces(&config), Ok(vec![]));
        }
        assert!(!has_own_marker(&Variables::default().with(MARKER, "0123456789ab-12")));
        assert!(!has_own_marker(&Variables::default()));
    }

    #[test]
    fn a_full_environment_falls_back_to_the_description() {
        let full = config(Variables::default().with("A", &"x".repeat(4_060)), "", 128);
        let (original, warning) = Original::of(&full, Strategy::Environment);
        assert_eq!(original, Original::Description(String::new()));
        assert!(warning.expect("a warning").contains("4 KB"));
    }

    #[test]
    fn an_unreadable_environment_is_never_written() {
        let mut unreadable = config(Variables::default(), "", 128);
        unreadable.environment = Environment::Unreadable("AccessDeniedException".into());
        assert_eq!(Step::Mark("n".into()).from(&unreadable), Err(Unreadable));
        assert_eq!(Original::Environment.undo(&unreadable), Err(Unreadable));
    }

    #[test]
    fn a_long_description_keeps_within_the_limit_and_comes_back() {
        let long = "é".repeat(256);
        let before = config(Variables::default(), &long, 128);
        let (original, _) = Original::of(&before, Strategy::Description);
        let now = apply(&before, &original.steps("0123456789ab-0")[0]);
        assert_eq!(now.description.chars().count(), 256);
        assert_eq!(apply(&now, &original.undo(&now).expect("readable").expect("to undo")), before);
    }

    #[test]
    fn a_note_left_behind_is_not_taken_for_the_owners_text() {
        let left = config(Variables::default(), "mine [coldwatch 0123456789ab-1]", 128);
        assert_eq!(Original::of(&left, Strategy::Description).0, Original::Description("mine".into()));
        let text = "API [coldwatch target]";
        let theirs = config(Variables::default(), text, 128);
        assert_eq!(Original::of(&theirs, Strategy::Description).0, Original::Description(text.into()));
        assert_eq!(Original::Description("API".into()).undo(&theirs), Ok(None));
    }
}
