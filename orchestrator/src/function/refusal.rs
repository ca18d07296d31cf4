//! Why a function must not be measured. Decided before anything is changed.

use chrono::NaiveDate;

use crate::arn::{is_same_function, qualifier};
use crate::function::change::{MARKER, has_own_marker};
use crate::function::config::{Environment, FunctionConfig, Special, UpdateStatus};
use crate::function::runtimes::ending;
use crate::suite::{StartMode, Strategy, Suite};

/// Why a target was refused before anything was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The function runs on managed instances.
    #[error(
        "runs on Lambda Managed Instances, where an environment serves many invocations and REPORT has no init duration; measure a copy without CapacityProviderConfig"
    )]
    ManagedInstances,
    /// The function isolates tenants.
    #[error("isolates tenants, so an invoke without a tenant id fails; measure a copy without TenancyConfig")]
    TenantIsolation,
    /// No REPORT would be logged.
    #[error("logs JSON at SystemLogLevel WARN, which suppresses the report of a success; set SystemLogLevel to INFO")]
    ReportSuppressed,
    /// The function is durable.
    #[error(
        "is durable (DurableConfig): Lambda refuses an invoke without a version, and keeps and charges every execution \
         of one; measure a copy without DurableConfig"
    )]
    Durable,
    /// AWS no longer lets anybody change the function.
    #[error(
        "has the runtime {runtime}, and AWS refuses updates of its functions since {since}, so a cold start cannot be \
         forced; move it to a newer runtime, or use start = \"idle\""
    )]
    RuntimeBlocked {
        /// The runtime.
        runtime: String,
        /// The first day on which updates are refused.
        since: NaiveDate,
    },
    /// Not invocable.
    #[error("is in state {0}; wait until it is Active, or invoke it once if it is Inactive")]
    NotActive(String),
    /// Somebody else's update is running.
    #[error("has an update in progress{}; run again when it has ended", deployed_by(.0.as_deref()))]
    UpdateInProgress(Option<String>),
    /// Somebody changes the stack it belongs to.
    #[error(
        "belongs to the CloudFormation stack `{stack}`, which is being changed ({status}); an update of ours could make \
         that fail, so run again when it has ended"
    )]
    StackInProgress {
        /// Name of the stack.
        stack: String,
        /// Its status.
        status: String,
    },
    /// The environment cannot be merged safely.
    #[error(
        "has environment variables that Lambda cannot decrypt for this caller ({0}); grant kms:Decrypt, or use invalidate = \"description\""
    )]
    UnreadableEnvironment(String),
    /// The owner has a variable of the marker's name.
    #[error(
        "has an environment variable `{MARKER}` of its own, which a run would replace and then remove; rename it, or use invalidate = \"description\""
    )]
    OwnMarker,
    /// Only `$LATEST` can be changed.
    #[error(
        "is qualified with `{0}`, and published code cannot be changed to force a cold start; measure $LATEST, or use start = \"idle\""
    )]
    Immutable(String),
    /// The orchestrator would retire itself.
    #[error("is the orchestrator itself, which would retire its own execution environments")]
    Itself,
    /// Not enough free concurrency for one burst.
    #[error(
        "needs {burst} concurrent invocations, but only {free} are available (in the account, or reserved for it); \
         lower `burst`, or raise the limit"
    )]
    Concurrency {
        /// Burst size asked for.
        burst: u32,
        /// Unreserved concurrency of the account, or the function's own reserve.
        free: u32,
    },
}

/// Why a function is refused, if it is. `free` is the account's unreserved concurrency, `own_arn` the
/// orchestrator's own function, and `today` the day in UTC.
pub fn refusal(
    config: &FunctionConfig,
    suite: &Suite,
    free: u32,
    own_arn: Option<&str>,
    today: NaiveDate,
) -> Option<Refusal> {
    let changes = suite.start == StartMode::Forced;
    let environment = changes && suite.invalidate == Strategy::Environment;
    let (burst, free) = (suite.burst, config.reserved_concurrency.unwrap_or(free));
    if own_arn.is_some_and(|own| is_same_function(own, &config.arn)) {
        return Some(Refusal::Itself);
    }
    if free < burst {
        return Some(Refusal::Concurrency { burst, free });
    }
    config.refusal(changes, environment).or_else(|| blocked(config, today).filter(|_| changes))
}

fn deployed_by(stack: Option<&str>) -> String {
    stack.map_or_else(String::new, |stack| format!(", perhaps by a deploy of its CloudFormation stack `{stack}`"))
}

fn blocked(config: &FunctionConfig, today: NaiveDate) -> Option<Refusal> {
    let runtime = config.provenance.runtime.clone()?;
    let ending = ending(&runtime).filter(|ending| ending.is_blocked(today))?;
    Some(Refusal::RuntimeBlocked { runtime, since: ending.blocked_on })
}

