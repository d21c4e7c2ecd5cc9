//! Pace of a fleet whose engine was killed, and came back with all that it had.

use super::pauses::{assert_pace, both, mixed};
use super::*;

/// Time for which the engine is away.
const AWAY: Duration = Duration::from_secs(2);

/// Time in which workers connect anew.
const RECONNECT: Duration = Duration::from_secs(3);

/// Kills the engine when entries are parked. `loses_parks`: it parks the last of them without an answer.
fn kill(fleet: &mut PacedFleet, loses_parks: bool) {
    let parked = |fleet: &PacedFleet| {
        let figures = fleet.engine.clone().figures(0).expect("a run");
        figures.parked
    };
    for worker in &mut fleet.workers {
        worker.loses_parks = loses_parks;
    }
    while parked(fleet) == 0 || (loses_parks && fleet.workers.iter().any(|w| w.lost == 0)) {
        fleet.run_until(fleet.now + STEP);
        assert!(fleet.now < SECOND * 30, "too few entries are parked");
    }
    fleet.is_away = true;
    fleet.run_until(fleet.now + AWAY);
    fleet.is_away = false;
    for worker in &mut fleet.workers {
        worker.loses_parks = false;
    }
}

#[test]
fn a_fleet_whose_engine_was_killed_goes_on_at_its_rate_and_sends_no_request_late() {
    for (workers, loses_parks) in [(1, false), (1, true), (2, false), (2, true), (4, true)] {
        let what = format!("{workers} workers, parking without an answer: {loses_parks}");
        let [_, limits] = both(50);
        // Nine of ten are for the first host, and take 27 seconds.
        let mut fleet = PacedFleet::new(workers, &limits, mixed(1_500));
        fleet.run_until(SECOND * 5);
        kill(&mut fleet, loses_parks);
        let again = fleet.now + RECONNECT;
        fleet.run_until(again + SECOND * 8);
        assert_pace(&fleet, 50, again, &what);
        fleet.run_until(SECOND * 27 + AWAY + RECONNECT + SECOND);
        assert_eq!(fleet.hits.len(), 1_500, "{what}");
    }
}
