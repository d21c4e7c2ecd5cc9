//! Circuit breakers of hosts, and the jobs that wait for them.

use crate::settings::BreakerSettings;

use super::*;

fn breaker() -> BreakerSettings {
    BreakerSettings {
        min_calls: Some(2),
        open: ms(1_000),
        open_max: ms(1_000),
        window: ms(10_000),
        ..BreakerSettings::default()
    }
}

#[test]
fn vector_123_nothing_is_sent_while_a_breaker_is_open() {
    let mut scene = each_host(HostLimits {
        breaker: Some(breaker()),
        ..HostLimits::default()
    });
    scene.push("a", 0..4);
    scene.push("b", [10]);
    assert_eq!(scene.start(), Some(0));
    assert_eq!(scene.start(), Some(10));
    assert_eq!(scene.start(), Some(1));
    scene.fail(0);
    assert_eq!(scene.ended(), []);
    scene.fail(1);
    let refused: Vec<u32> = scene.ended().into_iter().map(|(job, _)| job).collect();
    assert_eq!(refused, [2, 3], "what is queued ends at once");
    scene.push("a", [4]);
    assert!(matches!(
        scene.ended()[..],
        [(4, EndReason::BreakerOpen { remaining })] if remaining > ms(700) && remaining <= ms(1_200)
    ));
    assert_eq!(scene.start(), None);
    // No job waits for the breaker to close; the attempt under way at b is looked at.
    assert_eq!(scene.wakes_at(), Some(10_000));
    scene.push("b", [11]);
    assert_eq!(scene.start(), Some(11), "another host is another matter");
}

#[test]
fn jobs_wait_for_the_calls_on_trial() {
    let mut scene = each_host(HostLimits {
        breaker: Some(breaker()),
        ..HostLimits::default()
    });
    let open = |scene: &mut Scene| {
        scene.push("a", [0, 1]);
        assert_eq!(scene.start_all(), [0, 1]);
        scene.fail(0);
        scene.fail(1);
    };
    open(&mut scene);
    scene.at(1_200).push("a", 10..20);
    assert_eq!(scene.start_all(), [10, 11, 12], "three on trial");
    scene.done(10);
    assert_eq!(scene.start(), None);
    scene.done(11);
    assert_eq!(scene.start_all(), (13..20).collect::<Vec<_>>());
    (12..20).for_each(|job| scene.done(job));

    scene.at(20_000);
    open(&mut scene);
    scene.at(21_200).push("a", 30..35);
    assert_eq!(scene.start_all(), [30, 31, 32]);
    scene.fail(30);
    scene.fail(31);
    let refused: Vec<u32> = scene.ended().into_iter().map(|(job, _)| job).collect();
    assert_eq!(refused, [33, 34]);
}

#[test]
fn a_call_on_trial_that_tells_nothing_gives_its_place_to_another() {
    let mut scene = each_host(HostLimits {
        breaker: Some(BreakerSettings {
            trials: 1,
            trials_to_close: 1,
            ..breaker()
        }),
        ..HostLimits::default()
    });
    scene.push("a", [0, 1]);
    scene.start_all();
    scene.fail(0);
    scene.fail(1);
    scene.at(1_200).push("a", [2, 3, 4, 5]);
    assert_eq!(scene.start_all(), [2]);
    scene.done_with(2, 0, CallEnd::Ignored);
    assert_eq!(scene.start_all(), [3]);
    let id = scene.id(3);
    scene.schedule.release(id, scene.now);
    assert_eq!(
        scene.start(),
        None,
        "its permit is free, its word still out"
    );
    scene.schedule.give_way(id, scene.now);
    assert_eq!(scene.start_all(), [4], "it waits inside the caller's code");
    scene.done(3);
    assert_eq!(scene.start(), None, "and is no longer on trial");
    scene.done(4);
    assert_eq!(scene.start(), Some(5));
}

#[test]
fn jobs_wait_for_an_open_breaker_if_their_time_allows() {
    let mut scene = each_host(HostLimits {
        breaker: Some(BreakerSettings {
            trials: 1,
            trials_to_close: 1,
            wait: true,
            ..breaker()
        }),
        ..HostLimits::default()
    });
    scene.push("a", [0, 1, 2, 3]);
    assert_eq!(
        [scene.start(), scene.start(), scene.start()],
        [Some(0), Some(1), Some(2)]
    );
    scene.fail(0);
    scene.fail(1);
    let verdict = |deadline| Verdict::Redirect {
        job: 2,
        host: host("a"),
        at: scene.now,
        deadline,
    };
    let soon = scene.now + ms(500);
    let verdict = verdict(Some(soon));
    let id = scene.id(2);
    assert_eq!(
        scene
            .schedule
            .complete(id, heard(&verdict), verdict, scene.now),
        None
    );
    let (job, why) = scene.schedule.take_ended(scene.batch).unwrap();
    assert_eq!(job, 2);
    assert!(matches!(why, EndReason::BreakerOpen { .. }), "{why:?}");
    assert_eq!(scene.start(), None);
    assert_eq!(scene.schedule.queued(), 1, "3 waits");
    let wakeup = scene.schedule.next_wakeup().unwrap();
    let rest = wakeup.duration_since(scene.now);
    assert!(rest > ms(500), "{rest:?}");
    scene.now = wakeup;
    assert_eq!(scene.start(), Some(3));
}

#[test]
fn a_call_whose_permit_is_given_back_early_still_tells_how_it_ended() {
    let mut scene = each_host(HostLimits {
        breaker: Some(BreakerSettings {
            trials: 1,
            trials_to_close: 1,
            ..breaker()
        }),
        ..HostLimits::default()
    });
    scene.push("a", [0, 1]);
    scene.start_all();
    for job in [0, 1] {
        let id = scene.id(job);
        scene.schedule.release(id, scene.now);
        scene.fail(job);
    }
    scene.push("a", [2]);
    assert_eq!(scene.start(), None, "both failures count");
    scene.at(1_200).push("a", [3, 4, 5]);
    assert_eq!(scene.start_all(), [3]);
    let id = scene.id(3);
    scene.schedule.release(id, scene.now);
    scene.done(3);
    assert_eq!(scene.start_all(), [4, 5], "so does the success on trial");
}

#[test]
fn a_retry_that_an_open_breaker_would_refuse_ends_at_once() {
    let mut scene = each_host(HostLimits {
        breaker: Some(breaker()),
        ..HostLimits::default()
    });
    scene.push("a", [0, 1]);
    scene.start_all();
    scene.fail(0);
    let verdict = |job, at| Verdict::Retry {
        job,
        at,
        deadline: None,
        cool: None,
        call: CallEnd::Failure { retry_after: None },
    };
    let soon = scene.begin + ms(200);
    scene.complete(1, verdict(1, soon));
    assert!(matches!(
        scene.ended()[..],
        [(1, EndReason::BreakerOpen { .. })]
    ));
    let mut late = each_host(scene.schedule.settings.host);
    late.push("a", [0, 1]);
    late.start_all();
    late.fail(0);
    let after = late.begin + ms(1_300);
    late.complete(1, verdict(1, after));
    assert_eq!(late.ended(), []);
    assert_eq!(late.at(1_300).start(), Some(1), "as a call on trial");
}
