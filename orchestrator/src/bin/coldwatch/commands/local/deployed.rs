//! `coldwatch local --deployed`: the orchestrator as a function of the local cloud, and a schedule that starts it, with the
//! same input as on AWS.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use coldwatch::aws::{Aws, StoreError};
use coldwatch::record::RunRecord;
use coldwatch::show::text;
use coldwatch::suite::Overrides;
use local_cloud::{Activity, FunctionCode, FunctionSpec, LocalCloud, ScheduleExpression, ScheduleSpec};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::error::RecvError;

use crate::exit::{Failure, tell, warn};
use crate::signals::termination;
use crate::standin::{Standin, built_in_json, built_in_suite};
use crate::suite::json_form;

/// Name of the schedule.
pub const SCHEDULE: &str = "coldwatch";
/// Name of the orchestrator's function.
const ORCHESTRATOR: &str = "coldwatch-orchestrator";
/// Name of the parameter that holds the suite.
const PARAMETER: &str = "/coldwatch/suite";
/// As `infra/template.yaml` has it; a local process is not held to the memory.
const MEMORY_MB: u32 = 1_769;
const TIMEOUT_S: u32 = 900;
const TICK_RETRIES: u32 = 10;

/// When the schedule is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `rate(…)` or `cron(…)`.
    expression: String,
}

/// What is put into the local cloud. Everything that can be wrong with it has been looked at.
pub struct Deployment {
    period: Period,
    /// The suite as JSON, where it is not the built-in one.
    suite: Option<Value>,
    /// Instead of the built-in suite's.
    samples: Option<u32>,
    binary: PathBuf,
    table: String,
}

/// Reports what happens while it runs.
#[derive(Default)]
struct Narrator {
    /// Ticks whose run has not ended, and when each was reported.
    under_way: BTreeMap<DateTime<Utc>, Instant>,
    /// Series and starts of the runs that were reported.
    told: BTreeSet<(String, DateTime<Utc>)>,
}

impl Period {
    /// Reads `5 minutes`, or an expression of EventBridge Scheduler that recurs.
    pub fn parse(text: &str) -> Result<Period, String> {
        let wanted = "expected `5 minutes`, `1 hour`, `2 days`, or a rate(…) or cron(…) of EventBridge Scheduler, such \
                      as `cron(0 18 ? * MON-FRI *)`";
        let expression = if text.contains('(') { text.to_owned() } else { format!("rate({})", text.trim()) };
        match ScheduleExpression::parse(&expression) {
            Ok(parsed) if !parsed.is_one_time() => Ok(Period { expression }),
            _ => Err(wanted.to_owned()),
        }
    }

