//! Bounds on the jobs of a batch that are ahead of its caller, and the nudges to its caller.

use super::*;

fn narrow(window: usize, max_parked: usize) -> Scene {
    let bounds = Bounds {
        window,
        max_parked,
        ..bounds()
    };
    Scene::with(wide(), bounds)
}

fn ordered(window: usize) -> Bounds {
    Bounds {
        window,
        ordered: true,
        ..bounds()
    }
}

#[test]
fn jobs_fill_the_window_until_their_outcomes_are_taken() {
    let mut scene = narrow(5, 10);
    scene.push("a", 0..5);
    assert_eq!(scene.room(), 0);
    scene.start();
    assert_eq!(scene.room(), 0, "under way");
    scene.done(0);
    assert_eq!(scene.room(), 0, "finished");
    scene.schedule.taken(scene.batch, 1, 0);
    assert_eq!(scene.room(), 1);
}

#[test]
fn nothing_starts_without_a_place_for_its_outcome() {
    let mut scene = narrow(2, 10);
    scene.push("a", 0..2);
    scene.start_all();
    scene.done(0);
    scene.push("a", [2]);
    assert_eq!(scene.start(), None, "one runs, one is not taken");
    scene.schedule.taken(scene.batch, 1, 0);
    assert_eq!(scene.start(), Some(2));
}

#[test]
fn parked_jobs_have_a_bound_of_their_own() {
    let mut settings = wide();
    settings.host.in_flight = 1.into();
    let mut scene = Scene::with(
        settings,
        Bounds {
            window: 3,
            max_parked: 4,
            ..bounds()
        },
    );
    scene.push("a", 0..3);
    assert_eq!((scene.start_all(), scene.room()), (vec![0], 2));
    scene.push("a", 3..5);
    assert_eq!(scene.room(), 0, "four are parked");
    scene.done(0);
    assert_eq!(scene.room(), 0, "four are ready");
    assert_eq!(
        (scene.start(), scene.room()),
        (Some(1), 1),
        "three are parked, one runs, one is not taken"
    );
}

#[test]
fn a_parked_job_makes_room() {
    let mut scene = narrow(2, 1);
    scene.push("a", 0..2);
    scene.start_all();
    scene.retry(0, 100);
    assert_eq!(scene.room(), 0, "one is parked, as many as may be");
    assert_eq!(scene.at(100).start_all(), [0]);
    assert_eq!(scene.room(), 0);
    scene.done(0);
    scene.done(1);
    scene.schedule.taken(scene.batch, 2, 0);
    assert_eq!(scene.room(), 1, "no more than may be parked");
}

#[test]
fn an_outcome_can_be_taken_before_its_completion_is_told() {
    let mut scene = narrow(1, 10);
    scene.push("a", [0]);
    scene.start_all();
    scene.schedule.taken(scene.batch, 1, 7);
    scene.done_with(0, 7, CallEnd::Success);
    assert_eq!(scene.room(), 1);
    scene.push("a", [1]);
    assert_eq!(scene.start(), Some(1));
}

#[test]
fn a_caller_that_waits_for_room_is_woken_when_an_outcome_is_taken() {
    let mut scene = narrow(1, 10);
    scene.push("a", [0]);
    scene.schedule.want_room(scene.batch);
    scene.start_all();
    scene.done(0);
    assert_eq!(scene.nudges(), []);
    scene.schedule.taken(scene.batch, 1, 0);
    assert_eq!(scene.nudges(), [scene.batch]);
    assert!(!scene.schedule.has_news(), "once");
}

#[test]
fn a_caller_that_waits_for_room_is_woken_when_parking_makes_some() {
    let mut settings = wide();
    settings.host.in_flight = 1.into();
    let bounds = Bounds {
        window: 3,
        ..bounds()
    };
    let mut scene = Scene::with(settings, bounds);
    scene.push("a", 0..3);
    scene.schedule.want_room(scene.batch);
    assert_eq!(scene.start(), Some(0));
    assert_eq!(scene.nudges(), [scene.batch], "behind the limit of a");
    scene.push("b", [10, 11]);
    scene.schedule.want_room(scene.batch);
    assert_eq!(scene.start(), Some(10));
    assert_eq!(scene.nudges(), [scene.batch], "behind the limit of b");
    scene.push("c", [20]);
    scene.schedule.want_room(scene.batch);
    assert_eq!(scene.nudges(), []);
    scene.redirect(10, "a", 0);
    assert_eq!(
        scene.nudges(),
        [scene.batch],
        "redirected to a host that is full"
    );
}

