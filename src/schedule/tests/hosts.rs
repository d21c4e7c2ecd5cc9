//! Limits on the starts of a host: limits, cooling, rates, budgets, rules.

use crate::settings::{RateLimit, RateLimits, RetryBudget};

use super::super::limits::LimitRule;
use super::*;

#[test]
fn limits_in_flight_hold_for_each_host_and_in_all() {
    let mut scene = Scene::new(ScheduleSettings {
        in_flight: 3,
        host: HostLimits {
            in_flight: 2,
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
    settings.host.in_flight = 3;
    settings.host.rate = RateLimit::per_second(1).into();
    let two = LimitRule {
        in_flight: Some(2),
        rate: Some(RateLimits::default()),
        ..LimitRule::default()
    };
    let one = LimitRule {
        in_flight: Some(1),
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
