//! Order in which jobs start, and the shares of hosts and batches in the workers.

use super::*;

#[test]
fn among_hosts_with_equal_places_the_one_served_longest_ago_is_next() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..4);
    scene.push("b", 10..12);
    scene.push("c", 20..21);
    assert_eq!(scene.start_all(), [0, 10, 20, 1, 11, 2, 3]);
}

#[test]
fn the_host_with_the_fewest_places_is_next() {
    let mut scene = Scene::new(workers(6));
    scene.push("a", 0..9);
    scene.push("b", 10..19);
    assert_eq!(scene.start_all(), [0, 10, 1, 11, 2, 12]);
    // Host b gives its places back at once, host a keeps its own.
    for next in 13..18 {
        scene.done(next - 1);
        assert_eq!(scene.start(), Some(next));
    }
    scene.done(0);
    scene.done(10);
    assert_eq!(
        scene.start(),
        Some(3),
        "two each, and a was served longer ago"
    );
    assert_eq!(scene.start(), Some(18));
}

#[test]
fn batches_share_the_workers_as_hosts_do() {
    let mut scene = Scene::new(workers(8));
    let other = scene.open(bounds());
    for (at, name) in ["a", "b", "c"].into_iter().enumerate() {
        let first = 10 * at as u32;
        scene.push(name, first..first + 10);
    }
    scene.push_to(other, "c", 100..120);
    let started = scene.start_all();
    let of_other = started.iter().filter(|job| **job >= 100).count();
    assert_eq!((started.len(), of_other), (8, 4), "{started:?}");
}

#[test]
fn a_batch_that_comes_later_shares_the_hosts_of_an_earlier_one() {
    let mut scene = Scene::new(wide());
    let other = scene.open(bounds());
    scene.push("a", 0..3);
    scene.push_to(other, "a", 10..13);
    scene.push_to(other, "b", 20..22);
    assert_eq!(scene.start_all(), [0, 20, 1, 21, 2, 10, 11, 12]);
}

#[test]
fn unanswered_hosts_hold_half_of_the_workers_while_an_answering_one_has_work() {
    for (count, most) in [(1, 1), (2, 1), (3, 1), (4, 2), (9, 4), (64, 32)] {
        let mut scene = Scene::new(workers(count));
        scene.push("well", 0..1);
        assert_eq!(scene.start_all(), [0]);
        scene.done(0);
        scene.push("well", 1..200);
        for at in 1..30 {
            scene.push(&format!("silent{at}"), 1_000 * at..1_000 * at + 20);
        }
        let started = scene.start_all();
        let silent = started.iter().filter(|job| **job >= 1_000).count();
        assert_eq!((started.len(), silent), (count, most));
    }
}

#[test]
fn nothing_is_kept_free_before_any_host_has_answered() {
    let mut scene = Scene::new(workers(8));
    scene.push("silent", 0..20);
    scene.push("hangs", 100..120);
    assert_eq!(scene.start_all().len(), 8);
    scene.push("well", [200]);
    scene.hangs(0, 30_000);
    assert_eq!(scene.start(), Some(200));
}

#[test]
fn hosts_that_have_not_answered_are_served_alike_whether_they_are_new_or_silent() {
    let mut scene = Scene::new(workers(4));
    scene.push("well", 0..50);
    scene.push("silent", 100..110);
    assert_eq!(scene.start_all(), [0, 100, 1, 101]);
    scene.done(0);
    scene.hangs(100, 30_000);
    scene.push("new", 200..210);
    // The host `silent` still holds one of the two places.
    let started = scene.start_all();
    assert_eq!(started, [200, 2]);
    scene.hangs(101, 30_000);
    assert_eq!(scene.start(), Some(102), "fewest places: silent has none");
    scene.done(1);
    assert_eq!(scene.start(), Some(3), "both others hold one");
}

/// A scene with an answering host that has run out of work, and a host that hangs and has the half of the places that
/// it may have.
fn in_a_gap() -> Scene {
    let mut scene = Scene::new(workers(4));
    scene.push("well", [0]);
    assert_eq!(scene.start_all(), [0]);
    scene.done(0);
    scene.push("well", [1]);
    scene.push("silent", 100..110);
    assert_eq!(scene.start_all(), [100, 1, 101]);
    scene
}

#[test]
fn the_demand_of_answering_hosts_outlasts_a_gap_of_a_second() {
    let mut scene = in_a_gap();
    assert_eq!(
        scene.wakes_at(),
        Some(1_000),
        "somebody comes when it is over"
    );
    assert_eq!(scene.at(999).start(), None);
    scene.push("well", [2]);
    assert_eq!(scene.start_all(), [2]);
    scene.done(1);
    assert_eq!(scene.start(), None);
    assert_eq!(scene.wakes_at(), Some(1_999), "another gap has begun");
    assert_eq!(scene.at(1_998).start(), None);
    assert_eq!(scene.at(1_999).start_all(), [102]);
    assert_eq!(scene.wakes_at(), None);
}

#[test]
fn an_answering_host_that_is_left_alone_has_no_demand() {
    let mut scene = in_a_gap();
    scene.complete(
        1,
        Verdict::Done {
            bytes: 0,
            cool: Some(scene.now + ms(5_000)),
            call: CallEnd::Ignored,
        },
    );
    scene.push("well", [2]);
    assert_eq!(scene.start_all(), [102, 103]);
}

#[test]
fn work_that_waits_for_the_limit_of_its_own_host_is_no_demand() {
    let mut settings = workers(8);
    settings.rules.insert(
        "well".parse().unwrap(),
        limits::LimitRule {
            in_flight: Some(2.into()),
            ..Default::default()
        },
    );
    let mut scene = Scene::new(settings);
    scene.push("well", 0..50);
    scene.push("silent", 100..150);
    assert_eq!(scene.start_all().len(), 8);
    for job in 0..20 {
        scene.done(job);
        assert_eq!(scene.start_all(), [job + 2]);
    }
    scene.hangs(100, 30_000);
    assert_eq!(scene.start_all(), [106], "six of eight");
}

#[test]
fn a_batch_that_comes_later_does_not_wait_for_the_end_of_an_earlier_one() {
    let mut scene = Scene::new(ScheduleSettings {
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
fn a_retry_that_waits_holds_nothing() {
    let mut scene = Scene::new(ScheduleSettings {
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
fn retries_line_up_by_the_time_they_are_due() {
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
fn a_delayed_redirect_stands_in_line_after_its_wait() {
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
    settings.host.in_flight = 1.into();
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
fn a_job_of_a_free_host_starts_before_those_of_a_busy_one() {
    let mut settings = wide();
    settings.host.in_flight = 1.into();
    settings.in_flight = 4;
    let mut scene = Scene::new(settings);
    scene.push("slow", 0..500);
    scene.push("free", [1000]);
    assert_eq!(scene.start_all(), [0, 1000]);
}