#[test]
fn a_caller_that_waits_for_room_is_woken_when_parked_jobs_go_on() {
    let mut scene = narrow(10, 1);
    scene.push("a", [0]);
    scene.start_all();
    scene.retry(0, 100);
    scene.schedule.want_room(scene.batch);
    assert_eq!((scene.room(), scene.nudges()), (0, vec![]));
    assert_eq!(scene.at(100).start(), Some(0));
    assert_eq!(scene.nudges(), [scene.batch]);
}

#[test]
fn a_caller_that_waits_for_room_is_woken_when_an_ended_job_is_taken() {
    let mut scene = narrow(1, 10);
    scene
        .schedule
        .push_ended(scene.batch, 0, EndReason::Cancelled);
    scene.schedule.want_room(scene.batch);
    assert_eq!(scene.nudges(), [scene.batch], "there is something to take");
    assert_eq!(scene.room(), 0);
    assert_eq!(scene.ended().len(), 1);
    assert_eq!(scene.nudges(), [scene.batch], "and now there is room");
}

#[test]
fn bodies_that_are_not_taken_stop_their_own_batch_alone() {
    let mut scene = Scene::with(
        wide(),
        Bounds {
            bytes: 100,
            ..bounds()
        },
    );
    let other = scene.open(bounds());
    scene.push("a", 0..3);
    assert_eq!(scene.start(), Some(0));
    scene.done_with(0, 100, CallEnd::Success);
    scene.push_to(other, "a", [10]);
    assert_eq!(scene.start_all(), [10]);
    scene.schedule.taken(scene.batch, 1, 100);
    assert_eq!(scene.start_all(), [1, 2]);
}

#[test]
fn one_place_is_kept_for_the_oldest_request_of_an_ordered_batch() {
    let mut scene = Scene::with(wide(), ordered(3));
    scene.push("a", 0..3);
    assert_eq!(scene.start_all(), [0, 1], "the third place is kept");
    scene.retry(0, 100);
    assert_eq!(scene.start(), Some(2));
    scene.done(1);
    scene.done(2);
    scene.push("a", [3]);
    assert_eq!(scene.start(), None);
    assert_eq!(scene.at(100).start(), Some(0), "the place was kept for it");
    scene.done(0);
    scene.schedule.taken(scene.batch, 3, 0);
    scene.schedule.handed_back(scene.batch, 3);
    assert_eq!(scene.start(), Some(3));
}

#[test]
fn a_window_of_one_keeps_it_for_the_oldest() {
    let mut scene = Scene::with(wide(), ordered(1));
    scene.push("a", [0]);
    assert_eq!(scene.start(), Some(0));
    scene.retry(0, 100);
    scene.push("a", [1]);
    assert_eq!(
        scene.start(),
        None,
        "it could not be handed back before the first"
    );
    assert_eq!(scene.at(100).start(), Some(0));
    scene.done(0);
    scene.schedule.taken(scene.batch, 1, 0);
    scene.schedule.handed_back(scene.batch, 1);
    assert_eq!(scene.start(), Some(1));
}

#[test]
fn the_oldest_of_an_ordered_batch_starts_whatever_bodies_wait() {
    let bounds = Bounds {
        bytes: 10,
        ..ordered(5)
    };
    let mut scene = Scene::with(wide(), bounds);
    scene.push("a", 0..4);
    assert_eq!(scene.start(), Some(0));
    assert_eq!(scene.start(), Some(1));
    scene.done_with(1, 50, CallEnd::Success);
    scene.retry(0, 100);
    assert_eq!(scene.start(), None, "over the budget");
    assert_eq!(scene.at(100).start_all(), [0]);
}

