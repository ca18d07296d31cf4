//! Measures AWS Lambda cold starts on a schedule, proves each one, and keeps the history.
//!
//! The modules in reading order. Dependencies point downwards only; `docs/architecture.md` has the picture.
//!
//! | module | holds |
//! |---|---|
//! | [`suite`] | what to measure and how, validated |
//! | [`target`] | a function, its provenance, and why it may not be measured |
//! | [`plan`] | what a trigger makes of a run; the order of turns |
//! | [`run`] | **the pipeline** |
//! | [`session`] | one target in one run: opened, taken through its rounds, closed |
//! | [`preflight`] | what is asked before anything is changed |
//! | [`change`], [`settle`], [`restore`] | how a function is changed, waited for, and put back |
//! | [`burst`], [`hold`] | N invokes at once, and how long each is held |
//! | [`report_line`] | log text to platform reports |
//! | [`sample`] | one invocation, its outcome, and the proof |
//! | [`summary`], [`cost`] | samples to counts, quantiles with intervals, yield, price |
//! | [`record`] | a run in its versioned wire form |
//! | [`publish`] | a record as metrics |
//! | [`stats`] | quantiles, intervals, rank tests |
//! | [`aws`] | the one path to the outside |
//! | [`show`] | records to text and JSON |

pub mod aws;
pub mod burst;
pub mod change;
pub mod cost;
pub mod hold;
pub mod plan;
pub mod preflight;
pub mod publish;
pub mod record;
pub mod report_line;
pub mod restore;
pub mod run;
pub mod sample;
pub mod session;
pub mod settle;
pub mod show;
pub mod stats;
pub mod suite;
pub mod summary;
pub mod target;
