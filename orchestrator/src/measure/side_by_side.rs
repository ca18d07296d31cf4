//! Two targets measured in turns, round by round, until a rule has enough: what `compare` does instead of a run.
//!
//! Each target goes through the very steps of a run (`session`): lock, journal, rounds, restore, record.

use crate::measure::context::RunContext;
use crate::measure::ending::Stop;
use crate::measure::lease::{Held, Lease};
use crate::measure::run::{RunError, RunReport, finish};
use crate::measure::session::Session;
use crate::suite::Suite;

/// Measures the two targets of a suite in turns: A B, B A, A B, … so that what changes over the minutes falls on both.
///
/// After each pair of rounds `suffice` hears the proven durations of A and B so far, in ms, and says whether they are
/// enough. The first target that ends for any other reason ends the other: half a comparison is none.
pub async fn side_by_side(
    suite: &Suite,
    context: &RunContext,
    mut suffice: impl FnMut(&[f64], &[f64]) -> bool,
) -> Result<RunReport, RunError> {
    let [spec_a, spec_b] = &suite.targets[..] else { panic!("a comparison has two targets") };
    let key = format!("RUN#{}", context.trigger.key);
    let lease = Lease::take(&context.aws.store, &context.clock, context.lease, key, &context.holder).await?;
    let lease = lease.map_err(|Held { holder, until }| RunError::UnderWay { holder, until })?;
    let ends = match Box::pin(Session::open(context, suite, spec_a)).await {
        Err(end) => vec![(0, *end)],
        Ok(mut a) => match Box::pin(Session::open(context, suite, spec_b)).await {
            Err(end) => {
                a.end(Stop::OtherSide);
                vec![(0, a.close().await), (1, *end)]
            }
            Ok(b) => {
                let [a, b] = Box::pin(in_turns(a, b, &mut suffice)).await;
                vec![(0, a.close().await), (1, b.close().await)]
            }
        },
    };
    let report = finish(suite, context, ends).await;
    lease.give_back().await;
    Ok(report)
}

/// Takes both through their rounds.
async fn in_turns<'a>(
    mut a: Session<'a>,
    mut b: Session<'a>,
    suffice: &mut impl FnMut(&[f64], &[f64]) -> bool,
) -> [Session<'a>; 2] {
    let mut a_first = true;
    while a.wants_more() || b.wants_more() {
        let (first, second) = if a_first { (&mut a, &mut b) } else { (&mut b, &mut a) };
        a_first = !a_first;
        for session in [first, second] {
            if session.wants_more() {
                session.round().await;
            }
        }
        if suffice(&a.durations(), &b.durations()) {
            a.end(Stop::Precise);
            b.end(Stop::Precise);
        }
        if a.gave_up() || b.gave_up() {
            a.end(Stop::OtherSide);
            b.end(Stop::OtherSide);
        }
    }
    [a, b]
}
