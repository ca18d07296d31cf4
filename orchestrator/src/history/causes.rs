//! What else changed when a level changed.

use serde::{Deserialize, Serialize};

use super::run::{Circumstances, Run};
use crate::function::config::Provenance;
use crate::units::stored_words;

/// Something that differed between the runs before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What differed.
    pub what: Part,
    /// Before; absent where it was not known.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
}

stored_words! {
    /// A part of what a run depended on, by the word that people use for it.
    pub enum Part {
        /// The deployment package, by its hash.
        Code = "code",
        /// `$LATEST` or a number.
        Version = "version",
        /// Such as `python3.13`.
        Runtime = "runtime",
        /// The version of the runtime that Lambda had in place. Lambda changes it, nobody else.
        RuntimeVersion = "runtime version",
        /// Configured memory.
        Memory = "memory",
        /// `arm64` or `x86_64`.
        Architecture = "architecture",
        /// ARNs of the layers.
        Layers = "layers",
        /// `Zip` or `Image`.
        PackageType = "package type",
        /// `Text` or `JSON`.
        LogFormat = "log format",
        /// The version of this program.
        Coldwatch = "coldwatch",
    }
}

/// A change point is located to within a few runs, so what changed this many runs before or after it may be its cause.
pub const CAUSE_REACH: usize = 2;

/// What differs between the runs around the change at `index`. Empty: nothing we can see, so the platform.
pub(super) fn causes(runs: &[Run], index: usize) -> Vec<Cause> {
    let [before, after] = around(runs, index);
    let pairs = parts(before).into_iter().zip(parts(after));
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((what, before), (_, after))| Cause { what, before, after })
        .collect()
}

/// Whether anything of the function is recorded around the change at `index`: of imported runs there is nothing.
pub fn is_function_recorded(runs: &[Run], index: usize) -> bool {
    around(runs, index).iter().any(|circumstances| circumstances.provenance != Provenance::default())
}

fn around(runs: &[Run], index: usize) -> [&Circumstances; 2] {
    [index.saturating_sub(1 + CAUSE_REACH), (index + CAUSE_REACH).min(runs.len() - 1)]
        .map(|run| &*runs[run].circumstances)
}

/// Everything that is known.
fn parts(circumstances: &Circumstances) -> [(Part, Option<String>); 10] {
    let function = &circumstances.provenance;
    let layers = (!function.layers.is_empty()).then(|| function.layers.join(", "));
    [
        (Part::Code, function.code_sha256.clone()),
        (Part::Version, function.version.clone()),
        (Part::Runtime, function.runtime.clone()),
        (Part::RuntimeVersion, function.runtime_version_arn.clone()),
        (Part::Memory, function.memory_size_mb.map(|mb| format!("{mb} MB"))),
        (Part::Architecture, function.architecture.clone()),
        (Part::Layers, layers),
        (Part::PackageType, function.package_type.clone()),
        (Part::LogFormat, function.log_format.clone()),
        (Part::Coldwatch, Some(circumstances.coldwatch.clone()).filter(|version| !version.is_empty())),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;

    fn run(memory: u32, layers: &[&str]) -> Run {
        let provenance = Provenance {
            memory_size_mb: Some(memory),
            layers: layers.iter().map(|&layer| layer.to_owned()).collect(),
            ..Provenance::default()
        };
        let circumstances = Arc::new(Circumstances { provenance, coldwatch: "1".into() });
        Run { id: String::new(), at: DateTime::UNIX_EPOCH, samples: vec![1.0], circumstances }
    }

    #[test]
    fn what_changed_around_the_change_is_named_with_both_values() {
        let runs = [run(128, &[]), run(128, &[]), run(256, &["a:1", "b:2"]), run(256, &["a:1", "b:2"])];
        let cause = |what: Part, before: Option<&str>, after: &str| Cause {
            what,
            before: before.map(str::to_owned),
            after: Some(after.into()),
        };
        let wanted = [cause(Part::Memory, Some("128 MB"), "256 MB"), cause(Part::Layers, None, "a:1, b:2")];
        assert_eq!(causes(&runs, 2), wanted);
        assert_eq!(causes(&runs, 3), wanted, "a change point may be found a run late");
    }

    #[test]
    fn nothing_changed_is_no_cause() {
        let runs = [run(128, &["a:1"]), run(128, &["a:1"]), run(128, &["a:1"])];
        assert_eq!(causes(&runs, 1), []);
        assert!(is_function_recorded(&runs, 1));
        let imported = runs.map(|run| Run { circumstances: Arc::default(), ..run });
        assert!(!is_function_recorded(&imported, 1));
    }
}
