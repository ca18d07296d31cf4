//! HTTP as the services here speak it.
//!
//! | file | holds |
//! |---|---|
//! | `connections` | HTTP/1.1 on a loopback port |
//! | `query` | the query of a request |
//! | `aws_json` | AWS's JSON protocol 1.1, for Parameter Store and the tagging API |

pub(crate) mod aws_json;
pub(crate) mod connections;
pub(crate) mod query;
