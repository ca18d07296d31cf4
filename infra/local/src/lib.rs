//! A stand-in for AWS on loopback that starts real processes.
//!
//! [`LocalCloud::start`] binds one port of 127.0.0.1 that answers the AWS SDKs, boto3 and the AWS CLI: Lambda with
//! one real process for each execution environment, EventBridge Scheduler, SQS, DynamoDB, CloudWatch, and as much of
//! Parameter Store and the tagging API as a scheduled run needs. Point `AWS_ENDPOINT_URL` at it.
//! It answers programs that sign their requests with a key of the state folder, see [`LocalCloud::access`], and no web
//! page. It is not a sandbox: functions run as the user who started it.
//!
//! The rooms, from the bottom up. A room imports only rooms above it in this table; `infra/module-graph/tests/rooms.rs` checks it.
//!
//! | room | holds |
//! |---|---|
//! | `base` | parts that know nothing of AWS: a clock, files, background tasks |
//! | `function` | what a function is: settings, code, events, the ARNs of everything |
//! | `wire` | HTTP: connections, queries, AWS's JSON |
//! | `fault` | what goes wrong on demand |
//! | `environment` | execution environments: processes, their logs and their pools |
//! | `services` | Lambda, Scheduler, SQS, DynamoDB, CloudWatch, Parameter Store, tagging |
//! | `cloud` | all of it together: options, start, dispatch, stop, the API for tests |
//!
//! To read it, start with `cloud/server.rs`: it starts everything and hands each request to its service.

pub mod fault;

mod base;
mod cloud;
mod environment;
mod function;
mod services;
mod wire;

pub use base::activity::Activity;
pub use base::keys::{Access, AccessKey, KeyError};
pub use base::stored::StoreError;
pub use cloud::error::StartError;
pub use cloud::options::Options;
pub use cloud::server::LocalCloud;
pub use cloud::state::{access_of, authority_of, served_at};
pub use fault::{Fault, FaultError};
pub use function::code::{CodeError, extract};
pub use services::cloudwatch;
pub use services::dynamodb::DynamoDbError;
pub use services::lambda::ensure::{EnsureError, Ensured, FunctionCode, FunctionSpec};
pub use services::parameters::ParameterError;
pub use services::scheduler::{InvalidExpression, ScheduleError, ScheduleExpression, ScheduleSpec};
pub use wire::tls::TlsError;
