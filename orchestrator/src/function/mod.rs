//! A function as it is, how it is changed, and what is remembered of it. Pure.
//!
//! | file | holds |
//! |---|---|
//! | [`config`] | configuration and provenance, as Lambda answers |
//! | [`refusal`] | why a function must not be measured |
//! | [`change`] | what is updated to retire warm execution environments, and how it is put back |
//! | [`journal`] | what is remembered while a function is changed |

pub mod config;
pub mod refusal;
pub mod change;
pub mod journal;
