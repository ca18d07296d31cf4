//! The program as a whole. One test binary: each would link the AWS SDK anew.

mod stage;
mod run;
mod cli;
mod invariants;
