//! Costs of an address and a connection for each request: the resolver, and borrowing from the pool and giving back.
//!
//! `cargo bench --features internals --bench transport`

use std::time::Duration;

use divan::Bencher;

fn main() {
    divan::main();
}

mod borrow_and_give_back {
    use super::Bencher;
    use haul::internals::PoolDriver;

    #[divan::bench(threads = [1, 2, 8], sample_size = 256)]
    fn one_host(bencher: Bencher) {
        let pool = PoolDriver::filled(1, 64);
        bencher.bench(|| pool.lend(0));
    }

    #[divan::bench(args = [10, 1_000, 10_000])]
    fn hosts_in_turn(bencher: Bencher, count: usize) {
        let pool = PoolDriver::filled(count, 1);
        let mut turn = 0;
        bencher.bench_local(|| {
            pool.lend(turn);
            turn = (turn + 1) % count;
        });
    }

    /// Gives back connections to a full host: each one that comes back drives out the oldest.
    #[divan::bench(args = [8, 1_000])]
    fn into_a_full_host(bencher: Bencher, most: usize) {
        let pool = PoolDriver::filled(1, most);
        bencher
            .with_inputs(|| pool.connection(0))
            .bench_local_values(|connection| pool.give_back(connection));
    }

    #[divan::bench]
    fn a_host_without_connections(bencher: Bencher) {
        let pool = PoolDriver::filled(1_000, 1);
        let elsewhere = pool.elsewhere();
        bencher.bench(|| elsewhere.lend());
    }

    /// Borrows with a probe of the socket, which tells if the server has hung up: one system call.
    #[divan::bench]
    fn one_host_probed(bencher: Bencher) {
        let pool = PoolDriver::probed().expect("loopback is there");
        bencher.bench(|| pool.lend(0));
    }
}

mod resolve {
    use super::{Bencher, Duration};
    use haul::internals::ResolverDriver;

    const LONG: Duration = Duration::from_secs(3600);

    #[divan::bench(args = ["127.0.0.1", "2001:db8::17"])]
    fn a_literal(bencher: Bencher, address: &str) {
        let resolver = ResolverDriver::knowing(0, LONG);
        bencher.bench(|| resolver.resolve(address));
    }

    #[divan::bench(threads = [1, 2, 8], args = [1, 4], sample_size = 256)]
    fn a_known_name(bencher: Bencher, addresses: u8) {
        let resolver = ResolverDriver::knowing(addresses, LONG);
        resolver.resolve("www.example.com");
        bencher.bench(|| resolver.resolve("www.example.com"));
    }

    #[divan::bench]
    fn known_names_in_turn(bencher: Bencher) {
        let names: Vec<_> = (0..1_000).map(|i| format!("www{i}.example.com")).collect();
        let resolver = ResolverDriver::knowing(1, LONG);
        for name in &names {
            resolver.resolve(name);
        }
        let mut turn = 0;
        bencher.bench_local(|| {
            let count = resolver.resolve(&names[turn]);
            turn = (turn + 1) % names.len();
            count
        });
    }

    /// Resolves with a cache lifetime of zero, so each call wakes a thread that asks, and waits for it.
    #[divan::bench]
    fn an_unknown_name(bencher: Bencher) {
        let resolver = ResolverDriver::knowing(1, Duration::ZERO);
        bencher.bench(|| resolver.resolve("www.example.com"));
    }
}
