//! Measures AWS Lambda cold starts on a schedule, proves each one, and keeps the history.
//!
//! The modules in reading order. Dependencies point downwards only; `docs/architecture.md` has the picture.
//!
//! | module | holds |
//! |---|---|
//! | [`suite`] | what to measure and how, validated |
//! | [`pace`] | how fast the control plane may be called |
//! | [`target`] | a function, its provenance, and why it may not be measured |
//! | [`plan`] | what a trigger makes of a run; the order of turns |
//! | [`tick`], [`input`], [`discovery`] | the event that starts a scheduled run, the suite it asks for, targets by tag |
//! | [`handover`] | what an invocation that runs out of time hands on |
//! | [`run`] | **the pipeline** |
//! | [`side_by_side`] | two targets measured in turns, to be compared |
//! | [`session`] | one target in one run: opened, taken through its rounds, closed |
//! | [`preflight`] | what is asked before anything is changed |
//! | [`estimate`] | what a run would do, before it does anything |
//! | [`lease`] | a lock that is held as long as its holder lives |
//! | [`change`], [`settle`], [`restore`] | how a function is changed, waited for, and put back |
//! | [`burst`], [`hold`] | N invokes at once, and how long each is held |
//! | [`sample`] | one invocation, its outcome, and the proof |
//! | [`summary`], [`cost`] | samples to counts, quantiles with intervals, yield, price |
//! | [`record`] | a run in its versioned wire form |
//! | [`packed`], [`digest`] | a run's samples in few bytes, and what judging needs beside them |
//! | [`history`] | a series of runs judged: level, changes, causes |
//! | [`judging`] | after a run: its series judged, the findings stored and published |
//! | [`compare`], [`stopping`] | two sides compared, and when enough is measured for it |
//! | [`unstored`] | a run that could not be stored, to be stored later |
//! | [`imported`] | cold starts that something else measured |
//! | [`publish`] | a record as metrics |
//! | [`lambda_report`], [`shift_stats`] | crates of their own: log text to platform reports; quantiles, intervals, rank tests, change points |
//! | [`aws`] | the one path to the outside |
//! | [`show`] | records to text, JSON and HTML |

pub mod suite;
pub mod pace;
pub mod target;
pub mod plan;
pub mod tick;
pub mod input;
pub mod discovery;
pub mod handover;
pub mod run;
pub mod side_by_side;
pub mod session;
pub mod preflight;
pub mod estimate;
pub mod lease;
pub mod change;
pub mod settle;
pub mod restore;
pub mod burst;
pub mod hold;
pub mod sample;
pub mod summary;
pub mod cost;
pub mod record;
pub mod packed;
pub mod digest;
pub mod history;
pub mod judging;
pub mod compare;
pub mod stopping;
pub mod unstored;
pub mod imported;
pub mod publish;
pub mod aws;
pub mod show;
