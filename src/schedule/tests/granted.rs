//! Starts that are granted from outside, and jobs that are given back.

use crate::settings::RateLimit;

use super::*;

pub(super) fn shared(rate: Option<RateLimit>) -> ScheduleSettings {
    ScheduleSettings {
        host: HostLimits {
            rate: rate.into_iter().collect(),
            granted: true,
            ..HostLimits::default()
        },
        ..wide()
    }
}

/// Returns the numbers of slots that the scene asks for, by host.
fn wanted(scene: &mut Scene) -> Vec<(Option<String>, u32)> {
    let news = scene.schedule.limiter_news(scene.now);
    let wanted = news.into_iter().filter_map(|news| match news {
        LimiterNews::Wanted(demand) => {
            let name = demand.host.map(|host| host.name().to_owned());
            Some((name, demand.count))
        }
        _ => None,
    });
    wanted.collect()
}

fn grant(scene: &mut Scene, name: &str, at: u64, count: u32) {
    let at = scene.begin + ms(at);
    let answer = SlotAnswer::Granted { at, count };
    scene.schedule.answer(Some(&host(name)), answer, scene.now);
}

fn later(scene: &mut Scene, name: &str, at: u64, pauses: bool) {
    let at = scene.begin + ms(at);
    let answer = SlotAnswer::Later { at, pauses };
    scene.schedule.answer(Some(&host(name)), answer, scene.now);
}

fn of_a(count: u32) -> Vec<(Option<String>, u32)> {
    vec![(Some("a".to_owned()), count)]
}

#[test]
fn no_job_starts_before_a_slot_is_granted() {
    let mut scene = Scene::new(shared(Some(RateLimit::per_second(100))));
    scene.push("a", 0..3);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), of_a(3));
    grant(&mut scene, "a", 0, 2);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(scene.wakes_at(), Some(10));
    assert_eq!(scene.at(10).start_all(), [1]);
    assert_eq!(scene.at(500).start(), None);
}

#[test]
fn slots_are_asked_for_once_until_the_answer() {
    let mut scene = Scene::new(shared(Some(RateLimit::per_second(100))));
    scene.push("a", 0..3);
    assert_eq!(wanted(&mut scene), of_a(3));
    scene.push("a", 3..20);
    assert_eq!(wanted(&mut scene), []);
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(wanted(&mut scene), of_a(5), "50 ms at 100 a second");
}

#[test]
fn slots_for_fifty_milliseconds_are_asked_for_at_once() {
    for (rate, count) in [(1, 1), (20, 1), (21, 2), (1_000, 50)] {
        let mut scene = Scene::new(shared(Some(RateLimit::per_second(rate))));
        scene.push("a", 0..200);
        assert_eq!(wanted(&mut scene), of_a(count), "{rate} a second");
    }
}

#[test]
fn a_slot_is_void_a_second_after_its_time() {
    let mut scene = Scene::new(shared(Some(RateLimit::per_second(100))));
    scene.push("a", 0..1);
    assert_eq!(wanted(&mut scene), of_a(1));
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.at(1_000).start(), None);
    assert_eq!(wanted(&mut scene), of_a(1), "it is asked for anew");
    grant(&mut scene, "a", 1_000, 1);
    assert_eq!(scene.at(1_999).start_all(), [0]);
}

#[test]
fn slots_are_asked_for_anew_when_a_place_is_free_after_they_were_void() {
    let mut settings = shared(Some(RateLimit::per_second(100)));
    settings.host.in_flight = 1.into();
    let mut scene = Scene::new(settings);
    scene.push("a", 0..3);
    assert_eq!(wanted(&mut scene), of_a(3));
    grant(&mut scene, "a", 0, 3);
    assert_eq!(scene.start_all(), [0]);
    scene.at(5_000).done(0);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), of_a(2));
}

#[test]
fn a_host_without_a_rate_is_open_for_a_quarter_of_a_second_after_a_grant() {
    let mut scene = Scene::new(shared(None));
    scene.push("a", 0..4);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), of_a(1));
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.start_all(), [0, 1, 2, 3]);
    scene.at(250).push("a", 4..5);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), of_a(1));
}

#[test]
fn a_refused_host_asks_again_at_the_time_it_was_told() {
    let mut scene = Scene::new(shared(Some(RateLimit::per_second(100))));
    scene.push("a", 0..1);
    assert_eq!(wanted(&mut scene), of_a(1));
    later(&mut scene, "a", 300, false);
    assert_eq!(wanted(&mut scene), []);
    assert_eq!(scene.wakes_at(), Some(300));
    assert_eq!(scene.at(300).start(), None);
    assert_eq!(wanted(&mut scene), of_a(1));
}

#[test]
fn a_pause_voids_no_slot_and_holds_all_back() {
    let mut scene = Scene::new(shared(Some(RateLimit::per_second(10))));
    scene.push("a", 0..2);
    assert_eq!(wanted(&mut scene), of_a(1));
    grant(&mut scene, "a", 0, 1);
    later(&mut scene, "a", 400, true);
    assert_eq!(scene.at(399).start(), None);
    assert_eq!(scene.at(400).start_all(), [0]);
}

#[test]
fn a_pause_that_a_server_asks_for_is_told_to_the_limiter() {
    let mut scene = Scene::new(shared(None));
    scene.push("a", 0..1);
    wanted(&mut scene);
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.start(), Some(0));
    assert_eq!(scene.retry_with(0, 5_000, None, Some(5_000)), None);
    let news = scene.schedule.limiter_news(scene.now);
    let until = scene.begin + ms(5_000);
    let pause = LimiterNews::Pause {
        host: host("a"),
        until,
    };
    assert_eq!(news, [pause]);
}

