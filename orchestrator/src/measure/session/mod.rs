//! One target in one run: opened, taken through its rounds, closed. `run` decides whose turn it is.

mod circumstances;
mod closing;
mod opening;
mod others;
mod round;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::evidence::sample::Sample;
use crate::function::change::Original;
use crate::function::config::{FunctionConfig, Provenance};
use crate::measure::context::{Event, RunContext};
use crate::measure::ending::Stop;
use crate::measure::lease::Lease;
use crate::record::cost;
use crate::record::measured::Round;
use crate::suite::{Strategy, Suite, TargetSpec};
use crate::units::millis;

/// A target being measured.
#[derive(Debug)]
pub struct Session<'a> {
    run: &'a RunContext,
    suite: &'a Suite,
    spec: &'a TargetSpec,
    series: String,
    /// The configuration as last seen.
    config: FunctionConfig,
    /// What the first settled round ran on; the record's provenance.
    provenance: Provenance,
    /// What is put back at the end; absent for idle runs.
    original: Option<Original>,
    /// What this run changes, as the record says; absent for idle runs.
    strategy: Option<Strategy>,
    rounds: Vec<Round>,
    /// Environment ids met so far.
    seen: BTreeSet<String>,
    hold: Duration,
    burst_cap: u32,
    warnings: Vec<String>,
    stop: Option<Stop>,
    /// Whether somebody else changed or published the function meanwhile.
    met_others: bool,
    /// The lock of the function.
    lease: Option<Lease>,
}

pub(in crate::measure) use circumstances::has_management;

impl Session<'_> {
    /// Proven init durations, or restore durations where the function has those, in ms.
    pub fn durations(&self) -> Vec<f64> {
        self.samples().filter_map(|s| s.init().or(s.restore())).map(millis).collect()
    }

    /// Ends the rounds, unless they have ended already.
    pub fn end(&mut self, stop: Stop) {
        self.stop.get_or_insert(stop);
    }

    /// Whether the rounds ended short of what was wanted.
    pub fn gave_up(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| !matches!(stop, Stop::Enough | Stop::Precise))
    }

    fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.rounds.iter().flat_map(|r| &r.samples)
    }

    fn proven(&self) -> u32 {
        self.rounds.iter().map(|r| r.record.proven).sum()
    }

    fn gb_seconds(&self) -> f64 {
        let billed = self.samples().filter_map(|s| s.billed).sum();
        cost::gb_seconds(billed, self.provenance.memory_size_mb.unwrap_or_default())
    }

    fn tell(&self, event: Event<'_>) {
        (self.run.observer)(&event);
    }
}
