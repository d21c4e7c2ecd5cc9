//! Failures of a proxy.

use std::io;
use std::sync::Arc;

use crate::transport::connection::wire::WireError;

/// Failure of a proxy to connect to the server.
#[derive(Debug)]
pub(in crate::transport) struct Unproxied {
    /// Name and port of the proxy.
    pub(in crate::transport) proxy: String,
    pub(in crate::transport) stage: ProxyStep,
    pub(in crate::transport) why: ProxyFaultKind,
}

/// Step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum ProxyStep {
    Resolve,
    Connect,
    Tls,
    /// The request to the proxy to connect to the server.
    Ask,
}

#[derive(Debug)]
pub(in crate::transport) enum ProxyFaultKind {
    /// The proxy's name has no address.
    Unresolved(Arc<io::Error>),
    Broken(WireError),
    /// The proxy refused. `how` continues a sentence that begins with the proxy's name.
    Refused {
        permanent: bool,
        how: String,
    },
}

impl Unproxied {
    /// True if the next attempt will fail the same way.
    pub(in crate::transport) fn is_permanent(&self) -> bool {
        match &self.why {
            ProxyFaultKind::Unresolved(_) => false,
            ProxyFaultKind::Broken(WireError::Tls { permanent, .. })
            | ProxyFaultKind::Refused { permanent, .. } => *permanent,
            ProxyFaultKind::Broken(_) => false,
        }
    }
}
