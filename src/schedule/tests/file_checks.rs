//! Jobs that look at a file of this machine before they are sent.

use crate::settings::{RateLimit, RateLimits};

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);

/// Settings with one start in an hour over all hosts.
fn one_in_an_hour() -> ScheduleSettings {
    ScheduleSettings {
        rate: RateLimit::new(1, HOUR).into(),
        ..wide()
    }
}

fn push(scene: &mut Scene, jobs: impl IntoIterator<Item = u32>) -> Vec<Id> {
    let files = scene.schedule.files(scene.now);
    let (schedule, batch, now) = (&mut scene.schedule, scene.batch, scene.now);
    let push = |job| schedule.push_for(batch, files, job, 0, now);
    jobs.into_iter().map(push).collect()
}

fn send(scene: &mut Scene, job: u32, name: &str) {
    send_with(scene, job, name, None);
}

fn send_with(scene: &mut Scene, job: u32, name: &str, need: Option<TokenNeed>) {
    let host = host(name);
    assert_eq!(scene.complete(job, Verdict::Send { job, host, need }), None);
}

#[test]
fn a_look_at_a_file_pays_no_rate() {
    let mut scene = Scene::new(one_in_an_hour());
    push(&mut scene, 0..100);
    assert_eq!(scene.start_all().len(), 100);
    (0..100).for_each(|job| scene.done(job));
    scene.push("a", [100]);
    assert_eq!(scene.start(), Some(100), "the rate is untouched");
}

#[test]
fn a_look_at_a_file_starts_while_the_rate_holds_back_other_jobs() {
    let mut scene = Scene::new(one_in_an_hour());
    scene.push("a", 0..3);
    push(&mut scene, 3..5);
    let mut started = scene.start_all();
    started.sort_unstable();
    assert_eq!(started, [0, 3, 4]);
    assert_eq!(scene.wakes_at(), Some(HOUR.as_millis()));
}

#[test]
fn a_look_at_a_file_pays_no_cost() {
    let mut settings = wide();
    settings.rate_cost = RateLimits::from(RateLimit::new(5, HOUR));
    let mut scene = Scene::new(settings);
    scene.schedule = scene.schedule.with_costs(|cost| *cost);
    scene.batch = scene.open(bounds());
    push(&mut scene, [3, 4, 5]);
    assert_eq!(scene.start_all(), [3, 4, 5]);
    send(&mut scene, 3, "a");
    send(&mut scene, 4, "a");
    assert_eq!(scene.start_all(), [3], "7 is above the limit");
}

#[test]
fn jobs_whose_files_are_not_there_are_sent_in_their_order() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    push(&mut scene, 1..4);
    let limited = host("a");
    let id = scene.schedule.host(&limited, scene.now);
    scene.schedule.hosts.get_mut(id).unwrap().limit = 1;
    let mut started = scene.start_all();
    started.sort_unstable();
    assert_eq!(started, [0, 1, 2, 3]);
    (1..4).for_each(|job| send(&mut scene, job, "a"));
    for job in 0..3 {
        scene.done(job);
        assert_eq!(scene.start_all(), [job + 1]);
    }
}

#[test]
fn a_job_that_is_sent_pays_the_rate() {
    let mut scene = Scene::new(one_in_an_hour());
    push(&mut scene, 0..2);
    scene.start_all();
    (0..2).for_each(|job| send(&mut scene, job, "a"));
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(scene.wakes_at(), Some(HOUR.as_millis()));
}

#[test]
fn a_job_needs_its_token_only_when_it_is_sent() {
    let mut scene = Scene::new(wide());
    push(&mut scene, 0..2);
    assert_eq!(scene.start_all(), [0, 1]);
    scene.done(0);
    let need = TokenNeed {
        source: 0,
        from: "a source".into(),
        limit: None,
    };
    send_with(&mut scene, 1, "a", Some(need));
    assert!(!scene.schedule.tokens.is_empty());
    assert!(
        scene.schedule.poll(scene.now).is_none(),
        "no token is there"
    );
    assert_eq!(scene.schedule.tokens.held(), 1);
}

#[test]
fn the_oldest_of_an_ordered_batch_looks_at_its_file_first() {
    let bounds = Bounds {
        window: 2,
        ordered: true,
        ..bounds()
    };
    let mut scene = Scene::with(one_in_an_hour(), bounds);
    push(&mut scene, 0..2);
    assert_eq!(scene.start_all(), [0]);
    send(&mut scene, 0, "a");
    let mut started = scene.start_all();
    started.sort_unstable();
    assert_eq!(started, [0], "the last place is for the oldest");
}

#[test]
fn a_batch_that_is_stopped_ends_the_jobs_that_wait_and_those_that_are_to_be_sent() {
    let mut scene = Scene::new(workers(1));
    push(&mut scene, 0..2);
    assert_eq!(scene.start_all(), [0]);
    scene
        .schedule
        .end_queued_of(Some(scene.batch), &EndReason::Cancelled, scene.now);
    send(&mut scene, 0, "a");
    let ended: Vec<u32> = scene.ended().into_iter().map(|(job, _)| job).collect();
    assert_eq!(ended, [1, 0]);
}

#[test]
fn a_job_that_waits_to_look_at_its_file_can_be_cancelled() {
    let mut scene = Scene::new(wide());
    let ids = push(&mut scene, 0..2);
    assert!(scene.schedule.cancel(ids[0], scene.now));
    assert_eq!(scene.start_all(), [1]);
    assert_eq!(scene.ended(), [(0, EndReason::Cancelled)]);
}

#[test]
fn a_display_does_not_name_the_stand_in_of_files_as_a_host() {
    let mut scene = Scene::new(wide());
    push(&mut scene, 0..3);
    scene.start_all();
    assert_eq!(scene.schedule.holding(), None);
}
