//! Parts of a request that only a proxy which forwards it gets to see.

use std::fmt;

/// Parts of a request for a proxy that forwards it.
pub(in crate::transport) struct Forwarding {
    /// Stands before the path (RFC 9112 §3.2.2).
    pub(in crate::transport) origin: String,
    /// A header line, or nothing.
    pub(in crate::transport) credentials: String,
}

/// Without the credentials.
impl fmt::Debug for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forwarding({})", self.origin)
    }
}
