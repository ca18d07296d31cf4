//! What a reader should know of a function that is measured all the same.

use chrono::NaiveDate;

use crate::function::config::FunctionConfig;
use crate::function::runtimes::ending;

/// `ApplyOn` of a function whose published versions are restored from snapshots.
const OF_VERSIONS: &str = "PublishedVersions";
/// Runtime-management mode in which every update of a function takes the newest runtime version.
const ON_UPDATE: &str = "FunctionUpdate";

/// What the configuration says. `changes` says whether the run will change it.
pub fn remarks(config: &FunctionConfig, changes: bool, today: NaiveDate) -> Vec<String> {
    let of_runtime = config.provenance.runtime.as_deref().filter(|_| changes);
    let deprecated = of_runtime.and_then(|runtime| deprecated(runtime, today));
    deprecated.into_iter().chain(initialised_unlike_production(config)).collect()
}

fn deprecated(runtime: &str, today: NaiveDate) -> Option<String> {
    let ending = ending(runtime).filter(|ending| ending.is_deprecated(today))?;
    Some(format!(
        "its runtime {runtime} is deprecated: AWS refuses updates of its functions from {} on, and a forced run needs \
         them; move it to a newer runtime, or use start = \"idle\"",
        ending.blocked_on
    ))
}

fn initialised_unlike_production(config: &FunctionConfig) -> Option<String> {
    let latest = config.provenance.version.as_deref() == Some("$LATEST");
    let restored = config.provenance.snap_start.as_deref() == Some(OF_VERSIONS);
    (latest && restored).then(|| {
        "it has SnapStart, which restores published versions; $LATEST, which is measured, is initialised instead. \
         Name a version or an alias, with start = \"idle\""
            .to_owned()
    })
}

/// What a runtime-management mode means for a run that changes the function.
pub fn remark_on_management(mode: &str) -> Option<String> {
    (mode == ON_UPDATE).then(|| {
        "its runtime-management mode is FunctionUpdate: every update, ours too, moves it to the newest runtime version, \
         and putting it back does not undo that"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::config::Provenance;

    fn config(runtime: &str, version: &str, snap_start: &str) -> FunctionConfig {
        FunctionConfig {
            provenance: Provenance {
                runtime: Some(runtime.into()),
                version: Some(version.into()),
                snap_start: Some(snap_start.into()),
                ..Provenance::default()
            },
            ..FunctionConfig::sample()
        }
    }

    #[test]
    fn a_deprecated_runtime_is_told_with_the_date_unless_nothing_is_changed() {
        let today = NaiveDate::from_ymd_opt(2026, 12, 1).expect("a day");
        let old = config("python3.9", "$LATEST", "None");
        let found = remarks(&old, true, today);
        assert!(
            found[0].starts_with(
                "its runtime python3.9 is deprecated: AWS refuses updates of its functions from \
                                     2027-03-03 on"
            ),
            "{found:?}"
        );
        assert_eq!((found.len(), remarks(&old, false, today).len()), (1, 0));
        assert_eq!(remarks(&config("python3.13", "$LATEST", "None"), true, today), Vec::<String>::new());
    }

    #[test]
    fn only_latest_is_initialised_where_versions_are_restored() {
        let today = NaiveDate::from_ymd_opt(2026, 12, 1).expect("a day");
        let found = |version| remarks(&config("python3.13", version, OF_VERSIONS), true, today).len();
        assert_eq!((found("$LATEST"), found("3")), (1, 0));
    }
}
