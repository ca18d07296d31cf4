//! How fast Lambda's control plane may be called, and what time that takes at the end of a run.

use std::time::Duration;

/// Control calls a second that the orchestrator allows itself, of AWS's 15 that cannot be raised (developer
/// guide, "Lambda quotas").
pub const CONTROL_CALLS_PER_SECOND: u32 = 14;
/// Calls of `GetFunction` a second, which has a quota of its own: 100.
pub const READS_PER_SECOND: u32 = 90;
/// What putting one function back may take: its update, and the looks until that is in force.
const RESTORE: Duration = Duration::from_secs(20);

/// Kept free at the end of a run that changes `targets` functions: one restore, and the time that the updates of
/// all of them take at the pace of the control plane.
pub fn restore_reserve(targets: usize) -> Duration {
    let targets = u32::try_from(targets).unwrap_or(u32::MAX);
    RESTORE + Duration::from_secs(targets.into()) / CONTROL_CALLS_PER_SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_that_is_put_back_adds_its_update() {
        assert_eq!(restore_reserve(14), Duration::from_secs(21));
        assert_eq!(restore_reserve(140), Duration::from_secs(30));
    }
}
