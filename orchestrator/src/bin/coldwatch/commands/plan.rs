//! `coldwatch plan`: what a run would do; touches nothing.

use std::io::Write;

use chrono::Utc;
use clap::Args;
use coldwatch::aws::Aws;
use coldwatch::function::refusal::refusal;
use coldwatch::measure::burst::usable;
use coldwatch::measure::plan::{Known, Plan, plan};
use coldwatch::measure::preflight::found;
use coldwatch::record::cost::PRICES_READ_ON;
use coldwatch::suite::Suite;
use coldwatch::suite::pace::CONTROL_CALLS_PER_SECOND;

use crate::exit::{Exit, Failure, warn};
use crate::output::stdout;
use crate::suite::SuiteArgs;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    choice: SuiteArgs,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

/// Reads the targets, and prints what measuring them would take.
pub async fn execute(args: PlanArgs) -> Result<Exit, Failure> {
    let (aws, standin, suite) = args.choice.open().await?;
    let planned = look(&aws, &suite).await;
    if let Some(standin) = standin {
        standin.stop().await;
    }
    let (plan, refused) = planned?;
    show(&plan, args.json)?;
    refused.iter().for_each(warn);
    Ok(if refused.is_empty() { Exit::Done } else { Exit::Failed })
}

/// The plan, and why some targets would be refused.
async fn look(aws: &Aws, suite: &Suite) -> Result<(Plan, Vec<String>), Failure> {
    let (limit, today) = (aws.lambda.unreserved_concurrency().await?, Utc::now().date_naive());
    let (mut known, mut refused) = (Vec::new(), Vec::new());
    for spec in &suite.targets {
        let config = match found(&aws.lambda, spec).await {
            Ok(config) => config,
            Err(error) => {
                refused.push(error.to_string());
                continue;
            }
        };
        if let Some(refusal) = refusal(&config, suite, usable(limit), None, today) {
            refused.push(format!("function `{}` {refusal}", spec.function));
            continue;
        }
        let series = format!("{}#{}", config.arn, suite.protocol());
        // A plan needs no history; without a table there is none.
        let last = aws.store.runs(&series, Some(1)).await.ok().and_then(|mut runs| runs.pop());
        known.push(Known { label: spec.label.clone(), provenance: config.provenance, last });
    }
    Ok((plan(suite, &known, limit), refused))
}

fn show(plan: &Plan, json: bool) -> Result<(), Failure> {
    let mut out = stdout();
    if json {
        serde_json::to_writer_pretty(&mut out, plan)?;
        writeln!(out)?;
        return Ok(());
    }
    for target in &plan.targets {
        let gb_seconds =
            target.expected_gb_seconds.map_or_else(|| "no history yet".to_owned(), |g| format!("{g:.3} GB-s"));
        writeln!(out, "{}: {} rounds, {gb_seconds}", target.label, target.rounds)?;
    }
    writeln!(out, "\ninvocations      {} if all are proven, at most {}", plan.invocations, plan.most_invocations)?;
    let billed = match plan.expected_gb_seconds.zip(plan.expected_usd) {
        Some((gb, usd)) => format!("{gb:.3} GB-s, about {usd:.5} USD (prices of {PRICES_READ_ON})"),
        None => format!("cannot be estimated until every target has a run; at most {} GB-s", plan.most_gb_seconds),
    };
    writeln!(out, "billed           {billed}")?;
    writeln!(
        out,
        "wall time        at least {:.1} s, because of {CONTROL_CALLS_PER_SECOND} control calls a second and the time \
         that updates take",
        plan.least_seconds
    )?;
    writeln!(out, "concurrency      at most {} used, {} free", plan.concurrency_needed, plan.concurrency_free)?;
    writeln!(out, "calls")?;
    for (name, n) in &plan.calls {
        writeln!(out, "  {name:36} {n:6}")?;
    }
    Ok(())
}
