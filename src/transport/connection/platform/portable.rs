//! Platform calls with the standard library alone: a probe takes three calls instead of one.

#![cfg_attr(unix, allow(dead_code))]

use std::fs::File;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;

use crate::settings::KeepAlive;

/// State of an idle connection.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::transport) enum Idle {
    Quiet,
    HasInput,
    Closed,
}

/// Probes the socket, without waiting and without taking anything.
pub(in crate::transport) fn peek(socket: &TcpStream) -> Idle {
    let mut byte = [0u8; 1];
    match without_waiting(socket, || socket.peek(&mut byte)) {
        Ok(0) => Idle::Closed,
        Ok(_) => Idle::HasInput,
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Idle::Quiet,
        Err(_) => Idle::Closed,
    }
}

/// Reads available input without waiting.
#[cfg(any(feature = "rustls", test))]
pub(in crate::transport) fn read_now(mut socket: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    without_waiting(socket, || io::Read::read(&mut socket, into))
}

/// Writes as many bytes as fit, without waiting.
pub(in crate::transport) fn write_now(mut socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    without_waiting(socket, || socket.write(bytes))
}

/// Waits for input, and as long for room as a server takes to make some. Returns true if there is input.
pub(in crate::transport) fn wait_for_room(
    socket: &TcpStream,
    time: Option<std::time::Duration>,
) -> io::Result<bool> {
    let most = std::time::Duration::from_millis(10);
    let least = std::time::Duration::from_millis(1);
    let time = time.map_or(most, |time| time.min(most)).max(least);
    socket.set_read_timeout(Some(time))?;
    match socket.peek(&mut [0]) {
        Ok(_) => Ok(true),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
            ) =>
        {
            Ok(false)
        }
        Err(e) => Err(e),
    }
}

/// Returns the CPU time of the calling thread. `None`: the standard library does not tell it.
pub(in crate::transport) fn thread_time() -> Option<std::time::Duration> {
    None
}

fn without_waiting<T>(socket: &TcpStream, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    socket.set_nonblocking(true)?;
    let result = call();
    socket.set_nonblocking(false)?;
    result
}

/// Returns the number of a network interface. The system's resolver knows it, because it reads zones of link-local
/// addresses.
pub(in crate::transport) fn interface_index(name: &str) -> io::Result<u32> {
    let found = (format!("fe80::1%{name}"), 0).to_socket_addrs()?;
    let mut indices = found.filter_map(|address| match address {
        SocketAddr::V6(address) => Some(address.scope_id()),
        SocketAddr::V4(_) => None,
    });
    let index = indices.find(|index| *index != 0);
    index.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Fails, because the standard library does not tell the addresses of an interface.
pub(in crate::transport) fn interface_addresses(_: &str) -> io::Result<Vec<IpAddr>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "on this system an address is expected in place of a name",
    ))
}

/// Fails, because the standard library cannot choose a local address.
pub(in crate::transport) fn check_local(_: IpAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does nothing, because the standard library cannot set keep-alive.
pub(in crate::transport) fn keep_alive(_: &TcpStream, _: KeepAlive) -> io::Result<()> {
    Ok(())
}

/// True if the error says that this machine has run out of a resource: it passes, and says nothing of the host.
pub(in crate::transport) fn is_exhausted(error: &io::Error) -> bool {
    is_out_of_files(error) || is_out_of_ports(error) || error.kind() == io::ErrorKind::OutOfMemory
}

/// Error code of Windows for too many open sockets.
const WSAEMFILE: i32 = 10024;

/// Returns true if the error is the limit of open files.
pub(in crate::transport) fn is_out_of_files(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WSAEMFILE)
}

/// Returns the error of a process that has no free descriptor.
pub(in crate::transport) fn out_of_files() -> io::Error {
    io::Error::from_raw_os_error(WSAEMFILE)
}

/// True if no local port was free.
pub(in crate::transport) fn is_out_of_ports(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable
}

/// Any value that can be opened: descriptors have no numbers that tell how many are left.
pub(in crate::transport) trait Descriptor {}

impl<T> Descriptor for T {}

/// Accepts every descriptor.
pub(in crate::transport) fn leaves_some(_: &impl Descriptor) -> io::Result<()> {
    Ok(())
}

/// Placeholder for a held descriptor, which does not exist on these systems.
pub(in crate::transport) struct Spare;

pub(in crate::transport) fn spare() -> io::Result<Spare> {
    Ok(Spare)
}

/// Returns the number of files that this process may have open. `None`: not known, or no limit.
pub(in crate::transport) fn file_limit() -> Option<u64> {
    None
}

/// Opens a file to be read.
pub(in crate::transport) fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}
