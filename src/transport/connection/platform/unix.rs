//! Platform calls on Unix, through rustix.

use std::fs::File;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use crate::settings::KeepAlive;

pub(in crate::transport) use std::os::fd::AsFd as Descriptor;

/// Longest wait for connections before the cancel flag is checked again. `None`: no check is needed, because shutting a
/// socket down ends its connecting.
pub(in crate::transport) const CONNECT_SLICE: Option<Duration> =
    if cfg!(any(target_os = "linux", target_os = "android")) {
        None
    } else {
        Some(Duration::from_millis(25))
    };

#[cfg(not(target_vendor = "apple"))]
const SEND: SendFlags = SendFlags::NOSIGNAL;
#[cfg(target_vendor = "apple")]
const SEND: SendFlags = SendFlags::empty();

/// Returns the number of a network interface.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::transport) fn interface_index(name: &str) -> io::Result<u32> {
    let any = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    Ok(rustix::net::netdevice::name_to_index(any, name)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(in crate::transport) use super::portable::{interface_addresses, interface_index};

/// State of a socket on its way to an address.
pub(in crate::transport) enum Started {
    Connected,
    Connecting,
}

/// Creates a socket for this address, non-blocking, not yet connecting.
pub(in crate::transport) fn socket(to: SocketAddr, local: Option<IpAddr>) -> io::Result<TcpStream> {
    let family = match to {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    let fd = rustix::net::socket_with(
        family,
        SocketType::STREAM,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    let fd = {
        let fd = rustix::net::socket_with(family, SocketType::STREAM, SocketFlags::empty(), None)?;
        rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
        rustix::io::ioctl_fionbio(&fd, true)?;
        #[cfg(target_vendor = "apple")]
        sockopt::set_socket_nosigpipe(&fd, true)?;
        fd
    };
    if let Some(local) = local {
        rustix::net::bind(&fd, &SocketAddr::new(local, 0)).map_err(|errno| match errno {
            // No particular port was requested, so this error means that no port is free.
            Errno::ADDRINUSE => Errno::ADDRNOTAVAIL.into(),
            Errno::ADDRNOTAVAIL => unavailable(&format!("{local} is no address of this machine")),
            errno => errno.into(),
        })?;
    }
    Ok(TcpStream::from(fd))
}

/// Starts to connect a socket from [`socket`].
pub(in crate::transport) fn connect(socket: &TcpStream, to: SocketAddr) -> io::Result<Started> {
    match rustix::net::connect(socket, &to) {
        Ok(()) => Ok(Started::Connected),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok(Started::Connecting),
        Err(Errno::ADDRNOTAVAIL) if !has_source_for(to) => {
            Err(unavailable("no address of this machine leads there"))
        }
        Err(e) => Err(e.into()),
    }
}

/// Returns an error that is no shortage of ports, although the system gives it the same number.
fn unavailable(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::AddrNotAvailable, reason)
}

/// Returns true if this machine has an address from which a packet can go to `to`. A datagram socket tells this without
/// sending a packet, and needs no port of its own for each destination.
fn has_source_for(to: SocketAddr) -> bool {
    let family = match to {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let probe = rustix::net::socket(family, SocketType::DGRAM, None)
        .and_then(|socket| rustix::net::connect(&socket, &to));
    !matches!(
        probe,
        Err(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT | Errno::NETUNREACH | Errno::HOSTUNREACH)
    )
}

/// Waits until one of the sockets is connected or has failed, or the time is over. Returns the position of such a
/// socket.
pub(in crate::transport) fn wait_connected<'a>(
    sockets: impl Iterator<Item = &'a TcpStream>,
    time: Option<Duration>,
) -> io::Result<Option<usize>> {
    let mut fds: Vec<PollFd<'_>> = sockets.map(|s| PollFd::new(s, PollFlags::OUT)).collect();
    let time = time.map(|t| {
        Timespec::try_from(t).unwrap_or(Timespec {
            tv_sec: i32::MAX.into(),
            tv_nsec: 0,
        })
    });
    match rustix::event::poll(&mut fds, time.as_ref()) {
        Ok(_) => Ok(fds.iter().position(|fd| !fd.revents().is_empty())),
        Err(Errno::INTR) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Returns the result of connecting.
pub(in crate::transport) fn connect_result(socket: &TcpStream) -> io::Result<()> {
    sockopt::socket_error(socket)??;
    Ok(())
}

/// Checks that a connection can come from this address.
pub(in crate::transport) fn check_local(address: IpAddr) -> io::Result<()> {
    socket(SocketAddr::new(address, 0), Some(address)).map(drop)
}

/// Probes a silent peer periodically, so that a connection whose other side vanished ends at some time.
pub(in crate::transport) fn keep_alive(socket: &TcpStream, when: KeepAlive) -> io::Result<()> {
    let after = match when {
        KeepAlive::Never => return Ok(()),
        KeepAlive::System => None,
        KeepAlive::After(time) => Some(time),
    };
    sockopt::set_socket_keepalive(socket, true)?;
    if let Some(time) = after {
        keep_alive_after(socket, time)?;
    }
    Ok(())
}

#[cfg(not(any(target_os = "openbsd", target_os = "haiku", target_os = "nto")))]
fn keep_alive_after(socket: &TcpStream, time: Duration) -> io::Result<()> {
    sockopt::set_tcp_keepidle(socket, time)?;
    sockopt::set_tcp_keepintvl(socket, time)?;
    Ok(())
}

/// On these systems the times cannot be changed for one socket.
#[cfg(any(target_os = "openbsd", target_os = "haiku", target_os = "nto"))]
fn keep_alive_after(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}

/// State of an idle connection.
pub(in crate::transport) enum Idle {
    Quiet,
    HasInput,
    Closed,
}

/// Probes the socket, without waiting and without taking anything.
pub(in crate::transport) fn peek(socket: &TcpStream) -> Idle {
    let mut byte = [0u8; 1];
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    match rustix::net::recv(socket, &mut byte[..], flags) {
        Ok((_, 0)) => Idle::Closed,
        Ok(_) => Idle::HasInput,
        Err(Errno::AGAIN) => Idle::Quiet,
        Err(_) => Idle::Closed,
    }
}

/// Reads available input without waiting.
#[cfg(any(feature = "rustls", test))]
pub(in crate::transport) fn read_now(socket: &TcpStream, into: &mut [u8]) -> io::Result<usize> {
    let (_, n) = rustix::net::recv(socket, into, RecvFlags::DONTWAIT)?;
    Ok(n)
}

/// Writes as many bytes as fit, without waiting.
pub(in crate::transport) fn write_now(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(
        socket,
        bytes,
        SEND | SendFlags::DONTWAIT,
    )?)
}

/// Waits until the socket takes more bytes or has input, or the time is over. Returns true if it has input and takes no
/// bytes.
pub(in crate::transport) fn wait_for_room(
    socket: &TcpStream,
    time: Option<Duration>,
) -> io::Result<bool> {
    let mut fds = [PollFd::new(socket, PollFlags::IN | PollFlags::OUT)];
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match rustix::event::poll(&mut fds, time.as_ref()) {
        Ok(_) => Ok(fds[0].revents() == PollFlags::IN),
        Err(Errno::INTR) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// True if the error says that this machine has run out of a resource: it passes, and says nothing of the host.
pub(in crate::transport) fn is_exhausted(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| {
        [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::ADDRNOTAVAIL,
            Errno::AGAIN,
        ]
        .iter()
        .any(|e| e.raw_os_error() == code)
    })
}

/// Returns true if the error is the limit of open files.
pub(in crate::transport) fn is_out_of_files(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| {
        code == Errno::MFILE.raw_os_error() || code == Errno::NFILE.raw_os_error()
    })
}

/// Returns the error of a process that has no free descriptor.
pub(in crate::transport) fn out_of_files() -> io::Error {
    Errno::MFILE.into()
}

/// True if no local port was free.
pub(in crate::transport) fn is_out_of_ports(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::ADDRNOTAVAIL.raw_os_error())
}

/// Returns the CPU time of the calling thread. `None`: the system does not tell it.
pub(in crate::transport) fn thread_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).ok()
}

