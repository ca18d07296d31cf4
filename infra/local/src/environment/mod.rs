//! Execution environments: what Lambda runs one invocation at a time in.
//!
//! | file | holds |
//! |---|---|
//! | `invocation` | what a runtime is asked, how it ends, and what the caller gets |
//! | `lifecycle` | the life of one environment: init, invocations, init again after a failure |
//! | `pool` | which environment takes which invocation; retiring and ending them |
//! | `process`, `runtime_api`, `output` | a real process, the API it speaks and what it prints |
//! | `family` | which processes belong to an environment |
//! | `runtime` | which interpreter is used for which runtime |
//! | `simulated` | the runtime without processes |
//! | `guard` | ends processes when the stand-in is killed |
//! | `log` | START, END, REPORT, INIT_REPORT as text and JSON |

pub(crate) mod family;
pub(crate) mod guard;
pub(crate) mod invocation;
pub(crate) mod lifecycle;
pub(crate) mod log;

pub(crate) mod output;
pub(crate) mod pool;
pub(crate) mod process;
pub(crate) mod runtime;
pub(crate) mod runtime_api;
pub(crate) mod simulated;
