//! Attempts that hang, at hosts with a breaker.

use crate::settings::BreakerSettings;

use super::*;

/// A scene in which the breaker of a host opens when most of its calls, and at least two, have failed.
fn scene() -> Scene {
    Scene::new(ScheduleSettings {
        host: HostLimits {
            breaker: Some(BreakerSettings {
                min_calls: Some(2),
                failure_ratio: 0.6,
                ..BreakerSettings::default()
            }),
            in_flight: 2.into(),
            ..HostLimits::default()
        },
        ..wide()
    })
}

impl Scene {
    /// Looks at the attempts under way. `waits_since`: time from which on all of them wait, in milliseconds after the
    /// beginning. `None`: none of them waits.
    fn look(&mut self, waits_since: Option<u64>) {
        let since = waits_since.map(|since| self.begin + ms(since));
        self.schedule.count_hanging(self.now, |_| since);
        self.schedule.recount([].iter(), self.now);
    }

    fn ended_jobs(&mut self) -> Vec<u32> {
        self.ended().into_iter().map(|(job, _)| job).collect()
    }
}

#[test]
fn attempts_without_a_byte_for_ten_seconds_open_the_breaker_before_they_end() {
    let mut scene = scene();
    scene.push("a", 0..5);
    assert_eq!(scene.start_all(), [0, 1]);
    assert_eq!(scene.wakes_at(), Some(10_000));
    assert_eq!(
        scene.schedule.next_deadline(),
        Some(scene.begin + ms(10_000))
    );
    scene.at(9_999).look(Some(0));
    assert!(scene.ended_jobs().is_empty());
    scene.at(10_000).look(Some(0));
    assert_eq!(scene.ended_jobs(), [2, 3, 4], "what waits ends at once");
    assert_eq!(scene.wakes_at(), None, "each is counted once");
    scene.push("a", [5]);
    assert_eq!(scene.ended_jobs(), [5]);
    scene.at(11_000).done(0);
    scene.push("a", [6]);
    assert_eq!(
        scene.ended_jobs(),
        [6],
        "an end from before it opened tells nothing"
    );
}

#[test]
fn a_byte_puts_the_next_look_off_until_ten_seconds_after_it() {
    let mut scene = scene();
    scene.push("a", 0..3);
    scene.start_all();
    scene.at(10_000).look(Some(4_000));
    assert!(scene.ended_jobs().is_empty());
    assert_eq!(scene.wakes_at(), Some(14_000));
    scene.at(14_000).look(Some(4_000));
    assert_eq!(scene.ended_jobs(), [2]);
}

#[test]
fn an_attempt_that_does_not_wait_for_its_host_never_hangs() {
    let mut scene = scene();
    scene.push("a", 0..3);
    scene.start_all();
    for at in 1..10 {
        assert_eq!(scene.wakes_at(), Some(u128::from(at) * 10_000));
        scene.at(at * 10_000).look(None);
    }
    assert!(scene.ended_jobs().is_empty());
    scene.done(0);
    assert_eq!(scene.start_all(), [2]);
}

#[test]
fn a_late_response_leaves_the_breaker_closed() {
    let mut scene = scene();
    scene.push("a", [0]);
    scene.start_all();
    scene.at(10_000).look(Some(0));
    scene.at(12_000).done(0);
    scene.push("a", [1, 2, 3]);
    assert_eq!(scene.start(), Some(1));
    scene.fail(1);
    assert!(scene.ended_jobs().is_empty(), "one of two has failed");
    assert_eq!(scene.start_all(), [2, 3]);
}

#[test]
fn attempts_that_have_ended_are_not_looked_at() {
    let mut scene = scene();
    scene.push("a", [0]);
    scene.start_all();
    scene.at(3_000).push("b", [1]);
    scene.start_all();
    scene.done(0);
    assert_eq!(scene.wakes_at(), Some(13_000));
    scene.retry(1, 20_000);
    assert_eq!(scene.wakes_at(), Some(20_000));
    assert!(!scene.schedule.must_look(scene.begin + ms(13_000)));
}

#[test]
fn without_a_breaker_nothing_is_looked_at() {
    let mut scene = Scene::new(wide());
    scene.push("a", [0]);
    let start = scene.schedule.poll(scene.now).unwrap();
    assert!(!start.watched);
    assert_eq!(
        (scene.wakes_at(), scene.schedule.next_deadline()),
        (None, None)
    );
}
