//! One file a command: its arguments, and what it does with the library. Commands never import commands.

pub mod run;
pub mod check;
pub mod plan;
pub mod history;
pub mod report;
pub mod export;
pub mod changes;
pub mod compare;
pub mod import;
pub mod restore;
pub mod parse;
pub mod local;
pub mod score;
