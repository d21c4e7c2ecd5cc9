//! Pace of a host after its requests could not start for some time.

use super::*;

/// Fleets of so many workers at so many starts a second.
const FLEETS: [(usize, u32); 4] = [(1, 100), (2, 100), (4, 10), (2, 1)];

/// Limits of all hosts together, and of each host, of so many starts a second.
pub(super) fn both(rate: u32) -> [PacedLimits; 2] {
    let rate = RateLimit::per_second(rate);
    [
        PacedLimits {
            total: vec![rate],
            per_host: Vec::new(),
        },
        PacedLimits {
            total: Vec::new(),
            per_host: vec![rate],
        },
    ]
}

/// Asserts that the first host gets 95 % of its rate, and not more than that, in the time up to now.
#[track_caller]
pub(super) fn assert_pace(fleet: &PacedFleet, rate: u32, from: Duration, what: &str) {
    let seconds: Vec<_> = (0..fleet.now.as_secs() as u32)
        .map(|second| fleet.hits_of(0, SECOND * second, SECOND * (second + 1)))
        .collect();
    let hits = fleet.hits_of(0, from, fleet.now);
    let whole = rate as usize * (fleet.now - from).as_secs() as usize;
    assert!(
        hits >= whole * 95 / 100 && hits <= whole + 2,
        "{what}: {hits} of {whole}; by seconds: {seconds:?}"
    );
}

/// Plays fleets, each with a number of workers and a rate, whose only host stands still from the fifth second on. `stop` begins the
/// standstill, `end` ends it after this time. `slack`: time until the host is to have its rate again.
fn stands_still(
    fleets: &[(usize, u32)],
    time: Duration,
    slack: Duration,
    stop: impl Fn(&mut PacedFleet),
    end: impl Fn(&mut PacedFleet),
) {
    for &(workers, rate) in fleets {
        for limits in both(rate) {
            let what = format!("{workers} workers, {rate}/s, {limits:?}");
            // A low rate needs longer until a start more or less does not count.
            let again = SECOND * 5 + time + slack;
            let length = again + if rate == 1 { SECOND * 20 } else { SECOND * 6 };
            let lines = rate as usize * length.as_secs() as usize + 50;
            let mut fleet = PacedFleet::new(workers, &limits, vec![0; lines]);
            fleet.run_until(SECOND * 5);
            stop(&mut fleet);
            fleet.run_until(SECOND * 5 + time);
            end(&mut fleet);
            fleet.run_until(length);
            assert_pace(&fleet, rate, again, &what);
        }
    }
}

#[test]
fn a_host_that_asked_for_a_pause_goes_on_at_its_rate() {
    let ask = |fleet: &mut PacedFleet| fleet.asks = Some((fleet.now, SECOND * 5));
    stands_still(&FLEETS, SECOND * 5, SECOND, ask, |_| {});
}

#[test]
fn a_host_that_asked_for_a_long_pause_goes_on_at_its_rate() {
    let ask = |fleet: &mut PacedFleet| fleet.asks = Some((fleet.now, SECOND * 40));
    stands_still(&[(2, 10)], SECOND * 40, SECOND, ask, |_| {});
}

#[test]
fn a_run_that_was_paused_goes_on_at_its_rate() {
    let set = |state| {
        move |fleet: &mut PacedFleet| {
            fleet.engine.set_state(state).expect("a state");
        }
    };
    let (stop, end) = (set(RunState::Paused), set(RunState::Running));
    stands_still(&FLEETS, SECOND * 5, SECOND, stop, end);
}

#[test]
fn a_fleet_whose_engine_was_away_goes_on_at_its_rate() {
    let set = |away| move |fleet: &mut PacedFleet| fleet.is_away = away;
    // The connections are made anew within some seconds.
    stands_still(&FLEETS, SECOND * 5, SECOND * 3, set(true), set(false));
}

/// Lines of which nine of ten are for the first host and the others for twenty further hosts.
pub(super) fn mixed(count: usize) -> Vec<usize> {
    let of = |number: usize| match number % 10 {
        9 => 1 + number / 10 % 20,
        _ => 0,
    };
    (0..count).map(of).collect()
}

#[test]
fn the_host_of_most_lines_goes_on_at_its_rate_after_a_pause_and_others_do_not_wait_for_it() {
    for workers in [1, 2, 4] {
        let [_, limits] = both(50);
        let mut fleet = PacedFleet::new(workers, &limits, mixed(1_500));
        fleet.run_until(SECOND * 3);
        fleet.asks = Some((fleet.now, SECOND * 5));
        fleet.run_until(SECOND * 20);
        let paused = fleet.hits_of(0, SECOND * 3 + SECOND / 2, SECOND * 8);
        assert_eq!(paused, 0, "{workers} workers");
        assert_pace(&fleet, 50, SECOND * 9, &format!("{workers} workers"));
        let others = fleet.hits.iter().filter(|(_, host)| *host > 0);
        let last = others.map(|(at, _)| *at).max();
        assert!(last < Some(SECOND * 8), "{workers} workers: {last:?}");
    }
}

#[test]
fn others_hardly_wait_for_a_host_of_one_start_a_second_that_has_most_lines() {
    let [_, limits] = both(1);
    for workers in [1, 4] {
        let last_of_others = |lines: Vec<usize>| {
            let expected = lines.iter().filter(|host| **host > 0).count();
            let has_limited = lines.contains(&0);
            let mut fleet = PacedFleet::new(workers, &limits, lines);
            fleet.run_until(SECOND * 20);
            let others = fleet.hits.iter().filter(|(_, host)| *host > 0);
            assert_eq!(others.clone().count(), expected, "{workers} workers");
            let limited = fleet.hits_of(0, Duration::ZERO, fleet.now);
            assert!(!has_limited || limited >= 19, "{limited} of the host");
            others.map(|(at, _)| *at).max().unwrap_or_default()
        };
        // Each of the other hosts has ten lines, so that its own rate takes ten seconds.
        let lines = mixed(2_000);
        let alone: Vec<_> = lines.iter().copied().filter(|host| *host > 0).collect();
        let (alone, mixed) = (last_of_others(alone), last_of_others(lines));
        assert!(mixed <= alone.mul_f64(1.2), "{mixed:?}, alone {alone:?}");
    }
}

#[test]
fn a_pause_reaches_all_workers_within_half_a_second_where_no_rate_is_set() {
    let limits = PacedLimits {
        total: Vec::new(),
        per_host: Vec::new(),
    };
    for workers in [1, 2, 4] {
        // Every other request is for the host that asks for a pause.
        let lines = (0..9_000 * workers).map(|number| number % 2).collect();
        let mut fleet = PacedFleet::new(workers, &limits, lines);
        fleet.run_until(SECOND);
        fleet.asks = Some((fleet.now, SECOND * 5));
        fleet.run_until(SECOND * 8);
        let asked = fleet.hits_of(0, Duration::ZERO, SECOND);
        assert!(asked > 100, "{workers} workers: {asked} before");
        let paused = fleet.hits_of(0, SECOND + SECOND / 2, SECOND * 6);
        assert_eq!(paused, 0, "{workers} workers");
        let others = fleet.hits_of(1, SECOND + SECOND / 2, SECOND * 6);
        assert!(others > 1_000, "{workers} workers: {others} meanwhile");
        let after = fleet.hits_of(0, SECOND * 6, SECOND * 8);
        assert!(after > 100, "{workers} workers: {after} after");
    }
}
