//! Jobs that end without an attempt: cancelled, past a deadline, abandoned.

use super::*;

#[test]
fn an_invalid_request_takes_no_place() {
    let mut scene = Scene::new(wide());
    let why = EndReason::Invalid("no scheme".into());
    scene.schedule.push_ended(scene.batch, 7, why.clone());
    assert_eq!(scene.start(), None);
    assert_eq!(scene.nudges(), [scene.batch]);
    assert_eq!(scene.ended(), [(7, why)]);
}

#[test]
fn cancelling_a_batch_ends_every_job_that_is_not_in_flight() {
    let mut scene = Scene::new(wide());
    let other = scene.open(bounds());
    scene.push_to(other, "a", [50]);
    scene.push("a", 0..4);
    scene.schedule.settings.in_flight = 3;
    assert_eq!(scene.start_all(), [0, 50, 1]);
    scene.retry(0, 500);
    let why = EndReason::Cancelled;
    scene
        .schedule
        .end_queued_of(Some(scene.batch), &why, scene.now);
    let mut ended: Vec<u32> = scene.ended().into_iter().map(|(job, _)| job).collect();
    ended.sort_unstable();
    assert_eq!(ended, [0, 2, 3]);
    assert_eq!(scene.wakes_at(), None, "nothing is delayed any more");
    assert_eq!(scene.retry(1, 100), None);
    assert_eq!(scene.ended(), [(1, EndReason::Cancelled)]);
    assert_eq!(scene.room(), 0);
    assert!(scene.schedule.is_over(scene.batch));
    scene.push("a", [9]);
    assert_eq!(scene.ended(), [(9, EndReason::Cancelled)], "too late");
    scene.push_to(other, "a", [51]);
    assert_eq!(scene.start_all(), [51], "the other goes on");
}

#[test]
fn a_single_job_can_be_cancelled_while_it_waits() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    let id = scene.schedule.push(scene.batch, &host("a"), 1, scene.now);
    scene.push("a", [2]);
    assert!(scene.schedule.cancel(id, scene.now));
    assert!(!scene.schedule.cancel(id, scene.now));
    assert_eq!(scene.ended(), [(1, EndReason::Cancelled)]);
    assert_eq!(scene.start_all(), [0, 2]);
    let running = scene.id(0);
    assert!(!scene.schedule.cancel(running, scene.now));
}

#[test]
fn a_delayed_request_ends_at_its_deadline() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    scene.retry_with(0, 900, Some(500), None);
    assert_eq!(
        scene.nudges(),
        [scene.batch],
        "its caller may be asleep for longer"
    );
    let deadline = scene.schedule.next_deadline().unwrap();
    assert_eq!(deadline, scene.begin + ms(500));
    scene.schedule.expire(deadline - ms(1));
    assert_eq!(scene.ended(), []);
    scene.schedule.expire(deadline);
    assert_eq!(scene.ended(), [(0, EndReason::Deadline)]);
    assert_eq!(
        (scene.wakes_at(), scene.schedule.next_deadline()),
        (None, None)
    );
}

#[test]
fn nothing_starts_after_its_deadline_even_if_nobody_looked() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    scene.retry_with(0, 100, Some(500), None);
    scene.push("a", [1]);
    assert_eq!(scene.at(500).start_all(), [1]);
    assert_eq!(scene.ended(), [(0, EndReason::Deadline)]);
}

#[test]
fn nothing_of_a_batch_starts_after_its_deadline_even_if_nobody_looked() {
    let mut scene = Scene::new(wide());
    scene
        .schedule
        .set_deadline(scene.batch, scene.begin + ms(500));
    scene.push("a", [0, 1, 2]);
    assert_eq!(scene.start(), Some(0));
    assert_eq!(scene.schedule.next_deadline(), Some(scene.begin + ms(500)));
    assert_eq!(scene.at(500).start(), None);
    let deadline = |job| (job, EndReason::Deadline);
    assert_eq!(scene.ended(), [deadline(1), deadline(2)]);
    scene.retry(0, 600);
    assert_eq!(scene.ended(), [deadline(0)], "nor again");
    assert_eq!(scene.schedule.next_deadline(), None);
}

#[test]
fn a_job_in_flight_outlives_its_deadline_in_peace() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    scene.retry_with(0, 100, Some(500), None);
    assert_eq!(scene.at(100).start_all(), [0]);
    scene.schedule.expire(scene.begin + ms(700));
    assert_eq!(scene.ended(), []);
    scene.at(700).done(0);
    assert_eq!(scene.schedule.jobs.len(), 0);
}

#[test]
fn many_waits_of_one_request_leave_one_deadline() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    for at in 0..1_000 {
        assert_eq!(scene.at(at).start_all(), [0]);
        scene.retry_with(0, at + 1, Some(3_600_000), None);
    }
    assert_eq!(scene.schedule.timers.deadlines.len(), 1);
}

