//! Connecting to several addresses at once, with one more each quarter of a second (RFC 8305).

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Undialled, keep};
use crate::transport::cancel::CancelSlot;
use crate::transport::connection::descriptors;
use crate::transport::connection::platform::{self, Started};
use crate::transport::connection::wire::Limits;

/// Time for which an address is tried alone before the next is tried beside it (RFC 8305 §5).
const STAGGER: Duration = Duration::from_millis(250);

pub(super) fn open(
    addresses: &[SocketAddr],
    local: Option<IpAddr>,
    limits: &Limits,
    cancel: &CancelSlot,
) -> Result<(Arc<TcpStream>, SocketAddr), Undialled> {
    let began = Instant::now();
    let mut waiting = addresses.iter().copied();
    let mut open: Vec<(Arc<TcpStream>, SocketAddr)> = Vec::with_capacity(1);
    let mut failed = None;
    let mut next_at = began;
    loop {
        let now = Instant::now();
        // The next address starts when its time has come, or at once if no other is being tried.
        while (open.is_empty() || next_at <= now)
            && let Some(address) = waiting.next()
        {
            next_at = now + STAGGER;
            let socket = match descriptors::open(|| platform::socket(address, local)) {
                Ok(socket) => Arc::new(socket),
                Err(error) => {
                    keep(&mut failed, error);
                    continue;
                }
            };
            cancel.publish_another(&socket)?;
            match platform::connect(&socket, address) {
                Ok(Started::Connected) => return Ok((socket, address)),
                Ok(Started::Connecting) => open.push((socket, address)),
                Err(error) => keep(&mut failed, error),
            }
        }
        if open.is_empty() {
            cancel.withdraw()?;
            return Err(failed
                .unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into())
                .into());
        }
        let mut time = limits.left(began, now)?;
        if waiting.len() > 0 {
            let next = next_at.saturating_duration_since(now);
            time = Some(time.map_or(next, |t| t.min(next)));
        }
        if let Some(slice) = platform::CONNECT_SLICE {
            time = Some(time.map_or(slice, |t| t.min(slice)));
        }
        let sockets = open.iter().map(|(socket, _)| &**socket);
        let ready = platform::wait_connected(sockets, time)?;
        if cancel.is_cancelled() {
            return Err(Undialled::Cancelled);
        }
        if let Some(ready) = ready {
            let (socket, address) = open.swap_remove(ready);
            match platform::connect_result(&socket) {
                Ok(()) => return Ok((socket, address)),
                Err(error) => keep(&mut failed, error),
            }
        }
    }
}