#[test]
fn the_rate_over_all_hosts_is_granted_too() {
    let mut scene = Scene::new(ScheduleSettings {
        rate: [RateLimit::per_second(100)].into_iter().collect(),
        ..shared(None)
    });
    scene.push("a", 0..9);
    assert_eq!(wanted(&mut scene), of_a(1));
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), [(None, 5)]);
    let at = scene.now;
    let answer = SlotAnswer::Granted { at, count: 2 };
    scene.schedule.answer(None, answer, scene.now);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(scene.at(10).start_all(), [1]);
}

#[test]
fn the_rate_over_all_hosts_is_asked_for_again_at_the_time_that_was_told() {
    let mut scene = Scene::new(ScheduleSettings {
        rate: [RateLimit::per_second(100)].into_iter().collect(),
        ..shared(None)
    });
    scene.push("a", 0..1);
    wanted(&mut scene);
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), [(None, 1)]);
    let at = scene.begin + ms(50);
    let answer = SlotAnswer::Later { at, pauses: false };
    scene.schedule.answer(None, answer, scene.now);
    assert_eq!(scene.start(), None);
    assert_eq!(scene.wakes_at(), Some(50));
    assert_eq!(wanted(&mut scene), []);
    assert_eq!(scene.at(50).start(), None);
    assert_eq!(wanted(&mut scene), [(None, 1)]);
}

#[test]
fn a_refusal_beside_a_slot_is_kept_too() {
    let mut scene = Scene::new(shared(Some(RateLimit::per_second(100))));
    scene.push("a", 0..9);
    wanted(&mut scene);
    grant(&mut scene, "a", 0, 2);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(wanted(&mut scene), of_a(4));
    later(&mut scene, "a", 300, false);
    assert_eq!(wanted(&mut scene), []);
    assert_eq!(scene.at(10).start_all(), [1]);
    assert_eq!(wanted(&mut scene), []);
    assert_eq!(scene.wakes_at(), Some(300));
    assert_eq!(scene.at(300).start(), None);
    assert_eq!(wanted(&mut scene), of_a(5));
}

#[test]
fn a_longest_delay_without_end_gives_nothing_back() {
    let mut scene = Scene::new(wide());
    scene.schedule.set_max_delay(scene.batch, Duration::MAX);
    scene.push("a", 0..1);
    assert_eq!(scene.start(), Some(0));
    assert_eq!(scene.retry(0, 1_000_000), None);
    assert_eq!(scene.ended(), []);
}

#[test]
fn a_retry_that_is_due_later_than_the_longest_delay_is_given_back() {
    let mut scene = Scene::new(wide());
    scene.schedule.set_max_delay(scene.batch, ms(100));
    scene.push("a", 0..2);
    assert_eq!(scene.start_all(), [0, 1]);
    assert_eq!(scene.retry(0, 100), None);
    assert_eq!(scene.retry(1, 101), None);
    let until = Some(scene.begin + ms(101));
    assert_eq!(scene.ended(), [(1, EndReason::GivenBack { until })]);
    assert_eq!(scene.at(100).start_all(), [0]);
}

#[test]
fn the_jobs_that_would_start_last_are_given_back() {
    let mut scene = Scene::new(workers(1));
    scene.push("a", 0..5);
    scene.push("b", 5..7);
    assert_eq!(scene.start(), Some(0));
    let (batch, now) = (scene.batch, scene.now);
    assert_eq!(scene.schedule.give_back(batch, &host("a"), 2, now), 2);
    let until = None;
    let given = [4, 3].map(|job| (job, EndReason::GivenBack { until }));
    assert_eq!(scene.ended(), given);
    assert_eq!(scene.schedule.give_back(batch, &host("a"), 9, now), 2);
    assert_eq!(scene.schedule.give_back(batch, &host("c"), 9, now), 0);
    assert_eq!(scene.ended().len(), 2);
    scene.schedule.recount([].iter(), now);
}

/// Settings with this rate for a host, and another for a minute.
fn with_a_minute(rate: RateLimit) -> ScheduleSettings {
    let mut settings = shared(None);
    settings.host.rate = [rate, RateLimit::per_minute(900)].into_iter().collect();
    settings
}

#[test]
fn a_host_whose_places_are_taken_asks_for_no_slot_that_counts_in_a_longer_window() {
    let mut settings = with_a_minute(RateLimit::per_second(100));
    settings.host.in_flight = 1.into();
    let mut scene = Scene::new(settings);
    scene.push("a", 0..3);
    assert_eq!(wanted(&mut scene), of_a(1));
    grant(&mut scene, "a", 0, 1);
    assert_eq!(scene.start_all(), [0]);
    assert_eq!(wanted(&mut scene), []);
    scene.at(5_000).done(0);
    assert_eq!(scene.start(), None);
    assert_eq!(wanted(&mut scene), of_a(1));
}

#[test]
fn slots_that_count_in_a_longer_window_are_asked_for_as_far_as_places_are_free() {
    let mut settings = with_a_minute(RateLimit::per_second(100));
    settings.in_flight = 3;
    let mut scene = Scene::new(settings);
    scene.push("a", 0..9);
    assert_eq!(wanted(&mut scene), of_a(3));
    grant(&mut scene, "a", 0, 3);
    assert_eq!(scene.at(20).start_all(), [0, 1, 2]);
    assert_eq!(wanted(&mut scene), of_a(1), "one place may be free by then");
}
