//! Limits on the starts of a host: limits, cooling, rates, breakers, budgets, rules. Also the time when a host is
//! forgotten.

use crate::settings::{BreakerSettings, RateLimit, RateLimits, RetryBudget};

use super::super::limits::LimitRule;
use super::*;

fn each_host(limits: HostLimits) -> Scene {
    Scene::new(ScheduleSettings {
        host: limits,
        ..wide()
    })
}

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
fn limits_in_flight_hold_for_each_host_and_in_all() {
    let mut scene = Scene::new(ScheduleSettings {
        in_flight: 3,
        host: HostLimits {
            in_flight: 2.into(),
            ..HostLimits::default()
        },
        ..wide()
    });
    scene.push("a", 0..9);
    scene.push("b", 10..19);
    assert_eq!(scene.start_all(), [0, 10, 1]);
    assert_eq!(scene.schedule.in_flight(), 3);
    scene.done(10);
    assert_eq!(scene.start_all(), [11]);
    scene.done(0);
    scene.done(1);
    assert_eq!(scene.start_all(), [2, 12]);
}

#[test]
fn a_host_without_a_connection_gets_few_workers_while_another_has_jobs() {
    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 2,
        in_flight: 8,
        ..wide()
    });
    scene.push("a", 0..10);
    scene.push("b", 10..12);
    scene.push("c", 20..30);
    assert_eq!(scene.start_all().len(), 8);
    let running =
        |scene: &Scene, jobs: std::ops::Range<u32>| jobs.filter(|job| scene.runs(*job)).count();
    assert_eq!(
        running(&scene, 0..10),
        3,
        "when no other host is below its bound"
    );
    assert_eq!(running(&scene, 20..30), 3);

    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 2,
        in_flight: 8,
        ..wide()
    });
    scene.push("a", 0..10);
    scene.push("b", 10..20);
    assert_eq!(scene.start_all()[..4], [0, 10, 1, 11]);
    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 2,
        in_flight: 8,
        ..wide()
    });
    scene.push("a", 0..10);
    scene.push("b", 10..20);
    for job in [0, 10, 1, 11] {
        assert_eq!(scene.start(), Some(job));
    }
    let id = scene.id(10);
    scene.schedule.connected(id);
    assert_eq!(
        scene.start_all(),
        [12, 13, 14, 15],
        "all that are left go to b"
    );
}

