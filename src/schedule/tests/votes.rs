//! Votes of a client for the rest of a host, starts on trial, and jobs that are given back meanwhile.

use crate::settings::{BreakerSettings, RateLimit};

use super::*;

const REST: Duration = Duration::from_secs(5);

/// Scene whose limiter gives hosts their rests. The breaker of a host opens after two failures.
fn voting(rate: Option<RateLimit>, breaker: BreakerSettings) -> Scene {
    Scene::new(ScheduleSettings {
        shared_rests: true,
        host: HostLimits {
            breaker: Some(breaker.min_calls(2)),
            ..granted::shared(rate).host
        },
        ..wide()
    })
}

fn scene() -> Scene {
    voting(None, BreakerSettings::new())
}

/// Takes the news, and returns those that are not about slots.
fn told(scene: &mut Scene) -> Vec<LimiterNews> {
    let news = scene.schedule.limiter_news(scene.now);
    let is_told = |news: &LimiterNews| !matches!(news, LimiterNews::Wanted(_));
    news.into_iter().filter(is_told).collect()
}

fn judged(failing: bool) -> Vec<LimiterNews> {
    let (host, rest) = (host("a"), REST);
    vec![LimiterNews::Judged {
        host,
        failing,
        rest,
    }]
}

fn trial_ended(succeeded: bool) -> LimiterNews {
    let host = host("a");
    LimiterNews::TrialEnded { host, succeeded }
}

fn answer(scene: &mut Scene, answer: SlotAnswer) {
    scene.schedule.limiter_news(scene.now);
    scene.schedule.answer(Some(&host("a")), answer, scene.now);
}

/// Opens the host for a quarter of a second.
fn grant(scene: &mut Scene) {
    let granted = SlotAnswer::Granted {
        at: scene.now,
        count: 1,
    };
    answer(scene, granted);
}

fn grant_trial(scene: &mut Scene) {
    let trial = SlotAnswer::Trial { at: scene.now };
    answer(scene, trial);
}

/// Has two calls fail, so that the breaker opens.
fn trip(scene: &mut Scene, jobs: [u32; 2]) {
    scene.push("a", jobs);
    grant(scene);
    assert_eq!(scene.start_all(), jobs);
    jobs.into_iter().for_each(|job| scene.fail(job));
}

#[test]
fn a_client_that_calls_a_host_says_so_every_two_seconds() {
    let mut scene = scene();
    for (job, at, votes) in [
        (0, 0, 1),
        (1, 100, 0),
        (2, 1_999, 0),
        (3, 2_000, 1),
        (4, 3_000, 0),
    ] {
        scene.at(at).push("a", [job]);
        grant(&mut scene);
        assert_eq!(scene.start(), Some(job));
        assert_eq!(told(&mut scene), [], "a start tells nothing");
        scene.done(job);
        let expected = judged(false).into_iter().take(votes).collect::<Vec<_>>();
        assert_eq!(told(&mut scene), expected, "at {at} ms");
    }
}

#[test]
fn a_breaker_that_opens_is_told_at_once() {
    let mut scene = scene();
    scene.push("a", 0..3);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [0, 1, 2]);
    scene.fail(0);
    assert_eq!(told(&mut scene), judged(false));
    scene.fail(1);
    assert_eq!(told(&mut scene), judged(true));
    scene.fail(2);
    assert_eq!(told(&mut scene), [], "it was begun before");
}

#[test]
fn calls_on_trial_of_the_own_breaker_are_told_when_they_have_decided() {
    let mut scene = scene();
    trip(&mut scene, [0, 1]);
    told(&mut scene);
    scene.at(10_000).push("a", 2..4);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [2, 3]);
    scene.done(2);
    assert_eq!(told(&mut scene), []);
    scene.done(3);
    assert_eq!(told(&mut scene), judged(false));
}

#[test]
fn a_call_that_tells_nothing_of_the_host_is_no_vote() {
    let mut scene = scene();
    scene.push("a", 0..1);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [0]);
    scene.done_with(0, 0, CallEnd::Ignored);
    assert_eq!(told(&mut scene), []);
}

