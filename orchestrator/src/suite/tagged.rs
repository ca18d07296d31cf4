//! Functions found by a tag.

/// The tag whose value is the label of a function that was found.
pub const LABEL_TAG: &str = "coldwatch:label";

/// A function that has the tag asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// Its ARN.
    pub arn: String,
    /// Value of [`LABEL_TAG`], where it has that too.
    pub label: Option<String>,
}
