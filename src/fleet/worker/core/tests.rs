//! Windows, hosts in the way of others, and slots without an engine.

use std::time::{Duration, Instant};

use crate::fleet::engine::{
    BeatReply, EngineError, Entry, LeaseReply, LeasedEntry, PermitReply, ResultClass, RunState,
    SettleReply,
};
use crate::host::Host;
use crate::settings::{PermittedStarts, RateLimit, WantedStarts};

mod ends;
mod lanes;
mod places;

use super::{
    CoreEnd, CoreSettings, EntryKey, LeaseAnswer, LeaseStep, NextCall, SettleAnswer, SettleStep,
    SlotKeeper, StartAnswer, UndoneEntry, WorkerCore,
};

const LEASE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

fn host(name: &str) -> Host {
    let url = format!("http://{name}/");
    Host::of(&url.parse().unwrap()).unwrap()
}

/// Core of a member, and the time.
fn member(jobs: usize) -> (WorkerCore, Instant) {
    member_of(1, jobs)
}

/// Core of a member of so many lanes, and the time.
fn member_of(lanes: u32, jobs: usize) -> (WorkerCore, Instant) {
    let now = Instant::now();
    let mut core = WorkerCore::new(settings(lanes, jobs), now);
    (0..lanes).for_each(|_| beat(&mut core, 4, now));
    (core, now)
}

fn settings(lanes: u32, jobs: usize) -> CoreSettings {
    CoreSettings {
        prefix: "node:1".to_owned(),
        seed: 1,
        lanes,
        lease: LEASE,
        jobs,
        max_deliveries: 3,
        resume_writes: false,
        grace: SECOND,
        divides_places: false,
    }
}

fn beat(core: &mut WorkerCore, workers: u32, now: Instant) {
    let NextCall::Call(call) = core.next_beat(now) else {
        panic!("a beat is due");
    };
    let state = RunState::Running;
    core.beat_done(&call, &Ok(BeatReply::Member { state, workers }), now);
}

fn leased(sequence: u64) -> LeasedEntry {
    let entry = Entry {
        sequence,
        line: b"line".to_vec(),
        key: [0; 16],
        index: sequence - 1,
        supersedes: false,
        fault: None,
    };
    LeasedEntry {
        entry,
        attempts: 0,
        deliveries: 1,
        begun_again: 0,
        intent: None,
    }
}

/// Leases entries with these numbers, and returns the number that was asked for.
fn lease(core: &mut WorkerCore, numbers: impl Iterator<Item = u64>, now: Instant) -> usize {
    let NextCall::Call(call) = core.next_lease(now) else {
        panic!("a lease is due");
    };
    let LeaseStep::Lease { most, .. } = call.step else {
        panic!("{call:?}");
    };
    let reply = LeaseReply {
        state: RunState::Running,
        is_member: true,
        entries: numbers.take(most).map(leased).collect(),
    };
    core.lease_done(&call, Ok(LeaseAnswer::Leased(reply)), now);
    most
}

#[test]
fn a_window_is_filled_when_half_of_it_is_free() {
    let (mut core, now) = member(100);
    assert_eq!(lease(&mut core, 1..=101, now), 200);
    let NextCall::Wait(_) = core.next_lease(now + SECOND) else {
        panic!("less than half is free");
    };
    let (mut core, now) = member(10_000);
    assert_eq!(lease(&mut core, 1..=500, now), 500);
    let (mut core, now) = member(1);
    assert_eq!(lease(&mut core, 1..=32, now), 64);
    assert_eq!(lease(&mut core, 33..=33, now + SECOND), 32);
}

#[test]
fn the_last_requests_of_a_slow_host_make_room_for_others() {
    let (mut core, now) = member(30);
    lease(&mut core, 1..=64, now);
    let slow = host("slow");
    for handed in core.take_handed(now) {
        assert!(core.request_was_read(handed.key, &slow, false, now));
    }
    assert!(core.orders(now).give_back.is_empty());
    let later = now + SECOND;
    let orders = core.orders(later);
    assert_eq!(orders.give_back, [(slow.clone(), 56)]);
    let again = core.orders(later).give_back;
    assert!(again.is_empty(), "they are on their way");
    core.given_back(&slow, 56, 0);
    // A further request of the host is not even handed to the client.
    let (mut core, now) = member(30);
    lease(&mut core, 1..=63, now);
    for handed in core.take_handed(now) {
        core.request_was_read(handed.key, &slow, false, now);
    }
    core.orders(now);
    let later = now + SECOND;
    assert_eq!(core.orders(later).give_back.len(), 1);
}

