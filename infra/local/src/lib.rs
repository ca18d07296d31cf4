//! A stand-in for AWS on loopback that starts real processes.
//!
//! [`LocalCloud::start`] binds one port of 127.0.0.1 that answers the AWS SDKs, boto3 and the AWS CLI: Lambda with
//! one real process per execution environment, EventBridge Scheduler, SQS, DynamoDB, CloudWatch, and as much of Parameter
//! Store and the tagging API as a scheduled run needs. Point `AWS_ENDPOINT_URL` at it.
//! It is no jail: functions run as whoever started it.
//!
//! Code map, in reading order:
//!
//! | module | holds |
//! |---|---|
//! | `options` | how it behaves |
//! | `server` | start, dispatch by service, stop |
//! | `state` | the folder everything is kept in, and who has it |
//! | `requests` | which service and operation a request is for; the log of all |
//! | `own_api` | faults, calls and environments, for tests |
//! | `connections` | HTTP/1.1 on loopback |
//! | `lambda` | functions: their API, versions, states and limits |
//! | `environment` | execution environments: init, invocations, pools, processes |
//! | `log` | START, END, REPORT, INIT_REPORT as text and JSON |
//! | `digest` | SHA-256 of code and names |
//! | `scheduler` | schedules: their API, when they are due, how ticks reach a function |
//! | `sqs` | queues, for dead letters |
//! | `dynamodb` | passes requests on to an embedded database |
//! | `cloudwatch` | metrics: put, statistics by period, list |
//! | `parameters` | Parameter Store |
//! | `tagging` | which functions have a tag |
//! | `aws_json` | the protocol of these two |
//! | `fault` | what goes wrong on demand |
//! | `clock` | a clock that can be moved ahead |
//! | `news` | what happens by itself |
//! | `kept` | things on disk, one JSON file each |
//! | `tasks` | background work that ends with the stand-in |

pub mod cloudwatch;
pub mod fault;

mod options;
mod server;

mod aws_json;
mod clock;
mod connections;
mod digest;
mod dynamodb;
mod environment;
mod kept;
mod lambda;
mod log;
mod news;
mod own_api;
mod parameters;
mod requests;
mod scheduler;
mod sqs;
mod state;
mod tagging;
mod tasks;

pub use dynamodb::DynamoDbError;
pub use fault::{Fault, FaultError};
pub use kept::StoreError;
pub use lambda::ensure::{EnsureError, Ensured, FunctionCode, FunctionSpec};
pub use news::News;
pub use options::Options;
pub use parameters::ParameterError;
pub use scheduler::{InvalidExpression, ScheduleError, ScheduleExpression, ScheduleSpec};
pub use server::{LocalCloud, StartError};
