//! Addresses to which no connection comes about.

#[cfg(target_os = "linux")]
use std::net::TcpStream;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Returns a loopback address on which nothing listens, now or later: no server uses this part of loopback.
pub fn refused() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 77, 0, 1), 0)).expect("a free port");
    listener.local_addr().expect("a bound listener's address")
}

/// A loopback address to which no connection comes about: packets to it are dropped, as behind a firewall.
#[cfg(target_os = "linux")]
pub struct BlackHole {
    listener: TcpListener,
    _full: TcpStream,
}

#[cfg(target_os = "linux")]
impl BlackHole {
    /// Starts a listener that accepts nothing and whose queue has room for one connection, which is taken.
    pub fn dig() -> BlackHole {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        rustix::net::listen(&listener, 0).expect("a shorter queue");
        let address = listener.local_addr().expect("a bound listener's address");
        let full = TcpStream::connect(address).expect("room for one");
        BlackHole {
            listener,
            _full: full,
        }
    }

    pub fn url(&self, path: &str) -> String {
        let address = self
            .listener
            .local_addr()
            .expect("a bound listener's address");
        format!("http://{address}{path}")
    }
}
