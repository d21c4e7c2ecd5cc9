//! By which way a request goes.

use std::borrow::Cow;
use std::fmt;

use super::connect::authorization;
use super::fault::{Stage, Unproxied, Why};
use crate::settings::proxy::{ProxyKind, ProxyServer, ProxySettings};
use crate::transport::Call;
use crate::transport::connection::buffers::Buffers;
use crate::transport::target::Target;
use http::header::PROXY_AUTHORIZATION;

/// By which way a request goes.
#[derive(Clone, Copy)]
pub(in crate::transport) enum Route<'a> {
    Direct,
    /// The proxy gets the request in absolute form, and makes one of its own of it.
    Forwarded(&'a ProxyServer),
    /// The proxy passes bytes on.
    Tunnelled(&'a ProxyServer),
}

impl<'a> Route<'a> {
    pub(in crate::transport) fn of(
        proxies: Option<&'a ProxySettings>,
        target: &Target<'_>,
    ) -> Route<'a> {
        let proxy = proxies.and_then(|p| p.of(target.tls, target.bare_name(), target.port));
        match proxy {
            None => Route::Direct,
            Some(proxy) if target.tls || proxy.kind == ProxyKind::Socks5 => Route::Tunnelled(proxy),
            Some(proxy) => Route::Forwarded(proxy),
        }
    }

    pub(in crate::transport) fn proxy(self) -> Option<&'a ProxyServer> {
        match self {
            Route::Direct => None,
            Route::Forwarded(proxy) | Route::Tunnelled(proxy) => Some(proxy),
        }
    }

    /// What connections of this way are kept under. One to a proxy that requests are forwarded to serves all servers.
    ///
    /// All connections of a pool are of one client, and so of one TLS identity.
    pub(in crate::transport) fn key<'t>(self, target: &Target<'t>) -> Cow<'t, str> {
        match self {
            Route::Direct => target.key(),
            Route::Forwarded(proxy) => format!("{proxy:?}").into(),
            Route::Tunnelled(proxy) => format!("{} {proxy:?}", target.key()).into(),
        }
    }

    /// What a status says of the proxy that forwarded the request: only a proxy answers 407 (RFC 9110 §15.5.8).
    pub(in crate::transport) fn refusal(self, status: u16) -> Option<Unproxied> {
        match self {
            Route::Forwarded(proxy) if status == 407 => Some(Unproxied {
                proxy: proxy.to_string(),
                stage: Stage::Ask,
                why: Why::Refused {
                    permanent: true,
                    how: "answered 407 Proxy Authentication Required".to_owned(),
                },
            }),
            _ => None,
        }
    }

    /// What a request that is forwarded says beside what it says to the server.
    pub(in crate::transport) fn forwarding(
        self,
        target: &Target<'_>,
        call: &Call<'_>,
    ) -> Option<Box<Forwarding>> {
        let Route::Forwarded(proxy) = self else {
            return None;
        };
        let credentials = match &proxy.credentials {
            Some(credentials)
                if !call.headers.contains_key(PROXY_AUTHORIZATION)
                    && !call.without.contains(&PROXY_AUTHORIZATION) =>
            {
                authorization(credentials)
            }
            _ => String::new(),
        };
        let origin = match target.port {
            80 => format!("http://{}", target.sent_name()),
            _ => format!("http://{}", target.sent_place()),
        };
        Some(Box::new(Forwarding {
            origin,
            credentials,
        }))
    }
}

/// What a request says to a proxy that forwards it.
pub(in crate::transport) struct Forwarding {
    /// Stands before the path (RFC 9112 §3.2.2).
    pub(in crate::transport) origin: String,
    /// A header line, or nothing.
    pub(in crate::transport) credentials: String,
}

impl Forwarding {
    /// Puts it into a request head that is about to be sent. ureq writes the path alone into its first line. Gives how
    /// much there is to be sent then.
    pub(in crate::transport) fn put_into(&self, buffers: &mut Buffers, pending: usize) -> usize {
        let head = buffers.first(pending);
        let method = head.iter().position(|&b| b == b' ').map(|at| at + 1);
        let line = head.iter().position(|&b| b == b'\n').map(|at| at + 1);
        let (Some(method), Some(line)) = (method, line) else {
            return pending;
        };
        // The later one first, so that the place of the other holds.
        buffers.insert(line, self.credentials.as_bytes());
        buffers.insert(method, self.origin.as_bytes());
        pending + self.credentials.len() + self.origin.len()
    }
}

impl fmt::Debug for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Forwarding({})", self.origin)
    }
}
