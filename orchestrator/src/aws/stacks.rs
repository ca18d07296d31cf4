//! `CloudFormation`: whether a stack is being changed.

use aws_config::SdkConfig;

use super::bare::{BareClient, BareService, Protocol, element};
use super::error::AwsError;

const SERVICE: BareService = BareService {
    name: "CloudFormation",
    id: "cloudformation",
    prefix: "cloudformation",
    protocol: Protocol::Query("2010-05-15"),
};

/// The stacks of the account and Region.
#[derive(Debug, Clone)]
pub struct Stacks {
    client: BareClient,
}

impl Stacks {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: BareClient::new(config, SERVICE) }
    }

    /// The status of a stack, such as `UPDATE_IN_PROGRESS` (API reference of `CloudFormation`, `Stack`); `None` where the
    /// answer has none.
    pub async fn status(&self, stack: &str) -> Result<Option<String>, AwsError> {
        let answer = self.client.query("DescribeStacks", &[("StackName", stack)]).await?;
        Ok(element(&answer, "StackStatus").map(str::to_owned))
    }
}
