//! What others do to the function while its run is under way: a version that they publish then freezes our change.

use super::Session;
use crate::function::change::Original;
use crate::function::config::FunctionConfig;

impl Session<'_> {
    /// Looks whether somebody changed or published the function since it was last seen: both give it a new revision.
    pub(super) async fn look_for_others(&mut self) {
        if let Ok(now) = self.run.aws.lambda.function(&self.config.arn).await {
            self.met_others |= now.revision != self.config.revision;
        }
    }

    /// Names the versions that were published with a change of this run in them. They stay as they are for good.
    pub(super) async fn name_frozen_versions(&mut self, original: &Original) {
        if !self.met_others {
            return;
        }
        match self.run.aws.lambda.versions(&self.config.arn).await {
            Ok(versions) => {
                let frozen = versions.iter().filter(|version| self.carries(original, version)).filter_map(number);
                let warnings: Vec<String> = frozen.map(warning).collect();
                self.warn_once(warnings);
            }
            Err(error) => self.warn_once([format!(
                "somebody else changed or published the function during the run, and it is not known whether a new \
                 version has our change in it: {error}"
            )]),
        }
    }

    fn carries(&self, original: &Original, version: &FunctionConfig) -> bool {
        let nonces = (0..=self.rounds.len()).map(|index| self.nonce(index));
        nonces.into_iter().any(|nonce| original.steps(&nonce)[0].is_reached(version))
    }

    /// What a round writes into the function.
    pub(super) fn nonce(&self, index: usize) -> String {
        format!("{}-{index}", self.run.trigger.run_id)
    }
}

/// The number of a published version.
fn number(version: &FunctionConfig) -> Option<&str> {
    version.provenance.version.as_deref().filter(|number| *number != "$LATEST")
}

fn warning(version: &str) -> String {
    format!(
        "version {version} was published during the run and has its change in it, which cannot be put back: publish \
         again, and point aliases to the new version"
    )
}