#[test]
fn a_window_whose_jobs_all_run_is_not_crowded() {
    let (mut core, now) = member(30);
    lease(&mut core, 1..=64, now);
    for (number, handed) in core.take_handed(now).into_iter().enumerate() {
        assert!(core.request_was_read(handed.key, &host("fast"), false, now));
        if number < 30 {
            assert_eq!(core.may_start(handed.key, now, now), StartAnswer::Now);
        }
    }
    core.orders(now);
    assert!(core.orders(now + SECOND).give_back.is_empty());
}

#[test]
fn a_worker_that_finds_no_room_for_outcomes_leases_no_more() {
    let (mut core, now) = member(1);
    lease(&mut core, 1..=1, now);
    let handed = core.take_handed(now).remove(0);
    core.request_was_read(handed.key, &host("h"), false, now);
    core.may_start(handed.key, now, now);
    let class = ResultClass::Success;
    core.ended(handed.key, class, b"record".to_vec(), now);
    let later = now + SECOND;
    let settle = |core: &mut WorkerCore, reply, at| {
        let NextCall::Call(call) = core.next_settle(at) else {
            panic!("an outcome waits");
        };
        assert!(matches!(&call.step, SettleStep::Settle(entries) if entries.len() == 1));
        core.settle_done(call, Ok(SettleAnswer::Settled(reply)), at);
    };
    settle(&mut core, SettleReply::Full, later);
    assert!(matches!(core.next_lease(later), NextCall::Wait(_)));
    let later = later + SECOND;
    settle(&mut core, SettleReply::Settled(vec![true]), later);
    assert!(matches!(core.next_lease(later), NextCall::Call(_)));
    assert_eq!(core.figures().success, 1);
}

fn wanted(count: u32) -> WantedStarts {
    WantedStarts {
        host: Some(host("h")),
        count,
        rate: Some(RateLimit::new(10, SECOND)),
        longer: Vec::new(),
    }
}

#[test]
fn a_worker_without_an_engine_uses_its_part_of_the_rate_for_one_lease() {
    let now = Instant::now();
    let mut keeper = SlotKeeper::new(LEASE, now);
    let first = wanted(2);
    assert_eq!(keeper.call(&first, now).count, 2);
    let granted = PermitReply::Granted(Duration::from_millis(50));
    let permitted = keeper.answered(&first, granted, now, now);
    let after = Duration::from_millis(50);
    assert_eq!(permitted, PermittedStarts::Granted { after, count: 2 });
    // Four workers share ten starts a second: one start in 400 ms. The two that were granted are those of 800 ms.
    let later = |millis| PermittedStarts::Later {
        after: Duration::from_millis(millis),
        pause: false,
    };
    assert_eq!(keeper.unanswered(&first, 4, now + after), later(300));
    let at = now + Duration::from_millis(400);
    let after = Duration::from_millis(450);
    let own = PermittedStarts::Granted { after, count: 1 };
    assert_eq!(keeper.unanswered(&first, 4, at), own);
    assert_eq!(keeper.unanswered(&first, 4, at), later(350));
    // The starts without an answer are told with the next question, and come off the slots that are granted.
    let call = keeper.call(&first, now + SECOND);
    assert_eq!(call.count, 3);
    let granted = PermitReply::Granted(Duration::ZERO);
    let permitted = keeper.answered(&first, granted, now + SECOND, now + SECOND);
    let after = Duration::from_millis(100);
    assert_eq!(permitted, PermittedStarts::Granted { after, count: 2 });
    assert_eq!(keeper.call(&first, now + SECOND).count, 2);
    let late = keeper.unanswered(&first, 4, now + SECOND + LEASE);
    assert!(matches!(late, PermittedStarts::Later { pause: true, .. }));
}

#[test]
fn parking_without_an_answer_is_repeated_under_a_higher_number_before_the_entry_is_sent() {
    let (mut core, now) = member(1);
    lease(&mut core, 1..=1, now);
    let handed = core.take_handed(now).remove(0);
    core.request_was_read(handed.key, &host("h"), true, now);
    let undone = UndoneEntry {
        delay: SECOND,
        attempts: 0,
        is_repeatable: true,
    };
    assert!(core.undone(handed.key, undone, now), "it was not sent");
    let park = |core: &mut WorkerCore, answer, at| {
        let NextCall::Call(call) = core.next_settle(at) else {
            panic!("an entry is to be parked");
        };
        let SettleStep::Park { number, .. } = call.step else {
            panic!("{call:?}");
        };
        assert!(matches!(core.next_lease(at), NextCall::Wait(_)), "{at:?}");
        core.settle_done(call, answer, at);
        number
    };
    let lost = Err(EngineError::Away("no answer".to_owned()));
    let first = park(&mut core, lost, now + SECOND);
    // The call that has no answer parked the entry.
    lease(&mut core, 1..=1, now + SECOND);
    assert!(core.take_handed(now + SECOND).is_empty());
    let parked = Ok(SettleAnswer::Parked(vec![true]));
    let second = park(&mut core, parked, now + SECOND * 2);
    assert!(second > first, "{second}, {first}");
    lease(&mut core, 1..=1, now + SECOND * 3);
    assert_eq!(core.take_handed(now + SECOND * 3).len(), 1);
}

