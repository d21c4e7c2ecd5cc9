//! Time when a host is forgotten.

use crate::settings::{BreakerSettings, RetryBudget};

use super::*;

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
