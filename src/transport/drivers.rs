//! Drivers for benches of the pool and of the resolver.

#![allow(
    missing_debug_implementations,
    reason = "no driver of a bench is shown"
)]

use std::borrow::Cow;
use std::io;
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cancel::CancelSlot;
use super::connect::resolver::{Resolver, ResolverSettings};
use super::connection::platform::{self, Idle};
use super::connection::wire::Limits;
use super::pool::{ConnectionPool, PoolKey, PoolSettings, Poolable};
use crate::host::Host;

/// Pool of stand-ins for connections, which have only the parts that the pool looks at.
pub struct PoolDriver {
    pool: ConnectionPool<StandInConnection>,
    keys: Vec<PoolKey<'static>>,
    now: Instant,
}

/// Stand-in for a connection that the pool keeps.
pub struct StandInConnection {
    key: PoolKey<'static>,
    /// Socket that the pool probes. `None`: counts as usable, so that the pool is measured and not the probe.
    socket: Option<(TcpStream, TcpStream)>,
}

impl Poolable for StandInConnection {
    fn key(&self) -> &PoolKey<'static> {
        &self.key
    }

    fn is_usable(&mut self) -> bool {
        match &self.socket {
            None => true,
            Some((client, _)) => matches!(platform::peek(client), Idle::Quiet),
        }
    }
}

fn key(name: &str) -> PoolKey<'static> {
    let uri = format!("http://{name}/").parse().expect("it is a URI");
    PoolKey::Server(Cow::Owned(Host::of(&uri).expect("it has a host")))
}

impl PoolDriver {
    /// Creates a pool with room for `each` idle connections to each of `hosts` hosts, and fills it.
    pub fn filled(hosts: usize, each: usize) -> PoolDriver {
        let driver = PoolDriver::empty(hosts, each);
        for host in 0..hosts {
            for _ in 0..each {
                driver.give_back(driver.connection(host));
            }
        }
        driver
    }

    /// Creates a pool with one connection, over a socket that is probed each time.
    ///
    /// # Errors
    /// If there is no loopback.
    pub fn probed() -> io::Result<PoolDriver> {
        let driver = PoolDriver::empty(1, 1);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        driver.give_back(Box::new(StandInConnection {
            key: driver.keys[0].clone(),
            socket: Some((client, server)),
        }));
        Ok(driver)
    }

    fn empty(hosts: usize, each: usize) -> PoolDriver {
        PoolDriver {
            pool: ConnectionPool::new(PoolSettings {
                max: usize::MAX,
                max_per_host: each,
                age: Duration::from_secs(15),
            }),
            keys: (0..hosts)
                .map(|host| key(&format!("pwww{host}.example.com")))
                .collect(),
            now: Instant::now(),
        }
    }

    /// Creates a connection to this host.
    pub fn connection(&self, host: usize) -> Box<StandInConnection> {
        Box::new(StandInConnection {
            key: self.keys[host].clone(),
            socket: None,
        })
    }

    /// Takes a connection back.
    pub fn give_back(&self, connection: Box<StandInConnection>) {
        self.pool.give_back(connection, self.now);
    }

    /// Lends and takes back one connection, as an exchange does.
    pub fn lend(&self, host: usize) {
        let key = std::hint::black_box(&self.keys[host]);
        let connection = self.pool.borrow(key, self.now);
        self.give_back(connection.expect("the pool holds enough"));
    }

    /// Returns a place that the pool has no connection to.
    pub fn elsewhere(&self) -> UnknownPlace<'_> {
        UnknownPlace(self, key("pnowhere.example.com"))
    }
}

/// Place that a pool has no connection to.
pub struct UnknownPlace<'a>(&'a PoolDriver, PoolKey<'static>);

impl UnknownPlace<'_> {
    /// Asks for a connection. Returns true if there is one.
    pub fn lend(&self) -> bool {
        let UnknownPlace(driver, key) = self;
        let connection = driver.pool.borrow(std::hint::black_box(key), driver.now);
        connection.is_some()
    }
}

/// Resolver to which each name has the same addresses, found without delay.
pub struct ResolverDriver {
    resolver: Resolver,
    cancel: Arc<CancelSlot>,
}

impl ResolverDriver {
    /// Creates a resolver that finds `addresses` addresses and keeps them for `keep`.
    pub fn knowing(addresses: u8, keep: Duration) -> ResolverDriver {
        let settings = ResolverSettings {
            keep,
            ..ResolverSettings::default()
        };
        let found: Vec<_> = (1..=addresses)
            .map(|i| IpAddr::from([127, 0, 0, i]))
            .collect();
        ResolverDriver {
            resolver: Resolver::asking(
                settings,
                Arc::new(move |_: &str| io::Result::Ok(found.clone())),
            ),
            cancel: CancelSlot::new(),
        }
    }

    /// Resolves a name and returns the number of its addresses.
    pub fn resolve(&self, name: &str) -> usize {
        let limits = Limits::attempt(None, None);
        let name = std::hint::black_box(name);
        let addresses = self.resolver.resolve(name, 80, &limits, &self.cancel);
        addresses.expect("each name has addresses").len()
    }
}
