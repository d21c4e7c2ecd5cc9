//! Rests of hosts that fail, by the votes of all clients.

use super::*;
use crate::fleet::engine::HostWait;
use crate::settings::BreakerSettings;

const SECOND: Duration = Duration::from_secs(1);

fn with_breakers(clients: usize, hosts: usize, serve: Serve) -> LimitedFleet {
    let limits = HostLimits {
        breaker: Some(BreakerSettings::new()),
        granted: true,
        in_flight: 4.into(),
        ..HostLimits::default()
    };
    LimitedFleet::new(clients, hosts, &limits, serve)
}

#[test]
fn a_host_that_is_down_gets_one_request_in_each_rest() {
    let mut fleet = with_breakers(4, 2, |hit| hit.host > 0);
    fleet.run_until(700 * SECOND);
    let last = fleet.hits.iter().filter(|hit| hit.host == 0);
    let times: Vec<Duration> = last.map(|hit| hit.at).collect();
    let begin = times
        .windows(2)
        .position(|two| two[1] - two[0] > 4 * SECOND);
    let begin = begin.expect("the host rests");
    let rests = times[begin..]
        .windows(2)
        .map(|two| (two[1] - two[0]).as_secs_f64());
    // Each client asks anew every two seconds.
    for (rest, expected) in rests.zip([5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0]) {
        let range = expected - 0.2..expected + 2.5;
        assert!(
            range.contains(&rest),
            "{rest} s, {expected} s expected: {times:?}"
        );
    }
    assert!(begin < 200, "{begin} requests before the host rested");
    let others = fleet.hits_of(1, 100 * SECOND, 200 * SECOND);
    assert!(others > 10_000, "{others} requests to the other host");
}

#[test]
fn a_host_that_answers_again_is_open_for_all_soon_after_a_trial() {
    let mut fleet = with_breakers(4, 1, |hit| hit.at > 30 * SECOND);
    fleet.run_until(60 * SECOND);
    let first = fleet.hits.iter().find(|hit| hit.at > 30 * SECOND).unwrap();
    // The rests end after 5, 15 and 35 seconds.
    assert!(first.at < 42 * SECOND, "{:?}", first.at);
    let after = first.at + 13 * SECOND;
    for client in 0..4 {
        let hits = fleet
            .hits
            .iter()
            .filter(|hit| hit.client == client && hit.at > after);
        assert!(hits.count() > 100, "client {client}");
    }
}

#[test]
fn a_broken_route_of_one_client_does_not_close_the_host_for_others() {
    let mut fleet = with_breakers(4, 1, |hit| hit.client > 0);
    fleet.run_until(60 * SECOND);
    for client in 1..4 {
        let hits = fleet.hits.iter().filter(|hit| hit.client == client);
        // Four requests at once, 20 ms each.
        let hits = hits.count();
        assert!(hits > 60 * 200 * 9 / 10, "client {client}: {hits}");
    }
    let broken = fleet.hits.iter().filter(|hit| hit.client == 0).count();
    assert!(broken < 60, "{broken} requests by the broken route");
    assert!(fleet.given_back > 0);
    assert_eq!(fleet.engine.waiting_hosts(), Ok(Vec::new()));
}

#[test]
fn a_client_alone_gives_requests_back_while_its_own_breaker_is_open() {
    let mut fleet = with_breakers(1, 1, |_| false);
    fleet.run_until(20 * SECOND);
    assert!(fleet.hits.len() < 60, "{}", fleet.hits.len());
    assert!(fleet.given_back > 0);
}

#[test]
fn a_host_that_rests_is_listed() {
    let mut fleet = with_breakers(3, 1, |_| false);
    fleet.run_until(2 * SECOND);
    let waits = fleet.engine.waiting_hosts().unwrap();
    assert_eq!(waits.len(), 1);
    assert_eq!(
        (waits[0].host.as_str(), waits[0].reason),
        ("http://h0:80", HostWait::Failing)
    );
    assert!(waits[0].left > 2 * SECOND && waits[0].left <= 5 * SECOND);
}
