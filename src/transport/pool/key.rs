//! Places that idle connections lead to.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::host::Host;
use crate::settings::proxy::ProxyServer;

/// Place that a connection leads to: requests for one place can share its connections.
///
/// All connections of a pool belong to one client, and so to one TLS identity. A key that is only looked up borrows its
/// parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transport) enum PoolKey<'a> {
    /// The server itself.
    Server(Cow<'a, Host>),
    /// A proxy that requests are forwarded to, whatever their server is.
    Proxy(Cow<'a, Arc<ProxyServer>>),
    /// The server, through a tunnel that the proxy has made.
    Tunnel(Cow<'a, Arc<ProxyServer>>, Cow<'a, Host>),
}

impl PoolKey<'_> {
    /// Returns the key with owned parts, for a connection to keep.
    pub(in crate::transport) fn into_owned(self) -> PoolKey<'static> {
        match self {
            PoolKey::Server(host) => PoolKey::Server(Cow::Owned(host.into_owned())),
            PoolKey::Proxy(proxy) => PoolKey::Proxy(Cow::Owned(proxy.into_owned())),
            PoolKey::Tunnel(proxy, host) => PoolKey::Tunnel(
                Cow::Owned(proxy.into_owned()),
                Cow::Owned(host.into_owned()),
            ),
        }
    }

    /// Returns a hash that only spreads keys over shards. Inside a shard an unpredictable hash is used.
    pub(super) fn spread(&self) -> usize {
        // Any odd number with many bits set; its product is best in its highest bits.
        const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
        let (name, port) = match self {
            PoolKey::Server(host) | PoolKey::Tunnel(_, host) => (host.name(), host.port()),
            PoolKey::Proxy(proxy) => (&*proxy.name, proxy.port),
        };
        let (words, rest) = name.as_bytes().as_chunks();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        let rest = rest.iter().map(|byte| u64::from(*byte));
        let hash = words.chain(rest).fold(u64::from(port), |hash, word| {
            (hash.rotate_left(23) ^ word).wrapping_mul(MIX)
        });
        (hash >> 40) as usize
    }
}

/// Hashes the parts that tell most places apart, without the kind: each request hashes its key several times.
impl Hash for PoolKey<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            PoolKey::Server(host) => host.hash(state),
            PoolKey::Proxy(proxy) => proxy.hash(state),
            PoolKey::Tunnel(proxy, host) => {
                proxy.hash(state);
                host.hash(state);
            }
        }
    }
}