#[test]
fn an_engine_that_takes_beats_and_no_outcomes_is_waited_for_ten_minutes() {
    for error in [EngineError::Busy, EngineError::Away] {
        let (mut core, begin) = member(8);
        lease(&mut core, 1..2, begin);
        let handed = core.take_handed(begin).remove(0);
        core.request_was_read(handed.key, &host("h"), false, begin);
        core.ended(handed.key, ResultClass::Success, b"{}".to_vec(), begin);
        let (mut now, mut calls) = (begin, 0);
        let end = loop {
            now += SECOND / 10;
            if let NextCall::Call(call) = core.next_beat(now) {
                let (state, workers) = (RunState::Running, 1);
                core.beat_done(&call, &Ok(BeatReply::Member { state, workers }), now);
            }
            if let NextCall::Call(call) = core.next_settle(now) {
                calls += 1;
                core.settle_done(call, Err(error("h: MISCONF".to_owned())), now);
            }
            if let Some(end) = core.is_over() {
                break end.clone();
            }
            assert!(now < begin + SECOND * 700, "it goes on after {calls} calls");
        };
        assert_eq!(end, CoreEnd::Away("h: MISCONF".to_owned()));
        assert!(now > begin + SECOND * 600, "{:?}", now - begin);
        assert!(calls > 100, "{calls}");
    }
}

#[test]
fn a_worker_that_was_stopped_for_long_does_not_take_the_engine_for_away() {
    let (mut core, begin) = member(8);
    let later = begin + SECOND * 700;
    let _ = core.orders(later);
    beat(&mut core, 1, later);
    assert_eq!(core.is_over(), None);
}

#[test]
fn a_refusal_of_further_entries_lets_those_that_run_be_settled() {
    let (mut core, now) = member(8);
    lease(&mut core, 1..2, now);
    let handed = core.take_handed(now).remove(0);
    core.request_was_read(handed.key, &host("h"), false, now);
    assert_eq!(core.may_start(handed.key, now, now), StartAnswer::Now);
    let later = now + SECOND;
    let NextCall::Call(call) = core.next_lease(later) else {
        panic!("a lease is due");
    };
    core.lease_done(&call, Err(EngineError::Refused("no right".into())), later);
    assert_eq!(core.is_over(), None);
    core.ended(handed.key, ResultClass::Success, b"{}".to_vec(), later);
    let mut settled = Vec::new();
    while let NextCall::Call(call) = core.next_settle(later) {
        let answer = match &call.step {
            SettleStep::Settle(entries) => {
                settled.extend(entries.iter().map(|entry| entry.sequence));
                SettleAnswer::Settled(SettleReply::Settled(vec![true; entries.len()]))
            }
            SettleStep::Park { entries, .. } => SettleAnswer::Parked(vec![true; entries.len()]),
        };
        core.settle_done(call, Ok(answer), later);
    }
    assert_eq!(settled, [1]);
    beat(&mut core, 1, later);
    assert_eq!(core.is_over(), Some(&CoreEnd::Refused("no right".into())));
}

#[test]
fn a_worker_without_an_engine_starts_nothing_where_a_longer_window_may_be_full() {
    let now = Instant::now();
    let mut keeper = SlotKeeper::new(LEASE, now);
    let mut both = wanted(2);
    both.longer = vec![RateLimit::per_minute(30)];
    let window = &keeper.call(&both, now).windows[0];
    assert_eq!(
        (window.length, window.most),
        (Duration::from_millis(61_250), 30)
    );
    let fewer = PermitReply::Fewer(Duration::ZERO, 1);
    let after = Duration::ZERO;
    let permitted = keeper.answered(&both, fewer, now, now);
    assert_eq!(permitted, PermittedStarts::Granted { after, count: 1 });
    let own = keeper.unanswered(&both, 4, now + SECOND);
    let waits = matches!(own, PermittedStarts::Later { pause: false, .. });
    assert!(waits, "{own:?}");
}
