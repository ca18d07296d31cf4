//! Targets found by tag, merged into the suite.

use crate::arn::base_name;
use crate::aws::{AwsError, Tags};
use crate::suite::tagged::Tagged;
use crate::suite::{Suite, Tag, TargetSpec, is_label};

/// Why a suite has no targets.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// There is nothing to measure.
    #[error("no function has the tag `{0}`, and the suite names no other target")]
    NothingTagged(Tag),
    /// The tagging API could not be asked.
    #[error(transparent)]
    Aws(#[from] AwsError),
}

/// The suite with targets only: those it names, and those that its tag finds. `own` is the orchestrator's
/// function, which is never a target.
pub async fn discover(tags: &Tags, suite: Suite, own: Option<&str>) -> Result<Suite, DiscoveryError> {
    let Some(tag) = suite.tagged.clone() else { return Ok(suite) };
    let suite = merge(suite, tags.functions(&tag).await?, own);
    if suite.targets.is_empty() { Err(DiscoveryError::NothingTagged(tag)) } else { Ok(suite) }
}

/// What the suite names wins, and comes first; what was found follows by name.
fn merge(mut suite: Suite, mut found: Vec<Tagged>, own: Option<&str>) -> Suite {
    found.sort_by(|a, b| a.arn.cmp(&b.arn));
    for Tagged { arn, label } in found {
        let name = base_name(&arn);
        let taken = suite.targets.iter().any(|target| base_name(&target.function) == name);
        if taken || own.is_some_and(|own| base_name(own) == name) {
            continue;
        }
        // A label that a suite could not have would be refused when the run is handed on.
        let is_free = |label: &str| suite.targets.iter().all(|target| target.label != label);
        let label = label.filter(|label| is_label(label) && is_free(label));
        let label = label.or_else(|| Some(name.to_owned()).filter(|name| is_free(name))).unwrap_or_else(|| arn.clone());
        suite.targets.push(TargetSpec { function: name.to_owned(), label, payload: None, control: false });
    }
    suite.tagged = None;
    suite
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(name: &str) -> String {
        format!("arn:aws:lambda:us-east-1:000000000000:function:{name}")
    }

    fn merged(named: &str, found: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
        let suite = Suite::from_toml(&format!("tagged = \"coldwatch\"\n{named}")).expect("valid");
        let found = found.iter().map(|(name, label)| Tagged { arn: arn(name), label: label.map(str::to_owned) });
        let suite = merge(suite, found.collect(), Some(&arn("orchestrator:live")));
        assert_eq!(suite.tagged, None);
        suite.targets.into_iter().map(|t| (t.function, t.label)).collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(f, l)| ((*f).to_owned(), (*l).to_owned())).collect()
    }

    #[test]
    fn what_was_found_follows_by_name() {
        let found = [("b", None), ("a", Some("the a")), ("b", None), ("c", Some(" "))];
        assert_eq!(merged("", &found), pairs(&[("a", "the a"), ("b", "b"), ("c", "c")]));
    }

    #[test]
    fn what_is_named_wins_and_the_orchestrator_is_no_target() {
        for named in ["b", "b:$LATEST", "000000000000:function:b", &arn("b")] {
            let targets = format!("[[targets]]\nfunction = \"{named}\"\nlabel = \"mine\"\n");
            let found = [("a", None), ("b", None), ("orchestrator", None)];
            assert_eq!(merged(&targets, &found), pairs(&[(named, "mine"), ("a", "a")]));
        }
    }

    #[test]
    fn labels_that_a_suite_could_not_have_are_not_used() {
        let found = [("a", Some("same")), ("b", Some("same")), ("c", Some("\u{1b}[2J")), ("d", Some("b"))];
        let names = pairs(&[("a", "same"), ("b", "b"), ("c", "c"), ("d", "d")]);
        assert_eq!(merged("", &found), names);
        let targets = "[[targets]]\nfunction = \"x\"\nlabel = \"a\"\n";
        assert_eq!(merged(targets, &[("a", None)]), pairs(&[("x", "a"), ("a", &arn("a"))]));
    }

    #[test]
    fn versions_and_aliases_are_their_function() {
        assert_eq!(merged("", &[("a:live", None), ("a:7", None), ("a", None)]), pairs(&[("a", "a")]));
    }
}
