//! Rates that hold for all clients together.

use super::*;
use crate::settings::RateLimit;

/// Four clients at fifty starts a second with a burst of five.
fn fifty_a_second() -> LimitedFleet {
    let limits = HostLimits {
        rate: [RateLimit::per_second(50).burst(5)].into_iter().collect(),
        granted: true,
        ..HostLimits::default()
    };
    LimitedFleet::new(4, 1, &limits, |_| true)
}

/// Asserts that no window of the hits has more than the rate, the burst and two more.
#[track_caller]
fn assert_no_window_exceeds(hits: &[Hit]) {
    for (first, hit) in hits.iter().enumerate() {
        for (count, later) in (1..).zip(&hits[first..]) {
            let allowed = (later.at - hit.at).as_secs_f64() * 50.0 + 5.0 + 2.0;
            assert!(
                f64::from(count) <= allowed,
                "{count} hits from {:?} to {:?}",
                hit.at,
                later.at
            );
            if later.at - hit.at > Duration::from_secs(5) {
                break;
            }
        }
    }
}

#[test]
fn four_clients_share_a_rate_and_use_it() {
    let mut fleet = fifty_a_second();
    fleet.run_until(Duration::from_secs(60));
    assert_no_window_exceeds(&fleet.hits);
    assert!(
        fleet.hits.len() >= 50 * 60 * 95 / 100,
        "{}",
        fleet.hits.len()
    );
    for client in 0..4 {
        let own = fleet.hits.iter().filter(|hit| hit.client == client);
        assert!(own.count() > 300, "client {client} has its part");
    }
}

#[test]
fn a_rate_holds_while_the_engine_is_away_and_after() {
    let mut fleet = fifty_a_second();
    let second = Duration::from_secs(1);
    fleet.run_until(20 * second);
    fleet.is_away = true;
    fleet.run_until(30 * second);
    fleet.is_away = false;
    fleet.run_until(60 * second);
    assert_no_window_exceeds(&fleet.hits);
    let away = fleet.hits_of(0, 21 * second, 30 * second);
    assert!(away >= 50 * 9 * 8 / 10, "{away} while it was away");
    let after = fleet.hits_of(0, 35 * second, 60 * second);
    assert!(after >= 50 * 25 * 95 / 100, "{after} after that");
}

#[test]
fn nothing_starts_when_the_engine_is_away_for_longer_than_a_lease() {
    let mut fleet = fifty_a_second();
    let second = Duration::from_secs(1);
    fleet.run_until(5 * second);
    fleet.is_away = true;
    fleet.run_until(80 * second);
    let last = fleet.hits.last().unwrap().at;
    assert!(last >= 30 * second && last <= 37 * second, "{last:?}");
    fleet.is_away = false;
    fleet.run_until(90 * second);
    let after = fleet.hits_of(0, 82 * second, 90 * second);
    assert!(after >= 50 * 8 * 95 / 100, "{after}");
    assert_no_window_exceeds(&fleet.hits);
}

/// Clients at ten starts a second and thirty in twenty seconds.
fn two_rates(clients: usize) -> LimitedFleet {
    let rates = [
        RateLimit::per_second(10),
        RateLimit::new(30, Duration::from_secs(20)),
    ];
    let limits = HostLimits {
        rate: rates.into_iter().collect(),
        granted: true,
        ..HostLimits::default()
    };
    LimitedFleet::new(clients, 1, &limits, |_| true)
}

/// Asserts that no twenty seconds have more than thirty hits.
#[track_caller]
fn assert_no_twenty_seconds_exceed(hits: &[Hit]) {
    for (first, last) in hits.iter().zip(hits.iter().skip(30)) {
        let time = last.at - first.at;
        assert!(
            time >= Duration::from_secs(20),
            "31 hits from {:?} to {:?}",
            first.at,
            last.at
        );
    }
}

#[test]
fn rates_for_two_windows_hold_together_for_all_clients() {
    for clients in [1, 2, 4] {
        let mut fleet = two_rates(clients);
        fleet.run_until(Duration::from_secs(130));
        assert_no_twenty_seconds_exceed(&fleet.hits);
        let hits = fleet.hits.len();
        assert!(hits >= 195 * 95 / 100, "{clients} clients: {hits}");
        let first = fleet.hits_of(0, Duration::ZERO, Duration::from_secs(4));
        assert_eq!(first, 30, "{clients} clients: the shorter window is used");
    }
}

#[test]
fn rates_for_two_windows_hold_while_the_engine_is_away() {
    let mut fleet = two_rates(3);
    let second = Duration::from_secs(1);
    for from in [1, 19, 43] {
        fleet.run_until(second * from);
        fleet.is_away = true;
        fleet.run_until(second * (from + 4));
        fleet.is_away = false;
    }
    fleet.run_until(second * 90);
    assert_no_twenty_seconds_exceed(&fleet.hits);
    let after = fleet.hits_of(0, second * 47, second * 90);
    assert!(after >= 60, "{after} after that");
}

#[test]
fn requests_that_take_long_leave_no_slot_of_a_longer_window_unused() {
    let rates = [
        RateLimit::per_second(10),
        RateLimit::new(22, Duration::from_secs(20)),
    ];
    let limits = HostLimits {
        rate: rates.into_iter().collect(),
        granted: true,
        in_flight: 2.into(),
        ..HostLimits::default()
    };
    let mut fleet = LimitedFleet::new(1, 1, &limits, |_| true);
    fleet.latency = Duration::from_secs(2);
    fleet.run_until(Duration::from_secs(100));
    assert_no_twenty_seconds_exceed(&fleet.hits);
    let hits = fleet.hits.len();
    assert!(hits >= 95, "{hits}, where two places allow a hundred");
}
