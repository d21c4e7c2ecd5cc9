//! The way through a proxy: to it, and from it to the server.

mod connect;
mod fault;
mod route;
#[cfg(feature = "socks")]
mod socks;

pub(in crate::transport) use self::fault::{ProxyFaultKind, ProxyStep, Unproxied};
pub(in crate::transport) use self::route::ProxyRoute;

use crate::settings::proxy::{ProxyKind, ProxyServer};
use crate::transport::connection::line::ConnectionLine;
use crate::transport::connection::wire::WireError;
use crate::transport::target::Target;

/// Makes the proxy at the other end of the line connect to the target.
pub(in crate::transport) fn tunnel(
    proxy: &ProxyServer,
    target: &Target<'_>,
    line: &mut ConnectionLine,
) -> Result<(), ProxyFaultKind> {
    match proxy.kind {
        ProxyKind::Http | ProxyKind::Https => connect::ask(proxy, target, line),
        #[cfg(feature = "socks")]
        ProxyKind::Socks5 => socks::ask(proxy, target, line),
        #[cfg(not(feature = "socks"))]
        ProxyKind::Socks5 => Err(ProxyFaultKind::Refused {
            permanent: true,
            how: "speaks SOCKS5, which needs the feature `socks`".to_owned(),
        }),
    }
}

impl From<WireError> for ProxyFaultKind {
    fn from(broken: WireError) -> ProxyFaultKind {
        ProxyFaultKind::Broken(broken)
    }
}
