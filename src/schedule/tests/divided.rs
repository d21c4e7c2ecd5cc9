//! Places of hosts that are divided by a number of clients.

use crate::settings::{Adaptive, PlaceLimit};

use super::*;

fn places(limit: impl Into<PlaceLimit>) -> Scene {
    each_host(HostLimits {
        in_flight: limit.into(),
        ..HostLimits::default()
    })
}

#[test]
fn a_client_has_its_part_of_a_hosts_places_and_at_least_one() {
    for (clients, part) in [(1, 8), (2, 4), (3, 2), (8, 1), (100, 1), (0, 8)] {
        let mut scene = places(8);
        scene.schedule.divide_places(clients, scene.now);
        scene.push("a", 0..20);
        assert_eq!(scene.start_all().len(), part, "{clients} clients");
    }
}

#[test]
fn a_part_of_a_known_host_follows_when_clients_come_and_go() {
    let mut scene = places(6);
    scene.push("a", 0..20);
    assert_eq!(scene.start_all(), [0, 1, 2, 3, 4, 5]);
    scene.schedule.divide_places(3, scene.now);
    scene.done(0);
    assert_eq!(scene.start(), None, "five run, and two may");
    (1..5).for_each(|job| scene.done(job));
    assert_eq!(scene.start_all(), [6], "one runs, and two may");
    scene.schedule.divide_places(1, scene.now);
    assert_eq!(scene.start_all(), [7, 8, 9, 10]);
}

#[test]
fn a_part_of_a_hosts_own_limit_follows_too() {
    let mut settings = wide();
    let rule = LimitRule {
        in_flight: Some(4.into()),
        ..LimitRule::default()
    };
    settings.rules.insert("a".parse().unwrap(), rule);
    let mut scene = Scene::new(settings);
    scene.push("a", 0..20);
    scene.push("b", 20..50);
    scene.schedule.divide_places(2, scene.now);
    let started = scene.start_all();
    assert_eq!(started.iter().filter(|job| **job < 20).count(), 2);
    assert_eq!(started.len(), 32, "other hosts have no limit");
}

#[test]
fn a_limit_that_adapts_is_not_divided() {
    let mut scene = places(Adaptive::new(1, 64));
    scene.schedule.divide_places(4, scene.now);
    scene.push("a", 0..20);
    assert_eq!(scene.start_all().len(), 4, "as many as for one client");
}

#[test]
fn a_host_that_waits_for_something_else_stays_closed_when_its_part_grows() {
    let mut scene = places(4);
    scene.push("a", 0..20);
    scene.schedule.divide_places(4, scene.now);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(scene.retry_with(0, 100, None, Some(1_000)), None);
    scene.schedule.divide_places(1, scene.now);
    assert_eq!(scene.start(), None);
    assert_eq!(scene.at(1_000).start_all().len(), 4);
}

#[cfg(feature = "fleet")]
#[test]
fn only_fixed_limits_are_places_that_clients_divide() {
    assert!(places(6).schedule.divides_places());
    assert!(!places(Adaptive::new(1, 64)).schedule.divides_places());
    assert!(!Scene::new(wide()).schedule.divides_places());
    let mut settings = wide();
    let rule = LimitRule {
        in_flight: Some(4.into()),
        ..LimitRule::default()
    };
    settings.rules.insert("a".parse().unwrap(), rule);
    assert!(Scene::new(settings).schedule.divides_places());
}
