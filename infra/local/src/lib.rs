//! A stand-in for AWS on loopback that starts real processes.
//!
//! [`LocalCloud::start`] binds one port of 127.0.0.1 that answers the AWS SDKs, boto3 and the AWS CLI: Lambda with
//! one real process per execution environment, DynamoDB and CloudWatch. Point `AWS_ENDPOINT_URL` at it.
//! It is no jail: functions run as whoever started it.
//!
//! Code map, in reading order:
//!
//! | module | holds |
//! |---|---|
//! | `options` | how it behaves |
//! | `server` | start, dispatch by service, stop |
//! | `connections` | HTTP/1.1 on loopback |
//! | `lambda` | functions: their API, versions, states and limits |
//! | `environment` | execution environments: init, invocations, pools, processes |
//! | `log` | START, END, REPORT, INIT_REPORT as text and JSON |
//! | `dynamodb` | passes requests on to an embedded database |
//! | `cloudwatch` | metrics: put, statistics by period, list |
//! | `tasks` | background work that ends with the stand-in |

pub mod cloudwatch;

mod options;
mod server;

mod connections;
mod dynamodb;
mod environment;
mod lambda;
mod log;
mod tasks;

pub use dynamodb::DynamoDbError;
pub use lambda::StoreError;
pub use lambda::ensure::{EnsureError, Ensured, FunctionCode, FunctionSpec};
pub use options::Options;
pub use server::{LocalCloud, StartError};
