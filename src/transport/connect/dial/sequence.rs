//! Connecting to the addresses in sequence, each with its share of the time: for systems where a wait for connecting
//! cannot be combined with other waits.

#![cfg_attr(unix, allow(dead_code))]

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Undialled, keep};
use crate::transport::cancel::{CancelSlot, Cancelled};
use crate::transport::connection::wire::Limits;

/// Longest try, in the absence of another limit.
const LONGEST: Duration = Duration::from_secs(60);

pub(super) fn open(
    addresses: &[SocketAddr],
    // A local address is refused when the client is built: the standard library cannot choose it.
    _: Option<IpAddr>,
    limits: &Limits,
    cancel: &CancelSlot,
) -> Result<(Arc<TcpStream>, SocketAddr), Undialled> {
    let began = Instant::now();
    let mut failed = None;
    for (i, &address) in addresses.iter().enumerate() {
        if cancel.is_cancelled() {
            return Err(Cancelled.into());
        }
        let left = limits.left(began, Instant::now())?.unwrap_or(LONGEST);
        let to_come = u32::try_from(addresses.len() - i).unwrap_or(u32::MAX);
        let share = (left / to_come).max(Duration::from_millis(1));
        match TcpStream::connect_timeout(&address, share) {
            Ok(socket) => return Ok((Arc::new(socket), address)),
            Err(error) => keep(&mut failed, error),
        }
    }
    limits.left(began, Instant::now())?;
    Err(failed
        .unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())
        .into())
}
