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
        /// Function that the runtime calls.
        Handler = "handler",
        /// Function timeout.
        Timeout = "timeout",
        /// Size of the deployment package.
        CodeSize = "code size",
        /// Subnets and security groups.
        Vpc = "VPC",
        /// Size of `/tmp`.
        EphemeralStorage = "ephemeral storage",
        /// What is mounted.
        FileSystems = "file systems",
        /// `Active` or `PassThrough`.
        Tracing = "tracing",
        /// Whether versions are restored from snapshots.
        SnapStart = "SnapStart",
        /// The customer's key that encrypts the variables.
        KmsKey = "KMS key",
        /// When Lambda gives the function a newer runtime version.
        RuntimeManagement = "runtime management",
        /// All environment variables but our marker, by a fingerprint.
        Variables = "variables",
        /// The version of this program.
        Coldwatch = "coldwatch",
    }
}

/// A change point is located to within a few runs, so what changed this many runs before or after it may be its cause.
pub const CAUSE_REACH: usize = 2;

/// What differs between the runs around the change at `index`, and what of the function is the same. What is not recorded of
/// both, such as what earlier versions of this program did not keep, is in neither.
pub(super) fn compared(runs: &[Run], index: usize) -> (Vec<Cause>, Vec<Part>) {
    let [before, after] = around(runs, index);
    let pairs = parts(before).into_iter().zip(parts(after));
    let recorded = pairs.filter_map(|((what, before), (_, after))| Some((what, before?, after?)));
    let (same, other): (Vec<_>, Vec<_>) = recorded.partition(|(_, before, after)| before == after);
    let causes =
        other.into_iter().map(|(what, before, after)| Cause { what, before: Some(before), after: Some(after) });
    let unchanged = same.into_iter().map(|(what, ..)| what).filter(|what| *what != Part::Coldwatch);
    (causes.collect(), unchanged.collect())
}

fn around(runs: &[Run], index: usize) -> [&Circumstances; 2] {
    [index.saturating_sub(1 + CAUSE_REACH), (index + CAUSE_REACH).min(runs.len() - 1)]
        .map(|run| &*runs[run].circumstances)
}

/// Everything that is known.
fn parts(circumstances: &Circumstances) -> [(Part, Option<String>); 21] {
    let function = &circumstances.provenance;
    let layers = if function.layers.is_empty() { "none".to_owned() } else { function.layers.join(", ") };
    let layers = (*function != Provenance::default()).then_some(layers);
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
        (Part::Handler, function.handler.clone()),
        (Part::Timeout, function.timeout_s.map(|s| format!("{s} s"))),
        (Part::CodeSize, function.code_size_bytes.map(|bytes| format!("{bytes} bytes"))),
        (Part::Vpc, function.vpc.clone()),
        (Part::EphemeralStorage, function.ephemeral_storage_mb.map(|mb| format!("{mb} MB"))),
        (Part::FileSystems, function.file_systems.clone()),
        (Part::Tracing, function.tracing.clone()),
        (Part::SnapStart, function.snap_start.clone()),
        (Part::KmsKey, function.kms_key_arn.clone()),
        (Part::RuntimeManagement, function.runtime_management.clone()),
        (Part::Variables, function.variables.clone()),
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
        let cause = |what: Part, before: &str, after: &str| Cause {
            what,
            before: Some(before.into()),
            after: Some(after.into()),
        };
        let wanted = vec![cause(Part::Memory, "128 MB", "256 MB"), cause(Part::Layers, "none", "a:1, b:2")];
        assert_eq!(compared(&runs, 2), (wanted.clone(), vec![]));
        assert_eq!(compared(&runs, 3).0, wanted, "a change point may be found a run late");
    }

    #[test]
    fn nothing_changed_is_no_cause() {
        let runs = [run(128, &["a:1"]), run(128, &["a:1"]), run(128, &["a:1"])];
        assert_eq!(compared(&runs, 1), (vec![], vec![Part::Memory, Part::Layers]));
        let imported = runs.map(|run| Run { circumstances: Arc::default(), ..run });
        assert_eq!(compared(&imported, 1), (vec![], vec![]));
    }

    #[test]
    fn what_earlier_runs_did_not_record_is_no_cause() {
        let with = |variables: Option<&str>| {
            let provenance = Provenance {
                memory_size_mb: Some(128),
                variables: variables.map(str::to_owned),
                vpc: variables.map(|_| "none".to_owned()),
                ..Provenance::default()
            };
            Run { circumstances: Arc::new(Circumstances { provenance, coldwatch: "1".into() }), ..run(128, &[]) }
        };
        let kept = vec![Part::Memory, Part::Layers];
        assert_eq!(compared(&[with(None), with(Some("1a2b3c4d"))], 1), (vec![], kept.clone()));
        let (before, after) = (Some("1a2b3c4d".to_owned()), Some("5e6f7a8b".to_owned()));
        let changed = compared(&[with(before.as_deref()), with(after.as_deref())], 1);
        let unchanged = [kept, vec![Part::Vpc]].concat();
        assert_eq!(changed, (vec![Cause { what: Part::Variables, before, after }], unchanged));
    }
}
