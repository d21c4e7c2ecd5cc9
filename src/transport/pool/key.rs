//! Places that idle connections lead to.

use std::borrow::Cow;
use std::sync::Arc;

use crate::host::Host;
use crate::settings::proxy::ProxyServer;

/// Place that a connection leads to: requests for one place can share its connections.
///
/// All connections of a pool belong to one client, and so to one TLS identity. A key that is only looked up borrows its
/// parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::transport) enum Key<'a> {
    /// The server itself.
    Server(Cow<'a, Host>),
    /// A proxy that requests are forwarded to, whatever their server is.
    Proxy(Cow<'a, Arc<ProxyServer>>),
    /// The server, through a tunnel that the proxy has made.
    Tunnel(Cow<'a, Arc<ProxyServer>>, Cow<'a, Host>),
}

impl Key<'_> {
    /// Returns the key with parts of its own, for a connection to keep.
    pub(in crate::transport) fn into_owned(self) -> Key<'static> {
        match self {
            Key::Server(host) => Key::Server(Cow::Owned(host.into_owned())),
            Key::Proxy(proxy) => Key::Proxy(Cow::Owned(proxy.into_owned())),
            Key::Tunnel(proxy, host) => Key::Tunnel(
                Cow::Owned(proxy.into_owned()),
                Cow::Owned(host.into_owned()),
            ),
        }
    }

    /// Returns a hash that spreads keys over shards, no more: FNV-1a, whose lowest bits are the only good ones for names
    /// that differ at their end. Inside of a shard a hash that nobody can foresee is used.
    pub(super) fn spread(&self) -> usize {
        let (name, port) = match self {
            Key::Server(host) | Key::Tunnel(_, host) => (host.name(), host.port()),
            Key::Proxy(proxy) => (&*proxy.name, proxy.port),
        };
        let bytes = name.bytes().chain(port.to_le_bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        hash as usize
    }
}