#[test]
fn a_host_without_a_connection_gets_every_worker_where_no_other_has_jobs() {
    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 2,
        ..wide()
    });
    scene.push("a", 0..5);
    assert_eq!(scene.start_all(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_response_head_of_any_status_proves_that_a_connection_stood() {
    let mut scene = Scene::new(ScheduleSettings {
        slow_start: 1,
        in_flight: 4,
        ..wide()
    });
    scene.push("a", 0..5);
    scene.push("b", 10..20);
    assert_eq!([scene.start(), scene.start()], [Some(0), Some(10)]);
    scene.hangs(0, 5);
    assert!(scene.schedule.hosts.values().all(|host| !host.proven));
    assert_eq!(scene.start(), Some(1));
    scene.ends(1, HEAD);
    let proven = scene.schedule.hosts.values().filter(|host| host.proven);
    assert_eq!(proven.count(), 1);
}

#[test]
fn vector_134_a_pause_holds_for_the_host_that_asked_for_it_alone() {
    let mut scene = Scene::new(ScheduleSettings {
        in_flight: 10,
        ..wide()
    });
    scene.push("a", 0..50);
    scene.push("b", 100..150);
    assert_eq!(scene.start(), Some(0));
    scene.retry_with(0, 2_000, None, Some(2_000));
    let mut started = Vec::new();
    for at in 0..100 {
        let now = scene.at(at).start_all();
        now.iter().for_each(|job| scene.done(*job));
        scene.schedule.taken(scene.batch, now.len(), 0);
        started.extend(now);
    }
    assert_eq!(started, (100..150).collect::<Vec<_>>());
    assert_eq!(scene.wakes_at(), Some(2_000), "and nobody looks before");
    assert_eq!(scene.at(1_999).start(), None);
    assert_eq!(scene.at(2_000).start_all().len(), 10);
}

#[test]
fn a_pause_asked_for_with_the_last_answer_of_a_request_counts_too() {
    let mut scene = Scene::new(wide());
    scene.push("a", [1, 2]);
    assert_eq!(scene.start(), Some(1));
    let cool = Some(scene.begin + ms(700));
    let verdict = Verdict::Done {
        bytes: 0,
        cool,
        call: CallEnd::Ignored,
    };
    scene.complete(1, verdict);
    assert_eq!((scene.start(), scene.wakes_at()), (None, Some(700)));
    assert_eq!(scene.at(700).start(), Some(2));
}

#[test]
fn a_shorter_pause_does_not_shorten_a_longer_one() {
    let mut scene = Scene::new(wide());
    scene.push("a", [1, 2, 3]);
    scene.start_all();
    scene.retry_with(1, 0, None, Some(900));
    scene.retry_with(2, 0, None, Some(400));
    assert_eq!(scene.at(400).start(), None);
    assert_eq!(scene.at(900).start_all().len(), 2);
}

#[test]
fn a_rate_over_all_hosts_spaces_every_start_retries_and_redirects_too() {
    let mut scene = Scene::new(ScheduleSettings {
        rate: RateLimit::per_second(10).into(),
        ..wide()
    });
    scene.push("a", [1, 2]);
    scene.push("b", [3]);
    assert_eq!((scene.start_all(), scene.wakes_at()), (vec![1], Some(100)));
    scene.retry(1, 100);
    assert_eq!(scene.at(99).start(), None);
    assert_eq!(scene.at(100).start_all(), [3]);
    scene.redirect(3, "c", 100);
    let rest: Vec<_> = (1..40)
        .flat_map(|at| scene.at(100 + at * 10).start_all())
        .collect();
    assert_eq!(rest.len(), 3);
    assert_eq!(scene.wakes_at(), None, "nothing waits for it");
}

#[test]
fn a_host_that_waits_for_its_rate_holds_nothing() {
    let mut scene = Scene::with(
        ScheduleSettings {
            in_flight: 2,
            ..wide()
        },
        Bounds {
            window: 4,
            ..bounds()
        },
    );
    let rule = LimitRule {
        rate: Some(RateLimit::per_second(10).into()),
        ..LimitRule::default()
    };
    scene
        .schedule
        .settings
        .rules
        .insert("a".parse().unwrap(), rule);
    scene.push("a", 0..4);
    assert_eq!(scene.start_all(), [0]);
    scene.done(0);
    assert_eq!(scene.room(), 3, "those that wait for it are parked");
    scene.push("b", 10..13);
    assert_eq!(scene.start_all(), [10, 11]);
    assert_eq!(scene.wakes_at(), Some(100));
    assert_eq!(scene.at(100).start(), None, "both places are taken");
    scene.done(10);
    assert_eq!(scene.start(), Some(1));
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

#[test]
fn vector_112_the_budget_of_each_host_fills_with_its_requests_and_with_time() {
    let mut scene = each_host(HostLimits {
        budget: Some(RetryBudget {
            reserve: 10.0,
            ..RetryBudget::default()
        }),
        ..HostLimits::default()
    });
    scene.push("a", [0]);
    scene.push("b", [100]);
    scene.start_all();
    let granted = |scene: &mut Scene, job: u32, asked: u32| {
        let id = scene.id(job);
        let ask = |_: &u32| scene.schedule.withdraw(id, 1.0, scene.now);
        (0..asked).filter(ask).count()
    };
    assert_eq!(granted(&mut scene, 0, 11), 10);
    scene.push("a", 1..6);
    scene.start_all();
    assert_eq!(granted(&mut scene, 0, 2), 1);
    scene.at(3_000);
    assert_eq!(granted(&mut scene, 0, 4), 3);
    assert_eq!(granted(&mut scene, 100, 10), 10, "another host has its own");
}

#[test]
fn a_retry_adds_nothing_to_a_budget() {
    let mut scene = each_host(HostLimits {
        budget: Some(RetryBudget {
            reserve: 1.0,
            per_request: 1.0,
            per_second: 0.0,
        }),
        ..HostLimits::default()
    });
    scene.push("a", [0]);
    scene.start_all();
    let id = scene.id(0);
    assert!(scene.schedule.withdraw(id, 1.0, scene.now));
    scene.retry(0, 0);
    assert_eq!(scene.start_all(), [0]);
    assert!(!scene.schedule.withdraw(id, 1.0, scene.now));
}

#[test]
fn the_most_specific_rule_that_says_something_decides_each_limit() {
    let mut settings = wide();
    settings.host.in_flight = 3.into();
    settings.host.rate = RateLimit::per_second(1).into();
    let two = LimitRule {
        in_flight: Some(2.into()),
        rate: Some(RateLimits::default()),
        ..LimitRule::default()
    };
    let one = LimitRule {
        in_flight: Some(1.into()),
        ..LimitRule::default()
    };
    settings.rules.insert("*.example.com".parse().unwrap(), two);
    settings
        .rules
        .insert("api.example.com".parse().unwrap(), one);
    let mut scene = Scene::new(settings);
    scene.push("api.example.com", 0..9);
    scene.push("www.example.com", 10..19);
    scene.push("example.org", 20..29);
    let mut started = scene.start_all();
    started.sort_unstable();
    assert_eq!(
        started,
        [0, 10, 11, 20],
        "1 at once; 2 at once; 1 each second"
    );
}

#[test]
fn an_idle_host_is_forgotten_unless_it_still_matters() {
    let mut scene = Scene::new(wide());
    let minute = 60_000;
    scene.push("a", [0]);
    scene.start_all();
    scene.done(0);
    assert_eq!(
        scene.schedule.hosts.len(),
        1,
        "it is remembered for a while"
    );
    scene.push("b", [1]);
    assert_eq!(scene.at(9 * minute).start_all(), [1]);
    scene.complete(
        1,
        Verdict::Done {
            bytes: 0,
            cool: Some(scene.begin + ms(30 * minute)),
            call: CallEnd::Ignored,
        },
    );
    assert_eq!(scene.schedule.hosts.len(), 2);
    assert_eq!(scene.wakes_at(), None, "and wakes nobody");
    scene.push("c", [2]);
    assert_eq!(scene.at(29 * minute).start_all(), [2]);
    scene.done(2);
    assert_eq!(scene.schedule.hosts.len(), 2, "a is forgotten, b cools");
    scene.push("c", [3]);
    assert_eq!(scene.at(40 * minute).start_all(), [3]);
    scene.done(3);
    assert_eq!(scene.schedule.hosts.len(), 1, "when another goes idle");
}

#[test]
fn a_host_is_remembered_to_answer_while_it_has_no_request() {
    let mut scene = Scene::new(wide());
    let answering = |scene: &Scene| scene.schedule.hosts.values().all(|host| host.answering);
    scene.push("a", [0]);
    scene.start_all();
    scene.done(0);
    scene.at(599_000).push("a", [1]);
    assert!(answering(&scene));
    scene.start_all();
    scene.done(1);
    scene.forget_hosts();
    scene.push("a", [2]);
    assert!(!answering(&scene));
}

#[test]
fn of_many_idle_hosts_only_the_last_are_remembered() {
    let mut scene = Scene::new(wide());
    for at in 0..20_000 {
        scene.push(&format!("h{at}"), [at]);
        let start = scene.schedule.poll(scene.now).unwrap();
        let verdict = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Success,
        };
        let back = scene.schedule.complete(start.id, HEAD, verdict, scene.now);
        assert_eq!(back, None);
        scene.schedule.taken(scene.batch, 1, 0);
    }
    assert!(scene.schedule.hosts.len().abs_diff(1 << 10) <= 1);
    assert!(scene.schedule.hosts.by_name.contains_key(&host("h19999")));
    assert!(
        scene.schedule.timers.watching.len() <= 3 << 10,
        "no timer is left behind"
    );
}

#[test]
fn any_number_of_hosts_one_after_another_takes_no_more_memory() {
    let mut scene = each_host(HostLimits {
        budget: Some(RetryBudget {
            per_second: 0.0,
            ..RetryBudget::default()
        }),
        breaker: Some(BreakerSettings {
            window: Duration::from_secs(86_400),
            ..BreakerSettings::default()
        }),
        ..HostLimits::default()
    });
    let most = 1 << 16;
    for at in 0..100_000 * sim::scale() as u32 {
        scene
            .schedule
            .push(scene.batch, &host(&format!("h{at}")), at, scene.now);
        let start = scene.schedule.poll(scene.now).unwrap();
        let verdict = Verdict::Done {
            bytes: 0,
            cool: None,
            call: CallEnd::Success,
        };
        // The host's breaker remembers the call for a day.
        assert_eq!(
            scene
                .schedule
                .complete(start.id, heard(&verdict), verdict, scene.now),
            None
        );
        scene.schedule.taken(scene.batch, 1, 0);
        assert!(scene.schedule.hosts.len() <= most + 1);
    }
    assert_eq!(
        scene.schedule.hosts.by_name.len(),
        scene.schedule.hosts.len()
    );
}
