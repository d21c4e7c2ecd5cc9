//! In which order jobs start.

use super::*;

#[test]
fn hosts_are_served_in_turn_and_each_in_the_order_of_its_requests() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..4);
    scene.push("b", 10..12);
    scene.push("c", 20..21);
    assert_eq!(scene.start_all(), [0, 10, 20, 1, 11, 2, 3]);
}

#[test]
fn batches_are_served_in_turn_within_a_host() {
    let mut scene = Scene::new(wide());
    let other = scene.open(bounds());
    scene.push("a", 0..3);
    scene.push_to(other, "a", 10..13);
    scene.push_to(other, "b", 20..22);
    assert_eq!(scene.start_all(), [0, 20, 10, 21, 1, 11, 2, 12]);
}

#[test]
fn a_batch_that_comes_later_does_not_wait_for_the_end_of_an_earlier_one() {
    let mut scene = Scene::new(Settings {
        in_flight: 1,
        ..wide()
    });
    scene.push("a", 0..100);
    let other = scene.open(bounds());
    scene.push_to(other, "a", [200]);
    assert_eq!(scene.start(), Some(0));
    scene.done(0);
    let next = scene.start().unwrap();
    scene.done(next);
    let then = scene.start().unwrap();
    assert!(next == 200 || then == 200, "{next}, {then}");
}

#[test]
fn a_retry_waits_until_it_is_due_and_holds_nothing_meanwhile() {
    let mut scene = Scene::new(Settings {
        in_flight: 1,
        ..wide()
    });
    scene.push("a", [1, 2]);
    assert_eq!(scene.start(), Some(1));
    assert_eq!(scene.start(), None, "one at a time");
    scene.retry(1, 500);
    assert_eq!(scene.start(), Some(2), "the place is free at once");
    scene.done(2);
    assert_eq!(scene.wakes_at(), Some(500));
    assert_eq!(scene.at(499).start(), None);
    assert_eq!(scene.at(500).start(), Some(1));
    assert_eq!(scene.wakes_at(), None);
}

#[test]
fn retries_come_back_by_the_time_they_are_due_and_behind_what_waits() {
    let mut scene = Scene::new(wide());
    scene.push("a", [1, 2, 3]);
    scene.start_all();
    for (job, at) in [(1, 300), (2, 100), (3, 300)] {
        scene.retry(job, at);
    }
    scene.push("a", [4]);
    assert_eq!(scene.at(300).start_all(), [4, 2, 1, 3]);
}

#[test]
fn a_redirect_goes_ahead_of_what_waits_at_the_host_it_leads_to() {
    let mut scene = Scene::new(wide());
    scene.push("a", [1]);
    scene.start_all();
    scene.push("b", [10, 11]);
    scene.redirect(1, "b", 0);
    assert_eq!(scene.start_all(), [1, 10, 11]);
}

#[test]
fn a_redirect_that_is_to_wait_waits_and_then_stands_in_line() {
    let mut scene = Scene::new(wide());
    scene.push("a", [1]);
    scene.start_all();
    scene.redirect(1, "b", 100);
    assert_eq!((scene.start(), scene.wakes_at()), (None, Some(100)));
    scene.push("b", [10]);
    assert_eq!(scene.at(100).start_all(), [10, 1]);
}

#[test]
fn a_redirect_obeys_the_limits_of_the_host_it_leads_to() {
    let mut settings = wide();
    settings.host.in_flight = 1;
    let mut scene = Scene::new(settings);
    scene.push("a", [1]);
    scene.push("b", [10]);
    assert_eq!(scene.start_all(), [1, 10]);
    scene.redirect(1, "b", 0);
    assert_eq!(scene.start(), None);
    scene.push("a", [2]);
    assert_eq!(scene.start(), Some(2), "the first host's place is free");
    scene.done(10);
    assert_eq!(scene.start(), Some(1));
}

#[test]
fn a_host_that_was_full_takes_up_the_turn_it_had() {
    let mut settings = Settings {
        in_flight: 2,
        ..wide()
    };
    settings.rules.insert(
        "a".parse().unwrap(),
        limits::LimitRule {
            in_flight: Some(1),
            ..Default::default()
        },
    );
    let mut scene = Scene::new(settings);
    scene.push("a", 0..3);
    for (name, first) in [("b", 10), ("c", 20), ("d", 30)] {
        scene.push(name, first..first + 3);
    }
    assert_eq!(scene.start_all(), [0, 10]);
    scene.done(10);
    assert_eq!(scene.start(), Some(20));
    scene.done(0);
    assert_eq!(scene.start(), Some(30), "it has not been served yet");
    scene.done(20);
    assert_eq!(scene.start(), Some(1), "served longer ago than b");
}

#[test]
fn whatever_waits_in_front_of_it_a_job_of_a_free_host_starts() {
    let mut settings = wide();
    settings.host.in_flight = 1;
    settings.in_flight = 4;
    let mut scene = Scene::new(settings);
    scene.push("slow", 0..500);
    scene.push("free", [1000]);
    assert_eq!(scene.start_all(), [0, 1000]);
}
