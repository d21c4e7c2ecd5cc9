//! Parts of a request that only a forwarding proxy gets.

use std::fmt;

/// Parts of a request for a proxy that forwards it.
pub(in crate::transport) struct Forwarding {
    /// Origin that stands before the path (RFC 9112 §3.2.2).
    pub(in crate::transport) origin: String,
    /// Header line with the credentials. Empty: no credentials.
    pub(in crate::transport) credentials: String,
}

/// Form without the credentials.
impl fmt::Debug for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forwarding({})", self.origin)
    }
}
