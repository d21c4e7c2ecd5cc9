//! Opening of a TCP connection to one of a host's addresses.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;

use crate::settings::{IpFamily, KeepAlive};
use crate::transport::cancel::{CancelSlot, Cancelled};
use crate::transport::connection::platform;
use crate::transport::connection::wire::{Limits, WireError};

#[cfg(unix)]
mod eyeballs;
#[cfg(unix)]
use self::eyeballs as attempts;

// Compiled for tests too, so that it is tested on systems that do not use it.
#[cfg(any(not(unix), test))]
mod sequence;
#[cfg(not(unix))]
use self::sequence as attempts;

/// Settings for opening a connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dialling {
    /// Local address of the connection. `None`: the system chooses.
    pub(crate) local: Option<IpAddr>,
    pub(crate) keep_alive: KeepAlive,
}

impl Dialling {
    /// Checks that connections can be opened with these settings.
    pub(crate) fn check(&self) -> io::Result<()> {
        self.local.map_or(Ok(()), platform::check_local)
    }
}

/// Returns the address of a network interface that connections may come from: the first one of the family, or of IPv4 if
/// the family is any.
pub(crate) fn address_of_interface(name: &str, family: IpFamily) -> io::Result<IpAddr> {
    let missing = |e: io::Error| match e.raw_os_error() {
        Some(_) => io::Error::new(e.kind(), format!("this machine has no such interface: {e}")),
        None => e,
    };
    let addresses = platform::interface_addresses(name).map_err(missing)?;
    let serves = |address: &&IpAddr| match address {
        IpAddr::V6(address) => !address.is_unicast_link_local(),
        IpAddr::V4(_) => true,
    };
    let mut fitting = addresses.iter().filter(serves).filter(|a| family.has(**a));
    let first = fitting.clone().find(|address| address.is_ipv4());
    first.or_else(|| fitting.next()).copied().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "the interface has no address of this family",
        )
    })
}

/// Reason why there is no connection.
#[derive(Debug)]
pub(in crate::transport) enum Undialled {
    /// Error of the last address tried, or the limit that passed.
    Broken(WireError),
    Cancelled,
}

impl Undialled {
    /// True if this machine has run out of a resource.
    pub(in crate::transport) fn is_shortage(&self) -> bool {
        matches!(self, Undialled::Broken(WireError::Io(error)) if platform::is_exhausted(error))
    }
}

/// Keeps the failure to be reported if no address answers: the latest one. A shortage on this side takes precedence,
/// since the address that it kept from being tried may be the one that answers.
fn keep(failed: &mut Option<io::Error>, error: io::Error) {
    if !failed.as_ref().is_some_and(platform::is_exhausted) {
        *failed = Some(error);
    }
}

impl From<Cancelled> for Undialled {
    fn from(_: Cancelled) -> Self {
        Undialled::Cancelled
    }
}

impl From<io::Error> for Undialled {
    fn from(error: io::Error) -> Self {
        Undialled::Broken(WireError::Io(error))
    }
}

impl From<WireError> for Undialled {
    fn from(broken: WireError) -> Self {
        Undialled::Broken(broken)
    }
}

/// Connects to the first of these addresses that answers. The socket is published in `cancel` before it connects, and
/// stays published.
pub(in crate::transport) fn dial(
    addresses: &[SocketAddr],
    dialling: &Dialling,
    limits: &Limits,
    cancel: &CancelSlot,
) -> Result<(Arc<TcpStream>, SocketAddr), Undialled> {
    let (socket, address) = attempts::open(addresses, dialling.local, limits, cancel)?;
    cancel.publish(&socket)?;
    socket.set_nonblocking(false)?;
    socket.set_nodelay(true)?;
    platform::keep_alive(&socket, dialling.keep_alive)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests;
