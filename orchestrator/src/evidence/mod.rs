//! From a reply to a proof: what each invocation was, and whether it counts. Pure.
//!
//! | file | holds |
//! |---|---|
//! | [`invocation`] | one invoke and what came back |
//! | [`failure`] | how a function failed |
//! | [`outcome`] | what became of it, in one word |
//! | [`sample`] | the invocation with its evidence, and what follows from it |
//! | [`classify`] | the proof: from a burst's replies to samples |
//! | [`hold`] | how long each invocation of a burst is held |

pub mod invocation;
pub mod failure;
pub mod outcome;
pub mod sample;
pub mod classify;
pub mod hold;