#[test]
fn deadlines_of_ended_jobs_do_not_pile_up() {
    let mut scene = Scene::new(wide());
    for at in 0..5_000 {
        scene.at(u64::from(at)).push("a", [at]);
        assert_eq!(scene.start_all(), [at]);
        scene.retry_with(at, u64::from(at), Some(3_600_000), None);
        assert_eq!(scene.start_all(), [at]);
        scene.done(at);
        scene.schedule.taken(scene.batch, 1, 0);
    }
    assert!(scene.schedule.timers.deadlines.len() < 200);
    assert_eq!(scene.schedule.jobs.len(), 0);
}

#[test]
fn ids_of_ended_jobs_do_not_pile_up_behind_a_waiting_one() {
    let mut settings = wide();
    settings.host.in_flight = 1.into();
    let mut scene = Scene::new(settings);
    scene.push("a", [0, 1]);
    assert_eq!(scene.start(), Some(0));
    for job in 2..5_000 {
        let id = scene.schedule.push(scene.batch, &host("a"), job, scene.now);
        assert!(scene.schedule.cancel(id, scene.now));
        scene.ended();
    }
    scene.schedule.recount([].iter(), scene.now);
    scene.done(0);
    assert_eq!(scene.start_all(), [1]);
}

#[test]
fn an_abandoned_batch_is_gone_when_its_last_job_has_run() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0, 1, 2, 3]);
    scene.schedule.settings.in_flight = 2;
    assert_eq!(scene.start_all(), [0, 1]);
    scene
        .schedule
        .push_ended(scene.batch, 9, EndReason::Deadline);
    let mut dropped: Vec<u32> = scene
        .schedule
        .abandon(scene.batch, scene.now)
        .into_iter()
        .map(|(job, _)| job)
        .collect();
    dropped.sort_unstable();
    assert_eq!(dropped, [2, 3, 9]);
    assert_eq!(scene.schedule.batches.len(), 1);
    assert_eq!(scene.retry(0, 100), Some(0), "nobody wants it");
    scene.done(1);
    assert_eq!(scene.at(1_000).start(), None);
    scene.schedule.watch(scene.now, Vec::new);
    scene.forget_hosts();
    assert_eq!(scene.schedule.is_bare(), Ok(()));
    assert!(scene.schedule.is_over(scene.batch));
}

#[test]
fn a_job_for_a_batch_that_is_gone_is_handed_on() {
    let mut scene = Scene::new(wide());
    assert!(scene.schedule.abandon(scene.batch, scene.now).is_empty());
    scene.push("a", [0]);
    scene
        .schedule
        .push_ended(scene.batch, 1, EndReason::Cancelled);
    let handed_on = scene.schedule.undelivered();
    assert_eq!(
        handed_on,
        [(0, EndReason::Cancelled), (1, EndReason::Cancelled)]
    );
    assert_eq!(scene.start(), None);
    assert_eq!(scene.schedule.is_bare(), Ok(()));
}

#[test]
fn a_job_that_ends_in_a_batch_without_a_caller_is_returned() {
    let mut scene = Scene::with(
        wide(),
        Bounds {
            max_delay: None,
            delivered: true,
            ..bounds()
        },
    );
    scene.push("a", [0, 1]);
    assert_eq!(scene.start(), Some(0));
    scene
        .schedule
        .end_queued_of(None, &EndReason::Cancelled, scene.now);
    assert!(scene.schedule.has_news());
    assert_eq!(scene.schedule.undelivered(), [(1, EndReason::Cancelled)]);
    scene.push("a", [2]);
    assert_eq!(scene.start(), Some(2), "it takes more");
}

#[test]
fn a_job_without_a_permit_keeps_its_place_in_the_window() {
    let mut settings = wide();
    settings.in_flight = 1;
    settings.host.in_flight = 1.into();
    let mut scene = Scene::with(
        settings,
        Bounds {
            window: 2,
            ..bounds()
        },
    );
    scene.push("a", [0, 1]);
    assert_eq!(scene.start_all(), [0]);
    let id = scene.id(0);
    scene.schedule.release(id, scene.now);
    scene.schedule.release(id, scene.now);
    assert_eq!(scene.schedule.in_flight(), 0);
    assert_eq!(scene.start_all(), [1]);
    scene.push("a", [2]);
    scene.done(1);
    assert_eq!(
        scene.start(),
        None,
        "its place in the window is still its own"
    );
    scene.done(0);
    scene.schedule.taken(scene.batch, 1, 0);
    assert_eq!(scene.start(), Some(2));
}

#[test]
fn a_report_about_a_job_that_is_over_changes_nothing() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    scene.start_all();
    let id = scene.id(0);
    scene.done(0);
    let verdict = Verdict::Done {
        bytes: 5,
        cool: None,
        call: CallEnd::Success,
    };
    assert_eq!(
        scene
            .schedule
            .complete(id, heard(&verdict), verdict, scene.now),
        None
    );
    scene.schedule.release(id, scene.now);
    scene.schedule.connected(id);
    assert!(scene.schedule.withdraw(id, 1.0, scene.now));
    assert_eq!(scene.start(), None);
}
