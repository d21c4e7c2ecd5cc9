//! Resolver of names to addresses: cached, one lookup at a time for each name, on threads of its own.
//!
//! A call of the system's resolver blocks for an unbounded time. So lookups run on threads of the resolver. A worker
//! waits for the answer no longer than its limit, and stops waiting when its attempt is cancelled.

mod addressing;
mod cache;
mod lookup;
mod lookups;

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use self::addressing::Addressing;
use self::cache::Cached;
use self::lookups::Lookups;
use crate::transport::cancel::{CancelSlot, Cancelled};
use crate::transport::connection::platform;
use crate::transport::connection::wire::{Limits, WireError};
use crate::transport::target::without_zone;

/// Function that asks the system for the addresses of a name.
pub(in crate::transport) type LookUp = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

/// Lifetime of answers, and bounds for the cache, the queue and the threads.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct ResolverSettings {
    pub(in crate::transport) keep: Duration,
    pub(in crate::transport) keep_failure: Duration,
    pub(in crate::transport) names: usize,
    pub(in crate::transport) threads: usize,
    /// Upper bound for the lookups that wait for a thread.
    pub(in crate::transport) queue: usize,
    /// Time for which a thread stays without a lookup.
    pub(in crate::transport) linger: Duration,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        ResolverSettings {
            keep: Duration::from_secs(30),
            keep_failure: Duration::from_secs(1),
            names: 4096,
            threads: 64,
            queue: 16 * 1024,
            linger: Duration::from_secs(5),
        }
    }
}

pub(in crate::transport) struct Resolver {
    lookups: Arc<Lookups>,
    addressing: Addressing,
}

/// Reason why there are no addresses.
#[derive(Debug)]
pub(in crate::transport) enum Unresolved {
    /// The name has no address, or no server that knows its addresses can be reached.
    Failed(Arc<io::Error>),
    /// The lookup could not be made: this machine is short of threads or descriptors.
    Unasked(Arc<io::Error>),
    /// The name has addresses, and the policy allows none of them.
    Denied {
        name: String,
        address: IpAddr,
    },
    TimedOut(WireError),
    Cancelled,
}

impl From<Arc<io::Error>> for Unresolved {
    fn from(error: Arc<io::Error>) -> Self {
        match platform::is_out_of_files(&error) {
            true => Unresolved::Unasked(error),
            false => Unresolved::Failed(error),
        }
    }
}

impl From<Cancelled> for Unresolved {
    fn from(_: Cancelled) -> Self {
        Unresolved::Cancelled
    }
}

impl Resolver {
    pub(in crate::transport) fn new(
        settings: ResolverSettings,
        addressing: Addressing,
    ) -> Resolver {
        Resolver {
            addressing,
            ..Resolver::asking(settings, Arc::new(ask_system))
        }
    }

    /// Creates a resolver that looks names up through `look_up`.
    pub(in crate::transport) fn asking(
        settings: ResolverSettings,
        look_up: Arc<LookUp>,
    ) -> Resolver {
        Resolver {
            lookups: Arc::new(Lookups::new(settings, look_up)),
            addressing: Addressing::default(),
        }
    }

    #[cfg(test)]
    pub(in crate::transport) fn with(self, addressing: Addressing) -> Resolver {
        Resolver { addressing, ..self }
    }

    /// Returns the addresses of a host, in the order in which to try them. A literal address is its own answer; it may
    /// have a zone: `fe80::1%eth0`.
    ///
    /// Every address that is ever dialled comes from this function, and has passed the policy just before.
    pub(in crate::transport) fn resolve(
        &self,
        name: &str,
        port: u16,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        let mut addresses = self.resolve_exempt(name, port, limits, cancel)?;
        self.addressing.permit(without_zone(name), &mut addresses)?;
        Ok(addresses)
    }

    /// Returns the addresses of a proxy, which the policy does not apply to.
    pub(in crate::transport) fn resolve_exempt(
        &self,
        name: &str,
        port: u16,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<Vec<SocketAddr>, Unresolved> {
        let (name, zone) = match name.split_once('%') {
            Some((address, zone)) => (address, Some(zone)),
            None => (name, None),
        };
        let addresses = match self.addressing.given(name, port) {
            Some(addresses) => addresses,
            None => match name.parse::<IpAddr>() {
                Ok(literal) => vec![literal],
                Err(_) => self.look_up(name, limits, cancel)?,
            },
        };
        let mut addresses: Vec<SocketAddr> = addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect();
        if let Some(zone) = zone {
            let index = index_of(zone).map_err(|e| Unresolved::Failed(Arc::new(e)))?;
            for address in &mut addresses {
                if let SocketAddr::V6(address) = address {
                    address.set_scope_id(index);
                }
            }
        }
        self.addressing.narrow(&mut addresses)?;
        Ok(addresses)
    }

    /// Checks a host against the policy if its name is an address, in any spelling. For a host that a proxy connects
    /// to, no more can be checked.
    pub(in crate::transport) fn check_literal(&self, name: &str) -> Result<(), Unresolved> {
        self.addressing.check_literal(name)
    }

    fn look_up(
        &self,
        name: &str,
        limits: &Limits,
        cancel: &CancelSlot,
    ) -> Result<Vec<IpAddr>, Unresolved> {
        let began = Instant::now();
        match self.lookups.find(name, began)? {
            Cached::Addresses(addresses, turn) => Ok(in_turn(&addresses, turn)),
            Cached::Failed(error) => Err(error.into()),
            Cached::Asking(lookup) => {
                let (addresses, turn) = lookup.wait(began, limits, cancel)?;
                Ok(in_turn(&addresses, turn))
            }
        }
    }
}

/// Returns the number of the network interface that a zone names; a zone that is a number is that number.
fn index_of(zone: &str) -> io::Result<u32> {
    if let Ok(index) = zone.parse() {
        return Ok(index);
    }
    platform::interface_index(zone).map_err(|e| {
        let text = format!("this machine has no network interface {zone:?}: {e}");
        io::Error::new(io::ErrorKind::NotFound, text)
    })
}

fn ask_system(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0)
        .to_socket_addrs()?
        .map(|address| address.ip())
        .collect())
}

/// Returns the addresses in the order in which to try them: families alternate, beginning with the system's first
/// choice (RFC 8305 §4), and within a family each new connection begins with the next address, so that all addresses
/// get their share.
fn in_turn(addresses: &[IpAddr], turn: usize) -> Vec<IpAddr> {
    let Some(first) = addresses.first() else {
        return Vec::new();
    };
    let family = |preferred: bool| {
        let mut family: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|a| (a.is_ipv4() == first.is_ipv4()) == preferred)
            .collect();
        if !family.is_empty() {
            let by = turn % family.len();
            family.rotate_left(by);
        }
        family
    };
    let (preferred, others) = (family(true), family(false));
    let mut order = Vec::with_capacity(addresses.len());
    for i in 0..preferred.len().max(others.len()) {
        order.extend(preferred.get(i));
        order.extend(others.get(i));
    }
    order
}

#[cfg(test)]
mod tests;
