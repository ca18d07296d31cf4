//! HTTP as the services here speak it.
//!
//! | file | holds |
//! |---|---|
//! | `connections` | HTTP/1.1, and HTTP/2 in TLS, on a loopback port |
//! | `tls` | a certificate that is thrown away |
//! | `door` | whom it answers at all: no web page, no other host |
//! | `signature` | AWS Signature Version 4, verified |
//! | `query` | the query of a request |
//! | `aws_json` | AWS's JSON protocol 1.1, for Parameter Store and the tagging API |

pub(crate) mod aws_json;
pub(crate) mod connections;
pub(crate) mod door;
pub(crate) mod query;
pub(crate) mod signature;
pub(crate) mod tls;
