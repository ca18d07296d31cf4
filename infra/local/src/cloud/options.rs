//! How the stand-in behaves.

use std::path::PathBuf;
use std::time::Duration;

use crate::base::keys::AccessKey;
use crate::fault::Fault;

/// Options of [`LocalCloud::start`](crate::LocalCloud::start). The defaults are quick: what AWS takes a second for takes
/// a moment here.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Options {
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Folder that keeps functions, code and tables. Without it they are lost when the local cloud ends.
    pub state: Option<PathBuf>,
    /// How long a create or an update of a function is in progress. AWS takes about 1.5 s.
    pub settle: Duration,
    /// Added to each `Invoke`, half before and half after.
    pub network: Duration,
    /// Whether control calls are held to AWS's quota: `GetFunction` 100 a second, all others together 15.
    pub quotas: bool,
    /// `ConcurrentExecutions` of the account.
    pub concurrency: u32,
    /// Longest init phase; AWS gives 10 s.
    pub init_limit: Duration,
    /// Execution environments end when they were not used for this long.
    pub idle_limit: Duration,
    /// Whether an execution environment that becomes free may take an invocation for which another one is
    /// being initialised, as on AWS.
    pub eager_assignment: bool,
    /// Whether it is there for others too: it then delivers schedules, and leaves its address in the state folder
    /// ([`StartError::StateInUse`](crate::StartError::StateInUse) contains it).
    pub serves_others: bool,
    /// Whether it speaks TLS too, with HTTP/2 as AWS does: 128 requests at once on a connection.
    pub tls: bool,
    /// Access keys that requests may be signed with, besides the folder's own and the functions'.
    pub keys: Vec<AccessKey>,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            port: 0,
            state: None,
            settle: Duration::from_millis(20),
            network: Duration::ZERO,
            quotas: false,
            concurrency: 1000,
            init_limit: Duration::from_secs(10),
            idle_limit: Duration::from_mins(5),
            eager_assignment: true,
            serves_others: true,
            tls: false,
            keys: Vec::new(),
            faults: Vec::new(),
        }
    }
}
