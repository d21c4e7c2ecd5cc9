//! Times in which a fleet without faults does what it promises.

use std::time::Duration;

use crate::settings::RateLimit;

use super::history::{SimHistory, SimLine, ms};
use super::world::{SimEvent, SimWorld};

const SECOND: Duration = Duration::from_secs(1);

/// Number of lines in ten that are of a host with one start in a second.
const LIMITED: u64 = 9;

/// Time in which all requests to hosts without a limit are sent. Of ten lines, nine are of a host that has one.
fn time_of_unlimited(has_limited: bool, is_shuffled: bool) -> Duration {
    let mut rng = fastrand::Rng::with_seed(3);
    let line = |number: u64| match number % 10 < LIMITED {
        true => SimLine::good(number, 0, ms(100)),
        false => SimLine::good(number, 1 + number / 10 % 9, ms(400)),
    };
    let is_meant = |number: &u64| has_limited || number % 10 >= LIMITED;
    let mut lines: Vec<_> = (0..3_000).filter(is_meant).map(line).collect();
    if is_shuffled {
        rng.shuffle(&mut lines);
    }
    let mut history = SimHistory::undisturbed(lines, 3, 4);
    history.rate = Some(RateLimit::new(1, SECOND).burst(1));
    let mut world = SimWorld::of(history, fastrand::Rng::with_seed(3));
    world.run_until(|world| world.truth.unpaced == 300);
    world.now
}

#[test]
fn hosts_without_a_limit_take_hardly_longer_beside_one_with_a_low_rate() {
    for is_shuffled in [true, false] {
        let alone = time_of_unlimited(false, is_shuffled);
        let beside = time_of_unlimited(true, is_shuffled);
        let ratio = beside.as_secs_f64() / alone.as_secs_f64();
        assert!(ratio <= 1.2, "{alone:?} alone, {beside:?} beside it");
    }
}

#[test]
fn unsent_requests_of_a_worker_that_ends_start_elsewhere_within_a_second() {
    let (jobs, grace) = (50, 20 * SECOND);
    let lines = (0..100).map(|number| SimLine::good(number, 0, 10 * SECOND));
    let history = SimHistory::undisturbed(lines.collect(), 2, jobs);
    for seed in 0..20 {
        let mut world = SimWorld::of(history.clone(), fastrand::Rng::with_seed(seed));
        world.run_until(|world| world.truth.unpaced == jobs);
        let (first, _) = world.holder_of(0, 1).expect("a worker that has it all");
        let told = world.now + 3 * SECOND;
        world.after(3 * SECOND, SimEvent::Drain(first, grace));
        world.run_until(|world| world.truth.unpaced == 2 * jobs);
        assert!(world.now <= told + SECOND, "{:?} after {told:?}", world.now);
        world.run_until(|world| world.machines[first].process.is_none());
        assert!(world.now <= told + grace, "it left at {:?}", world.now);
    }
}
