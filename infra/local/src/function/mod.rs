//! What a function is: the leaf that Lambda, the execution environments, SQS and the parameters share.
//!
//! | file | holds |
//! |---|---|
//! | `account` | the account, the Region, and the ARNs of all services |
//! | `definition` | a function with its versions, its state and its settings, and how the API shows it |
//! | `event_config` | how a function's events are to be treated |
//! | `code` | deployment packages on disk |

pub(crate) mod account;
pub(crate) mod code;
pub(crate) mod definition;
pub(crate) mod event_config;
