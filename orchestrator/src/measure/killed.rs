//! The record of a run that was killed, made of the rounds that it had stored.

use crate::aws::StoreError;
use crate::evidence::sample::Sample;
use crate::function::config::Provenance;
use crate::function::journal::Journal;
use crate::measure::context::RunContext;
use crate::record::digest::RunDigest;
use crate::record::ended::Ended;
use crate::record::measured::Round;
use crate::record::stopped::Stopped;
use crate::record::trigger::seed_of;

/// Makes the record of the run that left a journal, unless it has one or had stored no round. If the run still lives and
/// ends, its own record replaces this one.
pub async fn recover(run: &RunContext, arn: &str, journal: &Journal) -> Result<(), StoreError> {
    let (store, run_id) = (&run.aws.store, journal.run_id.as_str());
    // An earlier attempt at this very run is taken up.
    let Some(begun) = journal.run.as_ref().filter(|_| run_id != run.trigger.run_id) else { return Ok(()) };
    if store.run(&begun.series, begun.started_at, run_id).await?.is_some() {
        return Ok(());
    }
    let rounds = store.rounds(&begun.series, begun.started_at, run_id).await?;
    let rounds: Vec<Round> = rounds.into_iter().filter_map(Round::of).collect();
    let Some(first) = rounds.first() else { return Ok(()) };
    let provenance = provenance(run, arn, first).await;
    let record = Ended {
        run_id,
        function: arn,
        begun,
        finished_at: (run.clock)(),
        stopped: Stopped::Killed,
        stopped_detail: Some("the run was killed; this is made of the rounds that it had stored".to_owned()),
        provenance: &provenance,
        invalidate: Some(journal.strategy.clone()),
        seed: seed_of(run_id).unwrap_or_default(),
        depth: 0,
        warnings: Vec::new(),
    }
    .record(&rounds);
    let samples: Vec<Sample> = rounds.into_iter().flat_map(|round| round.samples).collect();
    store.put_digest(&begun.series, &RunDigest::of(&record, &samples)).await?;
    store.put_run(&record).await
}

/// What the rounds ran on, as far as it is known: they keep the hash of their code, and the function may have been
/// deployed since.
async fn provenance(run: &RunContext, arn: &str, round: &Round) -> Provenance {
    let code_sha256 = round.record.code_sha256.clone();
    match run.aws.lambda.function(arn).await {
        Ok(now) if now.provenance.code_sha256 == code_sha256 => now.provenance,
        _ => Provenance { code_sha256, ..Provenance::default() },
    }
}
