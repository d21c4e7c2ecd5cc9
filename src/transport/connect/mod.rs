//! Connections for requests: kept or new ones.

pub(in crate::transport) mod dial;
pub(in crate::transport) mod proxy;
pub(in crate::transport) mod resolver;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use self::dial::{Dialling, Undialled};
use self::proxy::{ProxyFaultKind, ProxyRoute, ProxyStep, Unproxied};
use self::resolver::{Resolver, Unresolved};
use super::Call;
use super::cancel::Cancelled;
use super::connection::Connection;
use super::connection::line::ConnectionLine;
use super::connection::tls::Tls;
use super::connection::wire::{Limits, SocketWire, WireError};
use super::meter::PhaseMeter;
use super::pool::ConnectionPool;
use super::target::{Target, without_zone};
use crate::settings::proxy::{ProxyKind, ProxyServer};
use crate::timing::Phase;

/// Reason why a request has no connection.
#[derive(Debug)]
pub(in crate::transport) enum Unconnected {
    Cancelled,
    Resolve(Unresolved),
    Dial(Undialled),
    /// The proxy does not connect to the server.
    Proxy(Unproxied),
    /// The connection broke while it was made.
    Broken(WireError),
}

impl From<Cancelled> for Unconnected {
    fn from(_: Cancelled) -> Self {
        Unconnected::Cancelled
    }
}

impl From<Unresolved> for Unconnected {
    fn from(unresolved: Unresolved) -> Self {
        Unconnected::Resolve(unresolved)
    }
}

impl From<Undialled> for Unconnected {
    fn from(undialled: Undialled) -> Self {
        Unconnected::Dial(undialled)
    }
}

impl From<WireError> for Unconnected {
    fn from(broken: WireError) -> Self {
        Unconnected::Broken(broken)
    }
}

/// Request that needs a connection.
#[derive(Clone, Copy)]
pub(in crate::transport) struct ConnectionRequest<'a> {
    pub(in crate::transport) call: &'a Call<'a>,
    pub(in crate::transport) target: &'a Target<'a>,
    pub(in crate::transport) route: ProxyRoute<'a>,
    /// Time at which the exchange started.
    pub(in crate::transport) started: Instant,
}

impl ConnectionRequest<'_> {
    fn limits(&self) -> Limits {
        Limits::connect(self.started, self.call.connect, self.call.until)
    }
}

/// Finds and opens connections.
pub(in crate::transport) struct Connector {
    pub(in crate::transport) resolver: Resolver,
    pub(in crate::transport) tls: Tls,
    pub(in crate::transport) dialling: Dialling,
    /// Pool of idle connections.
    pub(in crate::transport) pool: ConnectionPool<Connection>,
}

impl Connector {
    /// Finds a connection to the target, a kept one or a new one, and publishes it for cancelling.
    pub(in crate::transport) fn connect(
        &self,
        wanted: ConnectionRequest<'_>,
        meter: &mut PhaseMeter,
    ) -> Result<Box<Connection>, Unconnected> {
        let ConnectionRequest {
            call,
            target,
            route,
            started,
        } = wanted;
        if call.cancel.is_cancelled() {
            return Err(Unconnected::Cancelled);
        }
        if route.proxy().is_some() {
            self.resolver.check_literal(target.bare_name())?;
        }
        if !call.fresh
            && let Some(connection) = self.pool.borrow(&route.key(target), started)
        {
            call.cancel.publish(connection.socket())?;
            meter.trace.reused = true;
            return Ok(connection);
        }
        match route.proxy() {
            None => self.open(wanted, meter),
            Some(proxy) => self.open_through(wanted, proxy, meter),
        }
    }

