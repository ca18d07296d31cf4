//! Measures AWS Lambda cold starts on a schedule, proves each one, and keeps the history.
//!
//! The rooms, from the ground up. Each may use those above it in this table; a test checks that
//! (`infra/module-graph/tests/rooms.rs`), and `docs/architecture.md` has the picture.
//!
//! | room | holds |
//! |---|---|
//! | [`lambda_report`], [`shift_stats`] | crates of their own: platform reports out of logs; tests, intervals, changes of level |
//! | [`units`], [`arn`], [`figures`] | durations and times as stored; names of functions; figures as shown |
//! | [`suite`] | what is asked for, validated |
//! | [`function`] | a function as it is, how it is changed, and what is remembered of it |
//! | [`evidence`] | from a reply to a proof |
//! | [`history`] | a series of runs judged: levels, changes, causes, platform events |
//! | [`record`] | everything stored or sent, versioned |
//! | [`compare`] | two sides compared, and when enough is measured for it |
//! | [`aws`] | the one path to the outside |
//! | [`schedule`] | what starts a scheduled run, what is handed on |
//! | [`measure`] | **the pipeline** |
//! | [`show`] | records to text, JSON, HTML and other tools' formats |

pub mod units;
pub mod arn;
pub mod figures;
pub mod suite;
pub mod function;
pub mod evidence;
pub mod history;
pub mod record;
pub mod compare;
pub mod aws;
pub mod schedule;
pub mod measure;
pub mod show;
