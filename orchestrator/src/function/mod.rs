//! A function as it is, how it is changed, and what is remembered of it. Pure.
//!
//! | file | holds |
//! |---|---|
//! | [`config`] | configuration and provenance, as Lambda answers |
//! | [`runtimes`] | until when functions of a deprecated runtime can be changed |
//! | [`refusal`] | why a function must not be measured |
//! | [`remarks`] | what to know of one that is measured all the same |
//! | [`change`] | what is updated to retire warm execution environments, and how it is put back |
//! | [`journal`] | what is remembered while a function is changed |

pub mod config;
pub mod runtimes;
pub mod refusal;
pub mod remarks;
pub mod change;
pub mod journal;
