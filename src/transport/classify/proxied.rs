//! Messages about a proxy that fails.

use super::{Classification, FailureContext, how_it_broke};
use crate::error::ErrorType;
use crate::transport::connect::proxy::{ProxyFaultKind, ProxyStep, Unproxied};
use crate::transport::connection::wire::WireError;

impl FailureContext<'_> {
    pub(super) fn proxy(&self, unproxied: Unproxied) -> Classification {
        let permanent = unproxied.is_permanent();
        let Unproxied { proxy, stage, why } = unproxied;
        let doing = match stage {
            ProxyStep::Resolve => "resolve proxy",
            ProxyStep::Connect => "connect to proxy",
            ProxyStep::Tls => "TLS handshake with proxy",
            ProxyStep::Ask => "proxy",
        };
        let new = |message| Classification::new(ErrorType::Proxy, message);
        let verdict = match why {
            ProxyFaultKind::Refused { how, .. } => new(format!("proxy {proxy} {how}")),
            ProxyFaultKind::Unresolved(error) => {
                new(format!("{doing} {proxy}: {error}")).because(error)
            }
            ProxyFaultKind::Broken(WireError::TimedOut(limit)) => {
                let time = self.time(limit);
                new(match stage {
                    ProxyStep::Ask => format!("proxy {proxy} did not answer within {time}"),
                    _ => format!("{doing} {proxy} took longer than {time}"),
                })
            }
            ProxyFaultKind::Broken(WireError::Tls { source, .. }) => {
                new(format!("{doing} {proxy}: {source}")).because(source)
            }
            ProxyFaultKind::Broken(WireError::Io(error)) => {
                let how = how_it_broke(&error);
                new(match stage {
                    ProxyStep::Ask => {
                        format!("the connection to proxy {proxy} was {how} before an answer came")
                    }
                    ProxyStep::Tls => format!("{doing} {proxy}: the connection was {how}"),
                    _ => format!("{doing} {proxy}: {error}"),
                })
                .because(error)
            }
        };
        match permanent {
            true => verdict.permanent(),
            false => verdict,
        }
    }
}
