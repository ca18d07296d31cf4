//! The AWS services, one folder or file each.
//!
//! | module | holds |
//! |---|---|
//! | `lambda` | functions: their API, versions, states, limits and invocations |
//! | `scheduler` | schedules: their API, when they are due, how ticks reach a function |
//! | `sqs` | queues, for dead letters |
//! | `dynamodb` | the embedded database |
//! | `cloudformation` | the status of stacks |
//! | `cloudwatch` | metrics: put, statistics by period, list |
//! | `events` | EventBridge: events put and remembered |
//! | `logs` | CloudWatch Logs: the reports of functions, and Logs Insights over them |
//! | `parameters` | Parameter Store |
//! | `tagging` | which functions have a tag |
//!
//! Scheduler uses Lambda and SQS, Lambda uses SQS and logs; the others know nothing of each other.

pub mod cloudwatch;

pub(crate) mod cloudformation;
pub(crate) mod dynamodb;
pub(crate) mod events;
pub(crate) mod lambda;
pub(crate) mod logs;
pub(crate) mod parameters;
pub(crate) mod scheduler;
pub(crate) mod sqs;
pub(crate) mod tagging;
