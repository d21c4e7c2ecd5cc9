//! Single events of the roster; `history` plays random ones, `orders` real threads in chosen orders.

mod history;
mod orders;

use super::*;

/// Reads a number from the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Factor by which `HAUL_SCALE` multiplies the number of histories and orders.
fn scale() -> u64 {
    number("HAUL_SCALE").unwrap_or(1).max(1)
}

/// Roster and the time of its events, while no worker is returning.
struct Scene {
    roster: Roster,
    now: Instant,
}

impl Scene {
    /// Roster of `live` busy workers.
    fn of(limit: usize, live: usize) -> Scene {
        let mut scene = Scene {
            roster: Roster::new(limit),
            now: Instant::now(),
        };
        for _ in 0..live {
            assert_eq!(scene.call(Demand::Now), WakeAction::Start);
            scene.roster.worker_started();
        }
        scene
    }

    /// Returns the time `seconds` after the beginning of the scene.
    fn at(&self, seconds: u64) -> Instant {
        self.now + Duration::from_secs(seconds)
    }

    fn call(&mut self, demand: Demand) -> WakeAction {
        self.roster.call(demand, self.now, || false)
    }

    /// A busy worker finds no job and waits.
    fn wait(&mut self, until: Option<Instant>) -> IdleRole {
        let (role, wake) = self.roster.begins_waiting(until);
        assert_eq!(wake, WakeAction::None);
        role
    }
}

#[test]
fn a_job_starts_the_first_worker() {
    assert_eq!(Scene::of(2, 0).call(Demand::Now), WakeAction::Start);
}

#[test]
fn a_wake_up_starts_a_worker_that_waits_for_it() {
    let mut scene = Scene::of(2, 0);
    let wakeup = scene.at(5);
    assert_eq!(scene.call(Demand::At(wakeup)), WakeAction::Start);
}

#[test]
fn no_demand_starts_no_worker() {
    assert_eq!(Scene::of(2, 0).call(Demand::None), WakeAction::None);
}

#[test]
fn workers_are_started_one_at_a_time() {
    let mut scene = Scene::of(2, 0);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    assert_eq!(scene.call(Demand::Now), WakeAction::None);
    scene.roster.worker_started();
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
}

#[test]
fn no_worker_is_started_beyond_the_limit() {
    assert_eq!(Scene::of(2, 2).call(Demand::Now), WakeAction::None);
}

#[test]
fn no_worker_is_started_while_another_is_returning() {
    let mut scene = Scene::of(2, 1);
    let wake = scene.roster.call(Demand::Now, scene.now, || true);
    assert_eq!(wake, WakeAction::None);
}

#[test]
fn an_idle_worker_is_called_while_another_is_returning() {
    let mut scene = Scene::of(2, 2);
    scene.wait(None);
    let wake = scene.roster.call(Demand::Now, scene.now, || true);
    assert_eq!(wake, WakeAction::Leader);
}

#[test]
fn idle_workers_are_called_one_by_one_from_the_first() {
    let mut scene = Scene::of(3, 3);
    let roles = [None; 3].map(|until| scene.wait(until));
    assert_eq!(
        roles,
        [IdleRole::Leader, IdleRole::Follower, IdleRole::Follower]
    );
}

#[test]
fn a_job_calls_the_leader_before_a_follower() {
    let mut scene = Scene::of(2, 2);
    scene.wait(None);
    scene.wait(None);
    assert_eq!(scene.call(Demand::Now), WakeAction::Leader);
}

#[test]
fn one_call_is_enough_until_a_worker_has_woken() {
    let mut scene = Scene::of(2, 2);
    scene.wait(None);
    scene.wait(None);
    assert_eq!(scene.call(Demand::Now), WakeAction::Leader);
    assert!(!scene.roster.may_call(scene.now, || false));
    assert_eq!(scene.call(Demand::Now), WakeAction::None);
}

#[test]
fn a_leader_that_leaves_jobs_behind_calls_a_follower() {
    let mut scene = Scene::of(2, 2);
    scene.wait(None);
    scene.wait(None);
    assert_eq!(scene.call(Demand::Now), WakeAction::Leader);
    scene.roster.woken(IdleRole::Leader);
    assert_eq!(scene.call(Demand::Now), WakeAction::Follower);
}

#[test]
fn a_leader_that_takes_a_job_has_a_follower_wait_for_the_next_wake_up() {
    let mut scene = Scene::of(2, 2);
    let wakeup = scene.at(5);
    scene.wait(Some(wakeup));
    scene.wait(Some(wakeup));
    scene.roster.woken(IdleRole::Leader);
    assert_eq!(scene.call(Demand::At(wakeup)), WakeAction::Follower);
    scene.roster.woken(IdleRole::Follower);
    assert_eq!(scene.wait(Some(wakeup)), IdleRole::Leader);
}

#[test]
fn a_leader_that_is_armed_in_time_is_not_called() {
    let mut scene = Scene::of(1, 1);
    let wakeup = scene.at(5);
    scene.wait(Some(wakeup));
    for later in [wakeup, scene.at(6)] {
        assert_eq!(scene.call(Demand::At(later)), WakeAction::None);
    }
}

