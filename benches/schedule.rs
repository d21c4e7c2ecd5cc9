//! Costs of a request in the schedule: in and out of a lane, a retry's wait, a host met for the first time.
//!
//! `cargo bench --features internals --bench schedule`

use divan::Bencher;
use divan::counter::ItemsCount;
use haul::internals::ScheduleDriver;

fn main() {
    divan::main();
}

const ROUND: usize = 1_000;

fn rounds(bencher: Bencher, mut driver: ScheduleDriver) {
    driver.requests(20 * ROUND);
    bencher
        .counter(ItemsCount::new(ROUND))
        .bench_local(|| driver.requests(ROUND));
}

/// Pushes, polls, completes and takes a request: with one host, ten thousand, a hundred thousand.
#[divan::bench(args = [1, 100, 10_000, 100_000])]
fn request(bencher: Bencher, hosts: usize) {
    rounds(bencher, ScheduleDriver::new(hosts, 2 * hosts.max(500), 0));
}

/// Pushes, polls, completes and takes a request while `delayed` retries wait.
#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn request_beside_delayed(bencher: Bencher, delayed: usize) {
    rounds(bencher, ScheduleDriver::new(10_000, 20_000, delayed));
}

/// Pushes, polls, completes and takes a request with a breaker and a rate in all and for each host.
#[divan::bench(args = [1, 10_000])]
fn request_with_every_limit(bencher: Bencher, hosts: usize) {
    let queued = 2 * hosts.max(500);
    rounds(bencher, ScheduleDriver::with_every_limit(hosts, queued));
}

/// Retries a request: out, delayed, due, out again and done.
#[divan::bench(args = [1, 10_000])]
fn retry(bencher: Bencher, hosts: usize) {
    let mut driver = ScheduleDriver::new(hosts, 0, 0);
    bencher
        .counter(ItemsCount::new(ROUND))
        .bench_local(|| driver.retries(ROUND));
}

/// Sends each request to a host that was never seen before and never comes again.
#[divan::bench]
fn request_to_a_new_host(bencher: Bencher) {
    let mut driver = ScheduleDriver::new(1, 0, 0);
    let mut hosts = (0..).map(ScheduleDriver::host);
    bencher
        .counter(ItemsCount::new(ROUND))
        .with_inputs(|| hosts.by_ref().take(ROUND).collect::<Vec<_>>())
        .bench_local_values(|hosts| driver.requests_to(&hosts));
}