    /// Opens a new connection to the target.
    #[inline(never)]
    fn open(
        &self,
        wanted: ConnectionRequest<'_>,
        meter: &mut PhaseMeter,
    ) -> Result<Box<Connection>, Unconnected> {
        let (call, target, limits) = (wanted.call, wanted.target, wanted.limits());
        let (name, port) = (target.name_in_zone(), target.port);
        let addresses = self.resolver.resolve(name, port, &limits, call.cancel)?;
        meter.enter(Phase::Connect, Instant::now());
        let (socket, remote) = self.dial(&addresses, &limits, call)?;
        meter.trace.remote = Some(remote);
        let line = ConnectionLine::new(wire(socket, limits, call));
        self.finish(wanted, line, remote, meter)
    }

    /// Opens a new connection to the proxy, and through it to the target.
    #[inline(never)]
    fn open_through(
        &self,
        wanted: ConnectionRequest<'_>,
        proxy: &ProxyServer,
        meter: &mut PhaseMeter,
    ) -> Result<Box<Connection>, Unconnected> {
        let (call, limits) = (wanted.call, wanted.limits());
        let at = |stage, why| {
            Unconnected::Proxy(Unproxied {
                proxy: proxy.to_string(),
                stage,
                why,
            })
        };
        let addresses = self
            .resolver
            .resolve_exempt(&proxy.name, proxy.port, &limits, call.cancel)
            .map_err(|unresolved| match unresolved {
                Unresolved::Failed(error) => {
                    at(ProxyStep::Resolve, ProxyFaultKind::Unresolved(error))
                }
                Unresolved::TimedOut(broken) => {
                    at(ProxyStep::Resolve, ProxyFaultKind::Broken(broken))
                }
                other => Unconnected::Resolve(other),
            })?;
        meter.enter(Phase::Connect, Instant::now());
        let dialled = self.dial(&addresses, &limits, call);
        let (socket, remote) = dialled.map_err(|undialled| match undialled {
            // A shortage is a failure of this machine, not of the proxy.
            shortage if shortage.is_shortage() => Unconnected::Dial(shortage),
            Undialled::Broken(broken) => at(ProxyStep::Connect, ProxyFaultKind::Broken(broken)),
            cancelled => Unconnected::Dial(cancelled),
        })?;
        meter.trace.remote = Some(remote);
        let mut line = ConnectionLine::new(wire(socket, limits, call));
        if proxy.kind == ProxyKind::Https {
            let session = self
                .tls
                .handshake(without_zone(&proxy.name), &mut line.wire)
                .map_err(|broken| at(ProxyStep::Tls, ProxyFaultKind::Broken(broken)))?;
            line.outer = Some(session);
        }
        if let ProxyRoute::Tunnelled(_) = wanted.route {
            proxy::tunnel(proxy, wanted.target, &mut line)
                .map_err(|why| at(ProxyStep::Ask, why))?;
        }
        self.finish(wanted, line, remote, meter)
    }

    /// Makes the TLS handshake with the target if it speaks TLS.
    fn finish(
        &self,
        wanted: ConnectionRequest<'_>,
        mut line: ConnectionLine,
        remote: SocketAddr,
        meter: &mut PhaseMeter,
    ) -> Result<Box<Connection>, Unconnected> {
        let target = wanted.target;
        let session = if target.tls {
            meter.enter(Phase::Tls, Instant::now());
            Some(self.tls.handshake(target.bare_name(), &mut line)?)
        } else {
            None
        };
        let key = wanted.route.key(target).into_owned();
        Ok(Box::new(Connection::new(line, session, key, remote)))
    }

    fn dial(
        &self,
        addresses: &[SocketAddr],
        limits: &Limits,
        call: &Call<'_>,
    ) -> Result<(Arc<TcpStream>, SocketAddr), Undialled> {
        self.pool.making_room(Undialled::is_shortage, || {
            dial::dial(addresses, &self.dialling, limits, call.cancel)
        })
    }
}

/// Returns a wire that records its waits from the making of the connection on.
fn wire(socket: Arc<TcpStream>, limits: Limits, call: &Call<'_>) -> SocketWire {
    let mut wire = SocketWire::new(socket, limits);
    wire.watch = call.watch().cloned();
    wire
}