#[test]
fn an_earlier_wake_up_calls_the_leader() {
    for armed in [Some(5), None] {
        let mut scene = Scene::of(1, 1);
        scene.wait(armed.map(|seconds| scene.at(seconds)));
        let earlier = scene.at(4);
        assert_eq!(scene.call(Demand::At(earlier)), WakeAction::Leader);
    }
}

#[test]
fn a_follower_that_begins_to_wait_calls_a_leader_that_would_wake_too_late() {
    for armed in [Some(5), None] {
        let mut scene = Scene::of(2, 2);
        scene.wait(armed.map(|seconds| scene.at(seconds)));
        let earlier = Some(scene.at(4));
        let waits = scene.roster.begins_waiting(earlier);
        assert_eq!(waits, (IdleRole::Follower, WakeAction::Leader));
    }
}

#[test]
fn a_worker_that_is_being_started_will_wait_for_the_wake_up() {
    let mut scene = Scene::of(2, 1);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    scene.wait(None);
    let wakeup = scene.at(5);
    assert_eq!(scene.call(Demand::At(wakeup)), WakeAction::None);
}

#[test]
fn one_worker_more_may_start_for_each_that_is_blocked() {
    let mut scene = Scene::of(1, 1);
    scene.roster.worker_blocked();
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    scene.roster.worker_started();
    assert_eq!(scene.call(Demand::Now), WakeAction::None);
}

#[test]
fn a_worker_too_many_leaves_once_the_blocked_one_goes_on() {
    let mut scene = Scene::of(1, 1);
    scene.roster.worker_blocked();
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    scene.roster.worker_started();
    assert!(!scene.roster.has_surplus());
    scene.roster.worker_unblocked();
    assert!(scene.roster.has_surplus());
    scene.roster.worker_left();
    assert!(!scene.roster.has_surplus());
}

#[test]
fn a_refused_thread_is_left_to_the_workers_there_are() {
    let mut scene = Scene::of(3, 1);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    let refused = scene.roster.start_refused(0, scene.now);
    assert_eq!(refused, StartRefused::OthersWork);
    assert_eq!(scene.roster.live(), 1);
}

#[test]
fn a_refused_thread_is_asked_for_again_if_every_live_worker_is_blocked() {
    let mut scene = Scene::of(2, 1);
    scene.roster.worker_blocked();
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    let refused = scene.roster.start_refused(0, scene.now);
    assert!(matches!(refused, StartRefused::AskAgain(_)), "{refused:?}");
}

#[test]
fn no_thread_is_asked_for_right_after_a_refusal() {
    let mut scene = Scene::of(3, 1);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    scene.roster.start_refused(0, scene.now);
    assert_eq!(scene.call(Demand::Now), WakeAction::None);
    scene.now += PAUSE;
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
}

#[test]
fn a_refused_thread_has_the_leader_armed_for_a_wake_up_that_was_left_to_it() {
    let mut scene = Scene::of(2, 1);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    scene.wait(None);
    let wakeup = scene.at(5);
    assert_eq!(scene.call(Demand::At(wakeup)), WakeAction::None);
    scene.roster.start_refused(0, scene.now);
    assert_eq!(scene.call(Demand::At(wakeup)), WakeAction::Leader);
}

#[test]
fn a_thread_is_asked_for_during_the_pause_if_every_worker_is_blocked() {
    let mut scene = Scene::of(2, 1);
    scene.roster.pause_starts(scene.at(5));
    assert_eq!(scene.call(Demand::Now), WakeAction::None);
    scene.roster.worker_blocked();
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
}

#[test]
fn the_first_worker_is_asked_for_a_limited_number_of_times() {
    let mut scene = Scene::of(2, 0);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    for (before, pause) in [100, 200, 400, 800].into_iter().enumerate() {
        let again = StartRefused::AskAgain(Duration::from_millis(pause));
        assert_eq!(scene.roster.start_refused(before, scene.now), again);
    }
    let refused = scene.roster.start_refused(4, scene.now);
    assert_eq!(refused, StartRefused::GiveUp);
    assert_eq!(scene.roster.live(), 0);
}

#[test]
fn a_first_worker_that_was_given_up_is_asked_for_once_per_request() {
    let mut scene = Scene::of(2, 0);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    scene.roster.start_refused(4, scene.now);
    assert_eq!(scene.call(Demand::Now), WakeAction::Start);
    let refused = scene.roster.start_refused(0, scene.now);
    assert_eq!(refused, StartRefused::GiveUp);
}

#[test]
fn the_end_wakes_all_idle_workers() {
    let mut scene = Scene::of(2, 2);
    scene.wait(None);
    scene.wait(None);
    let all = WakeAction::All {
        leader: true,
        followers: true,
    };
    assert_eq!(scene.call(Demand::Over), all);
}

#[test]
fn the_end_wakes_nobody_while_no_worker_is_idle() {
    assert_eq!(Scene::of(2, 1).call(Demand::Over), WakeAction::None);
}
