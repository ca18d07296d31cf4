//! The account and the Region of everything here, and the ARNs that carry them.

/// The account.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The Region.
pub(crate) const REGION: &str = "us-east-1";

/// The version that updates change.
pub(crate) const LATEST: &str = "$LATEST";

/// ARN of a function.
pub(crate) fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// ARN of a function's version or alias.
pub(crate) fn qualified_arn(name: &str, qualifier: &str) -> String {
    format!("{}:{qualifier}", function_arn(name))
}

/// ARN of a build of a runtime, which belongs to no account.
pub(crate) fn runtime_arn(hash: &str) -> String {
    format!("arn:aws:lambda:{REGION}::runtime:{hash}")
}

/// ARN of an IAM role. There is no IAM here, but AWS's APIs ask for roles.
pub(crate) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// ARN of a log group.
pub(crate) fn log_group_arn(name: &str) -> String {
    format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}")
}

/// ARN of an SQS queue.
pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}

/// ARN of a schedule.
pub(crate) fn schedule_arn(group: &str, name: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/{group}/{name}")
}

/// ARN of a group of schedules.
pub(crate) fn schedule_group_arn(group: &str) -> String {
    format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{group}")
}

/// ARN of a parameter of Systems Manager. It has one slash before a name that begins with one too.
pub(crate) fn parameter_arn(name: &str) -> String {
    format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{}", name.trim_start_matches('/'))
}