#[test]
fn jobs_that_the_own_breaker_refuses_are_given_back_for_a_second() {
    for waits in [false, true] {
        let mut scene = voting(None, BreakerSettings::new().wait(waits));
        scene.push("a", 0..2);
        grant(&mut scene);
        assert_eq!(scene.start_all(), [0, 1]);
        scene.push("a", [10]);
        scene.fail(0);
        scene.fail(1);
        scene.push("a", [11]);
        let ended = scene.ended();
        assert_eq!(ended.len(), 2, "wait({waits})");
        for (_, why) in ended {
            let EndReason::GivenBack { until: Some(until) } = why else {
                panic!("{why:?}");
            };
            assert_eq!(until - scene.now, ms(1_000), "others may try it sooner");
        }
    }
}

#[test]
fn a_retry_that_is_due_while_the_breaker_is_open_is_given_back() {
    let mut scene = scene();
    scene.push("a", 0..3);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [0, 1, 2]);
    scene.fail(0);
    scene.fail(1);
    assert_eq!(scene.retry(2, 3_000), None);
    let until = Some(scene.begin + ms(3_000));
    assert_eq!(scene.ended(), [(2, EndReason::GivenBack { until })]);
}

#[test]
fn one_job_starts_on_trial_and_its_end_is_told() {
    for succeeded in [true, false] {
        for rate in [None, Some(RateLimit::per_second(100))] {
            let mut scene = voting(rate, BreakerSettings::new());
            scene.push("a", 0..5);
            grant_trial(&mut scene);
            assert_eq!(scene.start_all(), [0]);
            match succeeded {
                true => scene.done(0),
                false => scene.fail(0),
            }
            let news = told(&mut scene);
            assert_eq!(news[0], trial_ended(succeeded));
            assert_eq!(news[1..], judged(false));
        }
    }
}

#[test]
fn the_end_of_a_job_that_started_before_a_trial_is_not_that_of_the_trial() {
    let mut scene = scene();
    scene.push("a", 0..3);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [0, 1, 2]);
    scene.at(1_000).push("a", 3..5);
    grant_trial(&mut scene);
    assert_eq!(scene.start_all(), [3]);
    scene.done(0);
    assert_eq!(told(&mut scene), judged(false));
    scene.done(3);
    assert_eq!(told(&mut scene), [trial_ended(true)]);
}

#[test]
fn a_trial_that_tells_nothing_of_the_host_is_not_told() {
    let mut scene = scene();
    scene.push("a", 0..1);
    grant_trial(&mut scene);
    assert_eq!(scene.start_all(), [0]);
    scene.done_with(0, 0, CallEnd::Ignored);
    assert_eq!(told(&mut scene), []);
}

#[test]
fn a_trial_is_void_a_second_after_it_was_permitted() {
    let mut scene = scene();
    scene.push("a", 0..1);
    grant_trial(&mut scene);
    assert_eq!(scene.at(1_000).start(), None);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [0]);
    scene.done(0);
    assert_eq!(told(&mut scene), judged(false));
}

#[test]
fn starts_that_were_granted_before_a_trial_are_void() {
    let mut scene = voting(Some(RateLimit::per_second(10)), BreakerSettings::new());
    scene.push("a", 0..5);
    let granted = SlotAnswer::Granted {
        at: scene.now + ms(100),
        count: 3,
    };
    answer(&mut scene, granted);
    grant_trial(&mut scene);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(scene.at(500).start(), None);
}

#[test]
fn a_limiter_that_gives_no_rests_is_told_nothing_and_the_breaker_ends_jobs() {
    let mut scene = Scene::new(ScheduleSettings {
        host: HostLimits {
            breaker: Some(BreakerSettings::new().min_calls(2)),
            ..granted::shared(None).host
        },
        ..wide()
    });
    scene.push("a", 0..2);
    grant(&mut scene);
    assert_eq!(scene.start_all(), [0, 1]);
    scene.push("a", [10]);
    scene.fail(0);
    scene.fail(1);
    assert_eq!(told(&mut scene), []);
    assert!(matches!(
        scene.ended()[..],
        [(10, EndReason::BreakerOpen { .. })]
    ));
}