    fn is_due_at_once(&self) -> bool {
        self.expression.starts_with("rate(")
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

impl Deployment {
    /// Looks at everything that may be wrong, and starts nothing.
    pub fn new(period: Period, suite: Option<&Path>, samples: Option<u32>, table: &str) -> Result<Deployment, Failure> {
        let overrides = Overrides { samples, burst: None };
        let suite = suite.map(|file| json_form(file, overrides)).transpose()?;
        built_in_suite(overrides).map_err(Failure::bad_input)?;
        let binary = std::env::current_exe().map_err(Failure::failed)?.with_file_name("orchestrator");
        if !binary.is_file() {
            let release =
                if binary.parent().is_some_and(|folder| folder.ends_with("release")) { " --release" } else { "" };
            return Err(Failure::failed(format!(
                "the orchestrator is not built: there is no {}; build it with `cargo build{release} --package coldwatch --bin orchestrator`",
                binary.display()
            )));
        }
        Ok(Deployment { period, suite, samples, binary, table: table.to_owned() })
    }

    /// Deploys, and reports what happens until interrupted.
    pub async fn run(&self, standin: &Standin, cloud: &LocalCloud, aws: &Aws, targets: &[&str]) -> Result<(), Failure> {
        self.put_orchestrator(standin.state(), cloud).await?;
        let mut activity = cloud.activity();
        cloud.put_parameter(PARAMETER, self.suite(targets).to_string()).map_err(Failure::bad_input)?;
        cloud.put_schedule(&self.schedule()).map_err(Failure::failed)?;
        self.introduce(standin.state());
        let mut narrator = Narrator::default();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
        let mut terminated = std::pin::pin!(termination());
        let mut stopping = false;
        while !(stopping && narrator.under_way.is_empty()) {
            tokio::select! {
                heard = activity.recv() => match heard {
                    Ok(heard) => narrator.tell(&heard, aws).await,
                    Err(RecvError::Lagged(lost)) => warn(format!("{lost} events came too fast and were not shown")),
                    Err(RecvError::Closed) => break,
                },
                _ = interrupt.recv() => {
                    if stopping {
                        break;
                    }
                    stopping = true;
                    cloud.remove_schedule(SCHEDULE);
                    if !narrator.under_way.is_empty() {
                        warn("stopping after the run that is under way; interrupt again to stop at once");
                    }
                }
                () = &mut terminated => break,
            }
        }
        cloud.remove_schedule(SCHEDULE);
        Ok(())
    }

    async fn put_orchestrator(&self, state: &Path, cloud: &LocalCloud) -> Result<(), Failure> {
        let folder = state.join("orchestrator");
        std::fs::create_dir_all(&folder)?;
        let bootstrap = folder.join("bootstrap");
        std::fs::copy(&self.binary, &bootstrap).map_err(|e| {
            Failure::failed(format!("{} cannot be copied to {}: {e}", self.binary.display(), bootstrap.display()))
        })?;
        let variables = BTreeMap::from([
            ("COLDWATCH_TABLE".to_owned(), self.table.clone()),
            ("COLDWATCH_SUITE_PARAMETER".to_owned(), PARAMETER.to_owned()),
        ]);
        let code =
            FunctionCode::Folder { runtime: "provided.al2023".to_owned(), handler: "bootstrap".to_owned(), folder };
        let spec = FunctionSpec {
            name: ORCHESTRATOR.to_owned(),
            code,
            memory_mb: MEMORY_MB,
            timeout_s: TIMEOUT_S,
            environment: variables.clone(),
        };
        cloud.ensure_function(spec).await.map_err(Failure::failed)?;
        // It may have been deployed before, for another table.
        cloud.set_variables(ORCHESTRATOR, variables).await.map_err(Failure::failed)?;
        // As in the template: the next tick takes up what is left.
        cloud.set_retry_attempts(ORCHESTRATOR, 0).map_err(Failure::failed)
    }

    fn suite(&self, targets: &[&str]) -> Value {
        if let Some(suite) = &self.suite {
            return suite.clone();
        }
        let mut suite = built_in_json(targets);
        if let Some(samples) = self.samples {
            suite["samples"] = samples.into();
        }
        suite
    }

    fn schedule(&self) -> ScheduleSpec {
        let input = json!({
            "suite_parameter": PARAMETER,
            "schedule_arn": "<aws.scheduler.schedule-arn>",
            "scheduled_time": "<aws.scheduler.scheduled-time>",
        });
        ScheduleSpec {
            name: SCHEDULE.to_owned(),
            expression: self.period.to_string(),
            function: ORCHESTRATOR.to_owned(),
            input: input.to_string(),
            retry_attempts: TICK_RETRIES,
        }
    }

    fn introduce(&self, state: &Path) {
        let first = if self.period.is_due_at_once() { ", the first time now" } else { "" };
        tell(format_args!("the schedule `{SCHEDULE}` starts the orchestrator by {}{first}", self.period));
        let place =
            if state == Path::new(".coldwatch") { String::new() } else { format!(" --state {}", state.display()) };
        tell(format_args!("to see what it stores, run in another terminal: coldwatch history --local{place}"));
    }
}

impl Narrator {
    async fn tell(&mut self, happened: &Activity, aws: &Aws) {
        match happened {
            Activity::Tick { schedule, scheduled_time } if schedule == SCHEDULE => {
                self.under_way.insert(*scheduled_time, Instant::now());
                tell(format_args!("{} tick", clock(*scheduled_time)));
            }
            Activity::Attempt { function, event, answer, function_error } if function == ORCHESTRATOR => {
                let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
                if *function_error {
                    // That the event is given up is reported next.
                    warn(format!("the orchestrator failed: {}", text_of(&answer["errorMessage"])));
                } else {
                    self.tell_answer(scheduled_time(event), &answer, aws).await;
                }
            }
            Activity::GivenUp { function, event, reason } if function == ORCHESTRATOR => {
                warn(format!("a scheduled run was dropped: {reason}"));
                scheduled_time(event).map(|time| self.under_way.remove(&time));
            }
            _ => {}
        }
    }

    /// The orchestrator has answered: reads back what it stored for that tick, and prints it in a line.
    async fn tell_answer(&mut self, tick: Option<DateTime<Utc>>, answer: &Value, aws: &Aws) {
        for refused in answer["targets"].as_array().into_iter().flatten().filter(|t| t["error"].is_string()) {
            warn(text_of(&refused["error"]));
        }
        for key in ["error", "skipped"] {
            if let Some(reason) = answer[key].as_str() {
                warn(format!("the orchestrator did nothing: {reason}"));
            }
        }
        let Some(tick) = tick else { return };
        let took = self
            .under_way
            .remove(&tick)
            .map_or_else(String::new, |began| format!(" after {:.0} s", began.elapsed().as_secs_f64()));
        match self.new_runs(tick, aws).await {
            Ok(runs) if runs.is_empty() => {}
            Ok(runs) => {
                let lines: Vec<String> = runs.iter().map(text::line).collect();
                tell(format_args!("{} run stored{took}; init p50 (95 %), proven: {}", clock(tick), lines.join("; ")));
            }
            Err(failure) => warn(format!("cannot read what the run stored: {failure}")),
        }
    }

    /// The runs of `tick` that were not reported yet.
    async fn new_runs(&mut self, tick: DateTime<Utc>, aws: &Aws) -> Result<Vec<RunRecord>, StoreError> {
        let mut new = Vec::new();
        for entry in aws.store.series().await? {
            for record in aws.store.runs(&entry.series, Some(1)).await? {
                if record.started_at == tick && self.told.insert((entry.series.clone(), tick)) {
                    new.push(record);
                }
            }
        }
        Ok(new)
    }
}

/// The tick that an event belongs to.
fn scheduled_time(event: &[u8]) -> Option<DateTime<Utc>> {
    let event: Value = serde_json::from_slice(event).ok()?;
    event["scheduled_time"].as_str()?.parse().ok()
}

fn clock(time: DateTime<Utc>) -> String {
    time.format("%H:%M:%SZ").to_string()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_words_or_an_expression_that_recurs() {
        for (text, expression) in [
            ("5 minutes", "rate(5 minutes)"),
            ("1 hour", "rate(1 hour)"),
            ("rate(2 days)", "rate(2 days)"),
            ("cron(0 18 ? * MON-FRI *)", "cron(0 18 ? * MON-FRI *)"),
        ] {
            assert_eq!(Period::parse(text).map(|p| p.to_string()), Ok(expression.to_owned()), "{text}");
        }
        for text in ["", "5", "minutes", "0 minutes", "30 seconds", "5m", "cron(* * * * *)", "at(2030-01-01T00:00:00)"]
        {
            assert!(Period::parse(text).is_err(), "{text}");
        }
    }
}