#[test]
fn a_batch_that_may_start_again_is_looked_at_while_others_keep_the_workers_busy() {
    let mut scene = Scene::with(
        ScheduleSettings {
            in_flight: 2,
            ..wide()
        },
        Bounds {
            window: 1,
            ..bounds()
        },
    );
    let busy = scene.open(bounds());
    scene.push("a", [0]);
    scene.push_to(busy, "b", 100..200);
    assert_eq!(scene.start_all(), [0, 100]);
    scene.push("c", [1]);
    scene.done(100);
    assert_eq!(scene.start(), Some(101), "no place for the outcome of 1");
    scene.retry(0, 60_000);
    let next = scene.start().unwrap();
    scene.done(101);
    let then = scene.start().unwrap();
    assert!(next == 1 || then == 1, "{next}, {then}");
}

#[test]
fn a_queued_request_takes_little_beside_itself() {
    let mut scene = Scene::with(
        wide(),
        Bounds {
            window: 1 << 20,
            ..bounds()
        },
    );
    let count = 100_000;
    scene.push("a", 0..count as u32);
    let host = scene.schedule.hosts.values().next().unwrap();
    let lane = host.lanes[0].jobs.capacity() * size_of::<Id>();
    let (slots, most) = (scene.schedule.jobs.capacity_bytes(), 100 * count);
    assert!(
        lane + slots <= most,
        "{} bytes each",
        (lane + slots) / count
    );
}

/// An observation at the end of work on a response, while this number of responses waited.
fn waiting(answers: usize) -> CpuPressure {
    CpuPressure {
        waiting: answers,
        cores: 1,
        starved: false,
        holds_for: ms(100),
    }
}

/// Ends the work on the response of a job with this observation, and then the job.
fn made(scene: &mut Scene, job: u32, seen: CpuPressure) {
    scene.schedule.see_backlog(scene.id(job), seen, scene.now);
    scene.done(job);
}

#[test]
fn no_job_follows_another_while_responses_wait_for_a_core() {
    let mut settings = wide();
    settings.in_flight = 8;
    let mut scene = Scene::new(settings);
    let other = scene.open(bounds());
    scene.push("a", 0..100);
    assert_eq!(scene.start_all().len(), 8);
    for job in 0..5 {
        made(&mut scene, job, waiting(7 - job as usize));
        assert_eq!(scene.start(), None);
    }
    made(&mut scene, 5, waiting(2));
    assert_eq!(scene.start_all(), [8], "as many as keep the core busy");
    scene.push_to(other, "a", [200]);
    assert_eq!(scene.start(), Some(200), "another batch is not held back");
    let starved = CpuPressure {
        starved: true,
        ..waiting(0)
    };
    made(&mut scene, 6, starved);
    assert_eq!(
        scene.start_all(),
        [9, 10, 11],
        "its own place, and two more"
    );
}

#[test]
fn jobs_start_again_when_responses_make_no_progress() {
    let mut settings = wide();
    settings.in_flight = 8;
    let mut scene = Scene::new(settings);
    scene.push("a", 0..100);
    scene.start_all();
    made(&mut scene, 0, waiting(7));
    made(scene.at(50), 1, waiting(6));
    assert_eq!((scene.start(), scene.wakes_at()), (None, Some(150)));
    assert_eq!(scene.at(149).start(), None);
    assert_eq!(scene.at(150).start_all(), [8, 9]);
    assert_eq!(scene.wakes_at(), None);
}

#[test]
fn a_batch_that_is_over_is_held_back_no_longer() {
    let mut settings = wide();
    settings.in_flight = 4;
    let mut scene = Scene::new(settings);
    scene.push("a", 0..4);
    scene.start_all();
    made(&mut scene, 0, waiting(3));
    (1..4).for_each(|job| scene.done(job));
    let batch = scene.batch;
    let now = scene.now;
    assert!(scene.schedule.abandon(batch, now).is_empty());
    assert_eq!((scene.start(), scene.wakes_at()), (None, None));
}
