//! Finding a connection for a request: a kept one, or a new one.

pub(in crate::transport) mod dial;
pub(in crate::transport) mod proxy;
pub(in crate::transport) mod resolver;

use std::borrow::Cow;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use self::dial::Undialled;
use self::proxy::{Route, Stage, Unproxied, Why};
use self::resolver::{Unresolved, without_zone};
use super::Call;
use super::classify::Trouble;
use super::connection::Connection;
use super::connection::line::Line;
use super::connection::wire::{Limits, Wire};
use super::conversation::Conversation;
use super::meter::Meter;
use super::sockets::Sockets;
use super::target::Target;
use crate::settings::proxy::{ProxyKind, ProxyServer};
use crate::timing::Phase;

impl Sockets {
    /// Finds a connection to the target: a kept one, or a new one. It is published for cancelling.
    pub(in crate::transport) fn connect(
        &self,
        conversation: &mut Conversation<'_>,
        started: Instant,
    ) -> Result<(), Trouble> {
        let Conversation {
            call,
            target,
            route,
            meter,
            ..
        } = conversation;
        let (call, target, route) = (*call, *target, *route);
        if call.cancel.is_cancelled() {
            return Err(Trouble::Cancelled);
        }
        if route.proxy().is_some() {
            self.resolver.check_literal(target.bare_name())?;
        }
        let key = route.key(target);
        if !call.fresh
            && let Some(connection) = self.pool.borrow(&key, started)
        {
            call.cancel
                .publish(connection.socket())
                .map_err(|_| Trouble::Cancelled)?;
            meter.trace.reused = true;
            conversation.connection = Some(connection);
            return Ok(());
        }
        let limits = Limits::connect(started, call.connect, call.until);
        let opened = match route.proxy() {
            None => self.open(call, target, key, limits, meter),
            Some(proxy) => self.open_through(call, target, (route, proxy), key, limits, meter),
        }?;
        conversation.connection = Some(opened);
        Ok(())
    }

    /// A new connection to the target.
    #[inline(never)]
    fn open(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        key: Cow<'_, str>,
        limits: Limits,
        meter: &mut Meter,
    ) -> Result<Box<Connection>, Trouble> {
        let (name, port) = (target.name_in_zone(), target.port);
        let addresses = self.resolver.resolve(name, port, &limits, call.cancel)?;
        meter.enter(Phase::Connect, Instant::now());
        let (socket, remote) = self.dial(&addresses, &limits, call)?;
        meter.trace.remote = Some(remote);
        let line = Line::new(wire(socket, limits, call));
        self.finish(target, key, line, remote, meter)
    }

    /// A new connection to the proxy, and through it to the target.
    #[inline(never)]
    fn open_through(
        &self,
        call: &Call<'_>,
        target: &Target<'_>,
        (route, proxy): (Route<'_>, &ProxyServer),
        key: Cow<'_, str>,
        limits: Limits,
        meter: &mut Meter,
    ) -> Result<Box<Connection>, Trouble> {
        let at = |stage, why| {
            Trouble::Proxy(Unproxied {
                proxy: proxy.to_string(),
                stage,
                why,
            })
        };
        let addresses = self
            .resolver
            .resolve_exempt(&proxy.name, proxy.port, &limits, call.cancel)
            .map_err(|unresolved| match unresolved {
                Unresolved::Failed(error) => at(Stage::Resolve, Why::Unresolved(error)),
                Unresolved::TimedOut(broken) => at(Stage::Resolve, Why::Broken(broken)),
                other => Trouble::Resolve(other),
            })?;
        meter.enter(Phase::Connect, Instant::now());
        let dialled = self.dial(&addresses, &limits, call);
        let (socket, remote) = dialled.map_err(|undialled| match undialled {
            // This side's trouble, not the proxy's.
            shortage if shortage.is_shortage() => Trouble::Dial(shortage),
            Undialled::Broken(broken) => at(Stage::Connect, Why::Broken(broken)),
            cancelled => Trouble::Dial(cancelled),
        })?;
        meter.trace.remote = Some(remote);
        let mut line = Line::new(wire(socket, limits, call));
        if proxy.kind == ProxyKind::Https {
            let session = self
                .tls
                .handshake(without_zone(&proxy.name), &mut line.wire)
                .map_err(|broken| at(Stage::Tls, Why::Broken(broken)))?;
            line.outer = Some(Box::new(session));
        }
        if let Route::Tunnelled(_) = route {
            proxy::tunnel(proxy, target, &mut line).map_err(|why| at(Stage::Ask, why))?;
        }
        self.finish(target, key, line, remote, meter)
    }

    /// Shakes hands with the target where it speaks TLS.
    fn finish(
        &self,
        target: &Target<'_>,
        key: Cow<'_, str>,
        mut line: Line,
        remote: SocketAddr,
        meter: &mut Meter,
    ) -> Result<Box<Connection>, Trouble> {
        let session = if target.tls {
            meter.enter(Phase::Tls, Instant::now());
            Some(self.tls.handshake(target.bare_name(), &mut line)?)
        } else {
            None
        };
        Ok(Box::new(Connection::new(line, session, key.into(), remote)))
    }

    fn dial(
        &self,
        addresses: &[SocketAddr],
        limits: &Limits,
        call: &Call<'_>,
    ) -> Result<(Arc<TcpStream>, SocketAddr), Undialled> {
        self.making_room(Undialled::is_shortage, || {
            dial::dial(addresses, &self.dialling, limits, call.cancel)
        })
    }
}

/// A wire that tells of its waits already while the connection is made.
fn wire(socket: Arc<TcpStream>, limits: Limits, call: &Call<'_>) -> Wire {
    let mut wire = Wire::new(socket, limits);
    wire.watch = call.watch().cloned();
    wire
}