/// Upper bound for the descriptors that connections leave to the rest of the process: to its own files, to name
/// lookups, to a pipe or a database.
const LEFT: u64 = 16;

/// Fails as the system does without a free descriptor if `descriptor` is among the last ones: an eighth of all, at most
/// [`LEFT`]. The system gives the lowest number that is free.
pub(in crate::transport) fn leaves_some(descriptor: &impl Descriptor) -> io::Result<()> {
    let number = u64::try_from(descriptor.as_fd().as_raw_fd()).unwrap_or_default();
    match file_limit() {
        Some(limit) if number >= limit - (limit / 8).min(LEFT) => Err(Errno::MFILE.into()),
        _ => Ok(()),
    }
}

/// Descriptor that only keeps its number taken.
pub(in crate::transport) type Spare = OwnedFd;

/// Takes the number of a descriptor. A second descriptor of standard input costs a tenth of a socket's time.
pub(in crate::transport) fn spare() -> io::Result<Spare> {
    match io::stdin().as_fd().try_clone_to_owned() {
        // The program has closed it.
        Err(e) if e.raw_os_error() == Some(Errno::BADF.raw_os_error()) => {
            UnixDatagram::unbound().map(OwnedFd::from)
        }
        taken => taken,
    }
}

/// Returns the number of files that this process may have open. `None`: no limit.
pub(in crate::transport) fn file_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Opens a file to be read. If it is a pipe, does not wait for a writer. A regular file is read as usual.
pub(in crate::transport) fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}
