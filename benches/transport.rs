//! What each request pays for an address and a connection: the resolver, and borrowing from the pool and giving back.
//!
//! Pool and resolver are private to the crate. Their files are compiled into this one, together with the four they
//! rest on, so that the library needs no door for its benches.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[path = "../src/settings"]
#[allow(dead_code, unused_imports, unreachable_pub)]
mod settings {
    pub(crate) mod addresses;
}

#[path = "../src/transport"]
// A bench uses a part of them, and their unit tests run elsewhere.
#[allow(dead_code, unused_imports)]
mod transport {
    mod cancel;
    mod connect {
        pub(crate) mod resolver;
    }
    mod connection {
        pub(crate) mod descriptors;
        pub(crate) mod platform;
        pub(crate) mod wire;
    }
    mod pool;

    mod borrow_and_give_back {
        use std::net::{TcpListener, TcpStream};

        use super::connection::platform::{self, Idle};
        use super::pool::{Keep, Pool, PoolSettings};
        use crate::*;

        struct Kept {
            host: Arc<str>,
            /// Without one it counts as usable: the pool is measured and not the probe.
            socket: Option<(TcpStream, TcpStream)>,
        }

        impl Keep for Kept {
            fn host(&self) -> &Arc<str> {
                &self.host
            }

            fn is_usable(&mut self) -> bool {
                match &self.socket {
                    None => true,
                    Some((client, _)) => matches!(platform::peek(client), Idle::Quiet),
                }
            }
        }

        /// A pool with so many idle connections to each of these hosts.
        fn filled(hosts: &[Arc<str>], each: usize, now: Instant) -> Pool<Kept> {
            let pool = Pool::new(PoolSettings {
                max: usize::MAX,
                max_per_host: each,
                age: Duration::from_secs(15),
            });
            for host in hosts {
                for _ in 0..each {
                    pool.give_back(kept(host, None), now);
                }
            }
            pool
        }

        fn kept(host: &Arc<str>, socket: Option<(TcpStream, TcpStream)>) -> Box<Kept> {
            Box::new(Kept {
                host: Arc::clone(host),
                socket,
            })
        }

        fn hosts(count: usize) -> Vec<Arc<str>> {
            (0..count)
                .map(|i| format!("pwww{i}.example.com:80").into())
                .collect()
        }

        /// Lends and takes back one connection, as an exchange does.
        fn once(pool: &Pool<Kept>, host: &str, now: Instant) {
            let connection = pool.borrow(black_box(host), now);
            pool.give_back(connection.expect("the pool holds enough"), now);
        }

        #[divan::bench(threads = [1, 2, 8], sample_size = 256)]
        fn one_host(bencher: Bencher) {
            let (hosts, now) = (hosts(1), Instant::now());
            let pool = filled(&hosts, 64, now);
            bencher.bench(|| once(&pool, &hosts[0], now));
        }

        #[divan::bench(args = [10, 1_000, 10_000])]
        fn hosts_in_turn(bencher: Bencher, count: usize) {
            let (hosts, now) = (hosts(count), Instant::now());
            let pool = filled(&hosts, 1, now);
            let mut turn = 0;
            bencher.bench_local(|| {
                once(&pool, &hosts[turn], now);
                turn = (turn + 1) % count;
            });
        }

        /// Each one that comes back drives out the oldest.
        #[divan::bench(args = [8, 1_000])]
        fn into_a_full_host(bencher: Bencher, most: usize) {
            let (hosts, now) = (hosts(1), Instant::now());
            let pool = filled(&hosts, most, now);
            bencher
                .with_inputs(|| kept(&hosts[0], None))
                .bench_local_values(|connection| pool.give_back(connection, now));
        }

        #[divan::bench]
        fn a_host_without_connections(bencher: Bencher) {
            let (hosts, now) = (hosts(1_000), Instant::now());
            let pool = filled(&hosts, 1, now);
            bencher.bench(|| {
                pool.borrow(black_box("pnowhere.example.com:80"), now)
                    .is_some()
            });
        }

        /// With the look at the socket that tells whether the server has hung up: one call into the system.
        #[divan::bench]
        fn one_host_probed(bencher: Bencher) {
            let (hosts, now) = (hosts(1), Instant::now());
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback is there");
            let address = listener.local_addr().expect("it is bound");
            let client = TcpStream::connect(address).expect("it listens");
            let (server, _) = listener.accept().expect("somebody has connected");
            let pool = filled(&[], 1, now);
            pool.give_back(kept(&hosts[0], Some((client, server))), now);
            bencher.bench(|| once(&pool, &hosts[0], now));
        }
    }

    mod resolve {
        use super::cancel::CancelSlot;
        use super::connect::resolver::{Resolver, ResolverSettings};
        use super::connection::wire::Limits;
        use crate::*;

        /// A resolver to which each name has so many addresses, found without delay.
        fn knowing(addresses: u8, keep: Duration) -> Resolver {
            let settings = ResolverSettings {
                keep,
                ..ResolverSettings::default()
            };
            let found: Vec<_> = (1..=addresses)
                .map(|i| IpAddr::from([127, 0, 0, i]))
                .collect();
            Resolver::asking(
                settings,
                Arc::new(move |_: &str| io::Result::Ok(found.clone())),
            )
        }

        fn once(resolver: &Resolver, name: &str, cancel: &CancelSlot) -> usize {
            let limits = Limits::attempt(None, None);
            let addresses = resolver.resolve(black_box(name), 80, &limits, cancel);
            addresses.expect("each name has addresses").len()
        }

        const LONG: Duration = Duration::from_secs(3600);

        #[divan::bench(args = ["127.0.0.1", "2001:db8::17"])]
        fn a_literal(bencher: Bencher, address: &str) {
            let resolver = knowing(0, LONG);
            let cancel = CancelSlot::default();
            bencher.bench(|| once(&resolver, address, &cancel));
        }

        #[divan::bench(threads = [1, 2, 8], args = [1, 4], sample_size = 256)]
        fn a_known_name(bencher: Bencher, addresses: u8) {
            let resolver = knowing(addresses, LONG);
            let cancel = CancelSlot::default();
            once(&resolver, "www.example.com", &cancel);
            bencher.bench(|| once(&resolver, "www.example.com", &cancel));
        }

        #[divan::bench]
        fn known_names_in_turn(bencher: Bencher) {
            let names: Vec<_> = (0..1_000).map(|i| format!("www{i}.example.com")).collect();
            let resolver = knowing(1, LONG);
            let cancel = CancelSlot::default();
            for name in &names {
                once(&resolver, name, &cancel);
            }
            let mut turn = 0;
            bencher.bench_local(|| {
                let count = once(&resolver, &names[turn], &cancel);
                turn = (turn + 1) % names.len();
                count
            });
        }

        /// Nothing is believed for longer than no time at all, so each call wakes a thread that asks, and waits for it.
        #[divan::bench]
        fn an_unknown_name(bencher: Bencher) {
            let resolver = knowing(1, Duration::ZERO);
            let cancel = CancelSlot::default();
            bencher.bench(|| once(&resolver, "www.example.com", &cancel));
        }
    }
}
