//! The stand-in as a whole: started, asked, stopped.
//!
//! | file | holds |
//! |---|---|
//! | `options` | how it behaves |
//! | `server` | start, dispatch by service, stop |
//! | `error` | why it did not start |
//! | `state` | the folder with everything in it: who uses it, and whether it can be trusted |
//! | `requests` | which service and operation a request is for |
//! | `request_log` | the log of all requests |
//! | `request_faults` | faults of requests, carried out |
//! | `admission` | which requests are let in |
//! | `own_api` | faults, calls and environments, for tests |

pub(crate) mod error;
pub(crate) mod options;
mod admission;
mod own_api;
mod request_faults;
mod request_log;
mod requests;
pub(crate) mod server;
pub(crate) mod state;
