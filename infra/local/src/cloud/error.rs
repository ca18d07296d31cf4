//! Why the stand-in did not start.

use std::io;
use std::path::PathBuf;

use crate::base::stored::StoreError;
use crate::services::dynamodb::DynamoDbError;
use crate::wire::tls::TlsError;

/// Why the stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, most likely.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Another stand-in uses the same folder.
    #[error("another local cloud uses `{}`", .path.display())]
    StateInUse {
        /// The folder.
        path: PathBuf,
        /// Where that other one answers, if it serves others. Absent also in the moment before it does.
        endpoint: Option<String>,
    },
    /// The folder cannot be used.
    #[error("state folder `{}`: {source}", .path.display())]
    State {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder did not come from this program, or others can write to it. What is in it would be run.
    #[error("state folder `{}` is not used, because what is in it would be run: {reason}; choose another folder, or delete it", .path.display())]
    Untrusted {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no certificate to answer in TLS with.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Something in the folder cannot be used.
    #[error(transparent)]
    Kept(#[from] StoreError),
    /// The tables cannot be used.
    #[error(transparent)]
    DynamoDb(#[from] DynamoDbError),
    /// The process that ends what a killed stand-in leaves behind.
    #[error("the guard process did not start: {0}")]
    Guard(#[source] io::Error),
}
