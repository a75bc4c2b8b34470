//! Why the server did not start.

use std::{io, net::SocketAddr, path::PathBuf};

use thiserror::Error;

use crate::{
    cluster::ConnectError, config::AccessError, descriptors::TooFewDescriptors,
    front_door::TlsError, secret::SecretError, secret_file::SecretFileError, session::KeysError,
};

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The cluster that was asked for can't be used.
    #[error("{}\n{}", .0, .0.hint())]
    Cluster(#[from] ConnectError),
    /// Settings do not go together.
    #[error("{0}.")]
    Access(#[from] AccessError),
    /// The file with the proxy's secret holds something else.
    #[error("can't use the proxy's secret in {path}: {source}")]
    ProxySecret {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SecretError,
    },
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}. Choose another port with --listen.")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// TLS can't be served.
    #[error("can't serve https: {0}")]
    Tls(#[from] TlsError),
    /// The certificates that vouch for the provider can't be used.
    #[error("can't use the certificates in {path}: {why}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Audit events can't be written.
    #[error("can't write audit events: {0}")]
    Audit(io::Error),
    /// The process may not have enough file descriptors.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// A file with a secret can't be read, or by too many.
    #[error("can't use {path}: {source}")]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SecretFileError,
    },
    /// The file with the ticket keys holds something else.
    #[error("can't use the ticket keys in {path}: {source}")]
    TicketKeys {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeysError,
    },
    /// The file with the key for scripts holds something else.
    #[error("can't use the key for scripts in {path}: {source}")]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SecretError,
    },
    /// The built-in demo can't be started.
    #[cfg(feature = "demo")]
    #[error("can't start the demo: {0}")]
    Demo(fake_cluster::StartError),
}
