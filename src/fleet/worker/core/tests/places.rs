//! Workers that divide places of hosts: their beats, and the wait of one that joins others.

use super::*;

/// Core of a worker that divides places, or has none to divide, and the time.
fn joining(divides_places: bool) -> (WorkerCore, Instant) {
    let now = Instant::now();
    let settings = CoreSettings {
        divides_places,
        ..settings(1, 30)
    };
    (WorkerCore::new(settings, now), now)
}

/// Time until which no entry is leased.
fn waits_until(core: &mut WorkerCore, now: Instant) -> Instant {
    match core.next_lease(now) {
        NextCall::Wait(Some(until)) => until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_worker_that_joins_others_leases_after_one_and_a_half_beats() {
    let (mut core, now) = joining(true);
    beat(&mut core, 2, now);
    assert_eq!(core.workers(), 2);
    let from = now + SECOND * 3 / 2;
    assert_eq!(waits_until(&mut core, now), from);
    beat(&mut core, 3, now + SECOND);
    assert_eq!(
        waits_until(&mut core, now + SECOND),
        from,
        "a later beat does not put it off"
    );
    assert_eq!(lease(&mut core, 1..=1, from), 64);
}

#[test]
fn a_worker_that_is_alone_or_divides_nothing_leases_at_once() {
    for (divides_places, workers) in [(true, 1), (false, 5)] {
        let (mut core, now) = joining(divides_places);
        beat(&mut core, workers, now);
        assert_eq!(lease(&mut core, 1..=1, now), 64);
    }
}

#[test]
fn a_worker_that_was_declared_dead_waits_for_its_part_again() {
    let (mut core, now) = joining(true);
    beat(&mut core, 1, now);
    lease(&mut core, 1..=1, now);
    let later = now + LEASE * 3;
    let NextCall::Call(call) = core.next_beat(later) else {
        panic!("a beat is due");
    };
    core.beat_done(&call, &Ok(BeatReply::Dead), later);
    beat(&mut core, 2, later);
    assert_eq!(waits_until(&mut core, later), later + SECOND * 3 / 2);
}

#[test]
fn workers_that_divide_places_beat_every_second() {
    for (divides_places, pause) in [(true, SECOND), (false, LEASE / 3)] {
        let (mut core, now) = joining(divides_places);
        beat(&mut core, 1, now);
        assert_eq!(core.next_beat(now), NextCall::Wait(Some(now + pause)));
    }
}
