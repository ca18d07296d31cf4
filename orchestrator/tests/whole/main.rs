//! The program as a whole. One test binary: each would link the AWS SDK anew.

mod signing;
mod stage;
#[cfg(target_os = "linux")]
mod delivery;
mod run;
mod cli;
#[cfg(target_os = "linux")]
mod scheduled;
mod compare;
mod invariants;
mod faults;
mod limits;
mod locks;
mod exports;
#[cfg(target_os = "linux")]
mod kill;
#[cfg(target_os = "linux")]
mod asleep;
#[cfg(target_os = "linux")]
mod streams;
#[cfg(target_os = "linux")]
mod restore;
#[cfg(target_os = "linux")]
mod handover;
#[cfg(target_os = "linux")]
mod chain;
#[cfg(target_os = "linux")]
mod input;
mod constants;
#[cfg(target_os = "linux")]
mod secrets;
mod fixtures;
mod digests;
mod judging;
mod unstored;
mod hostile;
mod import;
mod columns;
mod observed;
#[cfg(target_os = "linux")]
mod documented;
mod plan;
mod kinds;
mod neighbours;
mod causes;
mod operating_short;
#[path = "../operating/mod.rs"]
mod operating;
#[path = "../histories/mod.rs"]
mod histories;
#[path = "../histories/scenes.rs"]
mod scenes;
mod report;
mod template;
mod damaged;
mod dashboard;
mod deployment;
#[cfg(target_os = "linux")]
mod privilege;
mod deployed;
