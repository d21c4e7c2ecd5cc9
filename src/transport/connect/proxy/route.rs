//! Route of a request: direct or through a proxy.

use std::borrow::Cow;
use std::sync::Arc;

use super::connect::authorization;
use super::fault::{ProxyFaultKind, ProxyStep, Unproxied};
use crate::settings::proxy::{ProxyKind, ProxyServer, ProxySettings};
use crate::transport::Call;
use crate::transport::http1::forwarding::Forwarding;
use crate::transport::pool::PoolKey;
use crate::transport::target::Target;
use http::header::PROXY_AUTHORIZATION;

/// Route of a request.
#[derive(Clone, Copy)]
pub(in crate::transport) enum ProxyRoute<'a> {
    Direct,
    /// The proxy gets the request in absolute form, and makes a request of its own from it.
    Forwarded(&'a Arc<ProxyServer>),
    /// The proxy passes bytes on, through a tunnel.
    Tunnelled(&'a Arc<ProxyServer>),
}

impl<'a> ProxyRoute<'a> {
    pub(in crate::transport) fn of(
        proxies: Option<&'a ProxySettings>,
        target: &Target<'_>,
    ) -> ProxyRoute<'a> {
        let proxy = proxies.and_then(|p| p.of(target.tls, target.bare_name(), target.port));
        match proxy {
            None => ProxyRoute::Direct,
            Some(proxy) if target.tls || proxy.kind == ProxyKind::Socks5 => {
                ProxyRoute::Tunnelled(proxy)
            }
            Some(proxy) => ProxyRoute::Forwarded(proxy),
        }
    }

    pub(in crate::transport) fn proxy(self) -> Option<&'a ProxyServer> {
        match self {
            ProxyRoute::Direct => None,
            ProxyRoute::Forwarded(proxy) | ProxyRoute::Tunnelled(proxy) => Some(proxy),
        }
    }

    /// Returns the place that connections of this route lead to.
    pub(in crate::transport) fn key<'t>(self, target: &'t Target<'_>) -> PoolKey<'t>
    where
        'a: 't,
    {
        let host = Cow::Borrowed(&*target.host);
        match self {
            ProxyRoute::Direct => PoolKey::Server(host),
            ProxyRoute::Forwarded(proxy) => PoolKey::Proxy(Cow::Borrowed(proxy)),
            ProxyRoute::Tunnelled(proxy) => PoolKey::Tunnel(Cow::Borrowed(proxy), host),
        }
    }

    /// Returns the failure of a forwarding proxy that a status shows: only a proxy answers 407 (RFC 9110 §15.5.8).
    /// `None`: the status shows no such failure.
    pub(in crate::transport) fn refusal(self, status: u16) -> Option<Unproxied> {
        match self {
            ProxyRoute::Forwarded(proxy) if status == 407 => Some(Unproxied {
                proxy: proxy.to_string(),
                stage: ProxyStep::Ask,
                why: ProxyFaultKind::Refused {
                    permanent: true,
                    how: "answered 407 Proxy Authentication Required".to_owned(),
                },
            }),
            _ => None,
        }
    }

    /// Returns the parts that only a forwarded request has. `None`: the request is not forwarded.
    pub(in crate::transport) fn forwarding(
        self,
        target: &Target<'_>,
        call: &Call<'_>,
    ) -> Option<Box<Forwarding>> {
        let ProxyRoute::Forwarded(proxy) = self else {
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
