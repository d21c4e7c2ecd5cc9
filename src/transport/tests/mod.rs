//! Tests of the transport against servers on loopback that send exactly the bytes of a test.

mod addresses;
mod bodies;
mod cancelling;
#[cfg(all(feature = "deflate", feature = "zstd"))]
mod coded;
mod exchange;
mod faults;
#[cfg(all(unix, feature = "gzip"))]
mod framing;
mod hostile;
#[cfg(all(unix, feature = "gzip"))]
mod mutations;
mod odd;
mod plain;
mod server;
#[cfg(unix)]
mod shortage;
#[cfg(feature = "rustls")]
mod tls;
mod uploads;
mod waits;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connect::resolver::{Resolver, ResolverSettings};
use super::*;
use crate::url::UrlPrefix;
use http::{HeaderName, Uri};

/// Request that can be made several times.
struct Asking {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    without: Vec<HeaderName>,
    body: RequestContent,
    expect_from: Option<u64>,
    connect: Option<Duration>,
    read: Option<Duration>,
    limit: Option<Duration>,
    accept: StatusSet,
    follows: bool,
    body_limit: u64,
    save: Option<SaveTo>,
    fresh: bool,
    /// True if the caller knows the host and the start of the URL's path, and has written the header lines out before.
    known: bool,
    cancel: Arc<CancelSlot>,
}

fn get(url: impl AsRef<str>) -> Asking {
    asking("GET", url)
}

fn post(url: impl AsRef<str>, body: impl Into<Vec<u8>>) -> Asking {
    let mut asking = asking("POST", url);
    asking.body = RequestContent::Bytes(body.into());
    asking
}

fn asking(method: &str, url: impl AsRef<str>) -> Asking {
    Asking {
        method: method.parse().unwrap(),
        uri: url.as_ref().parse().unwrap(),
        headers: HeaderMap::new(),
        without: Vec::new(),
        body: RequestContent::EMPTY,
        expect_from: Some(1 << 20),
        connect: Some(Duration::from_secs(10)),
        read: None,
        limit: Some(Duration::from_secs(20)),
        accept: StatusSet::from(200..=299),
        follows: true,
        body_limit: 10 << 20,
        save: None,
        fresh: false,
        known: false,
        cancel: CancelSlot::new(),
    }
}

impl Asking {
    fn known(mut self) -> Asking {
        self.known = true;
        self
    }

    fn header(mut self, name: &'static str, value: &str) -> Asking {
        let name = HeaderName::from_static(name);
        self.headers.append(name, value.parse().unwrap());
        self
    }

    fn without(mut self, name: &'static str) -> Asking {
        self.without.push(HeaderName::from_static(name));
        self
    }

    fn of(&self, transport: &impl Transport) -> ExchangeResult {
        self.on(transport, None)
    }

    fn on(&self, transport: &impl Transport, on_connected: Option<&dyn Fn()>) -> ExchangeResult {
        let (host, lines) = match self.known {
            true => (
                Host::of(&self.uri),
                HeaderLines::of(&self.headers, &self.without),
            ),
            false => (None, None),
        };
        let front = UrlPrefix::of(&self.uri.clone().into()).filter(|_| self.known);
        let url = front.and_then(|front| front.known(&self.uri.to_string().into()));
        let url = url.unwrap_or_else(|| self.uri.clone().into());
        transport.exchange(&Call {
            method: &self.method,
            url: &url,
            host: host.as_ref(),
            headers: &self.headers,
            without: &self.without,
            lines: lines.as_ref(),
            body: &self.body,
            expect_from: self.expect_from,
            connect: self.connect,
            read: self.read,
            until: self.limit.map(|limit| Instant::now() + limit),
            began: Some(Instant::now()),
            accept: &self.accept,
            follows: self.follows,
            body_limit: self.body_limit,
            keep_encoding: false,
            save: self.save.as_ref(),
            part: None,
            bandwidth: None,
            stream: None,
            discard: false,
            spare: SpareDescriptor::default(),
            fresh: self.fresh,
            cancel: &self.cancel,
            clock: &SYSTEM_CLOCK,
            redaction: Redaction::USUAL,
            on_connected,
            on_head: None,
        })
    }

    /// Returns the reply, and panics if there is none.
    fn reply(&self, transport: &impl Transport) -> Reply {
        match self.of(transport).result {
            Ok(reply) => reply,
            Err(fault) => panic!("{}: {}", fault.error_type, fault.message),
        }
    }

    /// Returns the fault, and panics if there is none.
    fn fault(&self, transport: &impl Transport) -> Fault {
        match self.of(transport).result {
            Ok(reply) => panic!("answered with {}", reply.status),
            Err(fault) => fault,
        }
    }
}

/// Returns a listener whose queue is full: a client that connects gets no answer.
pub(super) fn black_hole() -> (TcpListener, Vec<TcpStream>) {
    let listener: TcpListener = {
        let fd = rustix::net::socket(
            rustix::net::AddressFamily::INET,
            rustix::net::SocketType::STREAM,
            None,
        )
        .unwrap();
        rustix::net::bind(&fd, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        rustix::net::listen(&fd, 0).unwrap();
        fd.into()
    };
    let addr = listener.local_addr().unwrap();
    let fill = (0..8)
        .map_while(|_| TcpStream::connect_timeout(&addr, Duration::from_millis(100)).ok())
        .collect();
    (listener, fill)
}

fn sockets() -> Sockets {
    Sockets::new(TransportSettings::default())
}

/// Returns a transport that asks this function for the addresses of names.
fn asking_names(
    look_up: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
    tls: Tls,
) -> Sockets {
    let resolver = Resolver::asking(ResolverSettings::default(), Arc::new(look_up));
    Sockets::from_parts(TransportSettings::default(), resolver, tls)
}
