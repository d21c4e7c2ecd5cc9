//! Machines that have room for fewer attempts than there are workers.

use super::*;

impl Scene {
    /// Ends an attempt that found no room: the job waits for some.
    fn no_room(&mut self, job: u32) {
        let verdict = Verdict::Wait {
            job,
            deadline: None,
        };
        assert_eq!(self.complete(job, verdict), None);
    }
}

#[test]
fn no_more_attempts_are_in_flight_than_there_is_room_for() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..10);
    assert_eq!(scene.start_all(), (0..10).collect::<Vec<_>>());
    for job in 4..10 {
        scene.no_room(job);
    }
    assert_eq!(scene.start(), None);
    assert_eq!(scene.schedule.in_flight(), 4);
    scene.done(0);
    assert_eq!(
        scene.start_all(),
        [9],
        "the last to come back is first in its lane"
    );
    for job in [1, 2, 3, 9] {
        scene.done(job);
    }
    assert_eq!(scene.start_all(), [8, 7, 6, 5]);
}

#[test]
fn one_attempt_is_in_flight_however_little_room_there_is() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..2);
    assert_eq!(scene.start_all(), [0, 1]);
    scene.no_room(0);
    scene.no_room(1);
    assert_eq!(scene.start_all(), [1]);
    scene.done(1);
    assert_eq!(scene.start_all(), [0]);
}

#[test]
fn each_second_more_attempts_are_tried_until_all_workers_have_work() {
    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 1000,
        ..ScheduleSettings::new(20)
    });
    scene.push("a", 0..40);
    assert_eq!(scene.start_all().len(), 20);
    for job in 4..20 {
        scene.no_room(job);
    }
    assert_eq!(scene.wakes_at(), Some(1_000));
    let mut more = Vec::new();
    for second in 1..=16 {
        scene.at(second * 1_000);
        more.push(scene.start_all().len());
    }
    assert_eq!(more, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 0, 0]);
    assert_eq!(scene.schedule.in_flight(), 20);
    assert_eq!(scene.wakes_at(), None, "the workers are the limit again");
}

#[test]
fn a_trial_that_finds_no_room_waits_for_the_next_second() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..3);
    assert_eq!(scene.start_all(), [0, 1, 2]);
    scene.no_room(2);
    scene.at(1_000);
    assert_eq!(scene.start_all(), [2]);
    scene.no_room(2);
    assert_eq!(scene.start(), None);
    assert_eq!(scene.wakes_at(), Some(2_000));
}

#[test]
fn a_job_that_waits_for_room_ends_at_its_deadline() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..2);
    assert_eq!(scene.start_all(), [0, 1]);
    let deadline = Some(scene.begin + ms(10));
    let verdict = Verdict::Wait { job: 1, deadline };
    assert_eq!(scene.complete(1, verdict), None);
    scene.at(10);
    scene.schedule.expire(scene.now);
    assert_eq!(scene.ended(), [(1, EndReason::Deadline)]);
}

#[test]
fn an_attempt_has_company_if_another_held_a_permit_since_its_start() {
    let mut scene = Scene::new(wide());
    scene.push("a", 0..2);
    assert_eq!(scene.start_all(), [0, 1]);
    let (first, second) = (scene.id(0), scene.id(1));
    assert!(scene.schedule.had_company(first, 0));
    scene.schedule.release(second, scene.now);
    assert!(scene.schedule.had_company(first, 0));
    assert!(!scene.schedule.had_company(first, 1));
    assert!(scene.schedule.had_company(second, 1));
    scene.push("a", 2..3);
    assert_eq!(scene.start(), Some(2));
    let third = scene.id(2);
    scene.done(2);
    assert!(scene.schedule.had_company(third, 1), "an attempt has ended");
}

#[test]
fn a_wait_for_room_tells_the_breaker_of_the_host_nothing() {
    let breaker = crate::settings::BreakerSettings {
        min_calls: Some(1),
        ..Default::default()
    };
    let mut settings = wide();
    settings.host.breaker = Some(breaker);
    let mut scene = Scene::new(settings);
    scene.push("a", 0..3);
    assert_eq!(scene.start_all(), [0, 1, 2]);
    scene.no_room(1);
    scene.no_room(2);
    scene.done(0);
    assert_eq!(scene.start_all(), [2]);
    assert_eq!(scene.ended(), []);
}

#[test]
fn unanswered_hosts_hold_half_of_the_attempts_that_there_is_room_for() {
    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 1000,
        ..ScheduleSettings::new(16)
    });
    scene.push("answers", 0..40);
    assert_eq!(scene.start_all().len(), 16);
    for job in 8..16 {
        scene.no_room(job);
    }
    for (first, name) in [(100, "b"), (200, "c"), (300, "d")] {
        scene.push(name, first..first + 40);
    }
    for job in 0..8 {
        scene.done(job);
    }
    let started = scene.start_all();
    let hanging = started.iter().filter(|job| **job >= 100).count();
    assert_eq!((started.len(), hanging), (8, 4), "{started:?}");
}
