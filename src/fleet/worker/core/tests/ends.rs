//! Ends of workers whose engine was in trouble before.

use super::*;

const NO_RECORD: &[u8] = b"{}";

/// Leases an entry, and takes its outcome.
fn outcome(core: &mut WorkerCore, now: Instant) {
    lease(core, 1..=1, now);
    let handed = core.take_handed(now).remove(0);
    core.request_was_read(handed.key, &host("h"), false, now);
    assert_eq!(core.may_start(handed.key, now, now), StartAnswer::Now);
    core.ended(handed.key, ResultClass::Success, NO_RECORD.to_vec(), now);
}

/// Lets the beat and the settle thread run until a time. `settle`: answer to calls that settle.
fn pass(
    core: &mut WorkerCore,
    (from, until): (Instant, Instant),
    settle: &dyn Fn() -> Result<SettleReply, EngineError>,
) {
    let mut now = from;
    while now < until && core.is_over().is_none() {
        if let NextCall::Call(call) = core.next_beat(now) {
            let (state, workers) = (RunState::Running, 1);
            core.beat_done(&call, &Ok(BeatReply::Member { state, workers }), now);
        }
        if let NextCall::Call(call) = core.next_settle(now) {
            core.settle_done(call, settle().map(SettleAnswer::Settled), now);
        }
        let _ = core.orders(now);
        now += SECOND / 10;
    }
}

fn full() -> Result<SettleReply, EngineError> {
    Ok(SettleReply::Full)
}

fn away() -> Result<SettleReply, EngineError> {
    Err(EngineError::Away("h: no answer".to_owned()))
}

fn settled() -> Result<SettleReply, EngineError> {
    Ok(SettleReply::Settled(vec![true]))
}

/// Outcome whose lane has no room, or no server, for this time.
fn in_trouble(
    seconds: u32,
    trouble: &dyn Fn() -> Result<SettleReply, EngineError>,
) -> (WorkerCore, Instant) {
    let (mut core, begin) = member(8);
    outcome(&mut core, begin);
    let now = begin + SECOND * seconds;
    pass(&mut core, (begin, now), trouble);
    assert_eq!(core.is_over(), None);
    (core, now)
}

#[test]
fn results_that_nobody_collected_for_long_leave_a_worker_its_grace() {
    let (mut core, told) = in_trouble(700, &full);
    core.drain(SECOND * 10, told);
    pass(&mut core, (told, told + SECOND * 9), &full);
    assert_eq!(core.is_over(), None);
    let late = told + SECOND * 9;
    pass(&mut core, (late, late + SECOND * 2), &settled);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
    assert_eq!((core.figures().success, core.unsettled()), (1, 0));
}

#[test]
fn results_that_nobody_collected_for_long_are_waited_for_after_a_cancel() {
    let (mut core, told) = in_trouble(700, &full);
    core.note_state(0, RunState::Cancelled, told);
    let late = told + SECOND * 599;
    pass(&mut core, (told, late), &full);
    assert_eq!(core.is_over(), None);
    pass(&mut core, (late, late + SECOND * 2), &full);
    assert_eq!(core.is_over(), Some(&CoreEnd::Full));
    assert_eq!(core.unsettled(), 1);
}

#[test]
fn a_server_that_was_away_for_long_leaves_a_worker_its_grace() {
    let (mut core, told) = in_trouble(595, &away);
    core.drain(SECOND * 30, told);
    let late = told + SECOND * 29;
    pass(&mut core, (told, late), &away);
    assert_eq!(core.is_over(), None);
    pass(&mut core, (late, late + SECOND * 2), &settled);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
    assert_eq!((core.figures().success, core.unsettled()), (1, 0));
}

#[test]
fn a_worker_that_is_told_to_end_settles_at_once_after_calls_that_failed() {
    let (mut core, told) = in_trouble(100, &away);
    core.drain(Duration::ZERO, told);
    pass(&mut core, (told, told + SECOND), &settled);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
    assert_eq!(core.unsettled(), 0);
}

#[test]
fn a_worker_whose_server_comes_back_at_the_end_of_its_grace_settles() {
    let (mut core, told) = in_trouble(100, &away);
    core.drain(SECOND * 100, told);
    let late = told + SECOND * 101;
    pass(&mut core, (told, late), &away);
    assert_eq!(core.is_over(), None);
    pass(&mut core, (late, late + SECOND), &settled);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
    assert_eq!(core.unsettled(), 0);
}

#[test]
fn outcomes_that_are_not_settled_when_a_worker_must_end_are_counted() {
    let (mut core, told) = in_trouble(10, &away);
    core.drain(SECOND, told);
    pass(&mut core, (told, told + SECOND * 4), &away);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
    assert_eq!(core.unsettled(), 1);
}

#[test]
fn a_process_that_was_stopped_beyond_its_grace_still_makes_its_last_calls() {
    let (mut core, told) = in_trouble(1, &away);
    core.drain(SECOND, told);
    let woken = told + SECOND * 300;
    assert!(core.orders(woken).cut_off);
    assert_eq!(core.is_over(), None);
    pass(&mut core, (woken, woken + SECOND), &settled);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
    assert_eq!(core.unsettled(), 0);
}

#[test]
fn a_worker_that_is_done_ends_in_order_if_its_run_is_removed_before_it_has_left() {
    let (mut core, now) = member(8);
    outcome(&mut core, now);
    core.drain(SECOND, now);
    let NextCall::Call(call) = core.next_settle(now) else {
        panic!("an outcome waits");
    };
    core.settle_done(call, settled().map(SettleAnswer::Settled), now);
    let NextCall::Call(call) = core.next_beat(now) else {
        panic!("it is to leave");
    };
    assert!(call.leaves);
    core.beat_done(&call, &Err(EngineError::NoRun), now);
    assert_eq!(core.is_over(), Some(&CoreEnd::Drained));
}

#[test]
fn a_worker_that_cannot_save_bodies_hands_back_what_was_not_started() {
    let (mut core, now) = member(30);
    lease(&mut core, 1..=3, now);
    let handed = core.take_handed(now);
    for entry in &handed {
        assert!(core.request_was_read(entry.key, &host("h"), false, now));
    }
    assert_eq!(core.may_start(handed[0].key, now, now), StartAnswer::Now);
    core.cannot_save("cannot save to d/f".to_owned(), now);
    assert_eq!(core.may_start(handed[1].key, now, now), StartAnswer::Never);
    let NextCall::Wait(_) = core.next_lease(now) else {
        panic!("it leases no more");
    };
    let undone = |attempts| UndoneEntry {
        delay: Duration::ZERO,
        attempts,
        is_repeatable: true,
    };
    for (entry, attempts) in handed.iter().zip([1, 0, 0]) {
        assert!(core.undone(entry.key, undone(attempts), now));
    }
    let NextCall::Call(call) = core.next_settle(now) else {
        panic!("entries are to be parked");
    };
    let SettleStep::Park { entries, .. } = call.step else {
        panic!("{call:?}");
    };
    let attempts: Vec<_> = entries.iter().map(|entry| entry.attempts).collect();
    assert_eq!(attempts, [1, 0, 0], "the attempt that was made counts");
    assert!(core.orders(now + SECOND).cut_off);
}