impl FunctionConfig {
    /// Says why this function must not be measured; `None` when it may. `changes` says whether the run will change the
    /// configuration, and `environment` whether by its variables.
    pub fn refusal(&self, changes: bool, environment: bool) -> Option<Refusal> {
        if let Some(special) = self.special.first() {
            return Some(match special {
                Special::ManagedInstances => Refusal::ManagedInstances,
                Special::TenantIsolation => Refusal::TenantIsolation,
                Special::ReportSuppressed => Refusal::ReportSuppressed,
                Special::Durable => Refusal::Durable,
            });
        }
        if self.state != "Active" {
            return Some(Refusal::NotActive(self.state.clone()));
        }
        if !changes {
            return None;
        }
        if let Some(qualifier) = qualifier(&self.arn).filter(|q| *q != "$LATEST") {
            return Some(Refusal::Immutable(qualifier.to_owned()));
        }
        if self.update == UpdateStatus::InProgress {
            return Some(Refusal::UpdateInProgress(self.stack.clone()));
        }
        match &self.environment {
            Environment::Unreadable(code) if environment => Some(Refusal::UnreadableEnvironment(code.clone())),
            Environment::Readable(variables) if environment && has_own_marker(variables) => Some(Refusal::OwnMarker),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::config::{Provenance, Variables};

    #[test]
    fn an_ordinary_function_is_not_refused() {
        assert_eq!(FunctionConfig::sample().refusal(true, true), None);
    }

    #[test]
    fn each_reason_to_refuse_is_told() {
        let unreadable = Environment::Unreadable("AccessDeniedException".into());
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f:live".to_owned();
        let cases = [
            (
                FunctionConfig { state: "Pending".into(), ..FunctionConfig::sample() },
                Refusal::NotActive("Pending".into()),
            ),
            (
                FunctionConfig { update: UpdateStatus::InProgress, ..FunctionConfig::sample() },
                Refusal::UpdateInProgress(None),
            ),
            (FunctionConfig { arn, ..FunctionConfig::sample() }, Refusal::Immutable("live".into())),
            (
                FunctionConfig { environment: unreadable, ..FunctionConfig::sample() },
                Refusal::UnreadableEnvironment("AccessDeniedException".into()),
            ),
            (
                FunctionConfig { special: vec![Special::ManagedInstances], ..FunctionConfig::sample() },
                Refusal::ManagedInstances,
            ),
            (
                FunctionConfig { special: vec![Special::TenantIsolation], ..FunctionConfig::sample() },
                Refusal::TenantIsolation,
            ),
            (
                FunctionConfig { special: vec![Special::ReportSuppressed], ..FunctionConfig::sample() },
                Refusal::ReportSuppressed,
            ),
            (FunctionConfig { special: vec![Special::Durable], ..FunctionConfig::sample() }, Refusal::Durable),
        ];
        for (config, refusal) in cases {
            assert_eq!(config.refusal(true, true), Some(refusal));
        }
    }

    #[test]
    fn a_blocked_runtime_is_refused_from_its_day_on_and_only_where_it_is_changed() {
        let provenance = Provenance { runtime: Some("python3.9".into()), ..Provenance::default() };
        let old = FunctionConfig { provenance, ..FunctionConfig::sample() };
        let target = "[[targets]]\nfunction = \"f\"\n";
        let refused = |keys: &str, day| {
            let suite = Suite::from_toml(&format!("{keys}{target}")).expect("valid");
            refusal(&old, &suite, 100, None, NaiveDate::from_ymd_opt(2027, 3, day).expect("a day"))
        };
        assert_eq!(refused("", 2), None);
        let since = NaiveDate::from_ymd_opt(2027, 3, 3).expect("a day");
        assert_eq!(refused("", 3), Some(Refusal::RuntimeBlocked { runtime: "python3.9".into(), since }));
        assert_eq!(refused("start = \"idle\"\n", 3), None);
    }

    #[test]
    fn what_is_not_changed_need_not_be_changeable() {
        let alias =
            FunctionConfig { arn: format!("{}:live", FunctionConfig::sample().arn), ..FunctionConfig::sample() };
        assert_eq!(alias.refusal(false, false), None);
        let unreadable =
            FunctionConfig { environment: Environment::Unreadable("x".into()), ..FunctionConfig::sample() };
        assert_eq!(unreadable.refusal(true, false), None);
    }

    #[test]
    fn a_variable_of_the_markers_name_is_refused_by_name_without_its_value() {
        let theirs = Variables::default().with(MARKER, "hunter2");
        let theirs = FunctionConfig { environment: Environment::Readable(theirs), ..FunctionConfig::sample() };
        let refused = theirs.refusal(true, true).expect("refused");
        assert_eq!(refused, Refusal::OwnMarker);
        let text = refused.to_string();
        assert!(text.contains("`COLDWATCH_ROUND`") && !text.contains("hunter2"), "{text}");
        assert_eq!(theirs.refusal(true, false), None, "another strategy does not touch it");
        let ours = Variables::default().with(MARKER, "0123456789ab-3");
        let ours = FunctionConfig { environment: Environment::Readable(ours), ..FunctionConfig::sample() };
        assert_eq!(ours.refusal(true, true), None, "what a killed run left is put back");
    }
}
