//! Lanes that are in trouble, and those beside them.

use super::*;

const LANES: u32 = 4;

/// Core with two entries of each lane that were read.
fn with_entries(once: bool) -> (WorkerCore, Vec<EntryKey>, Instant) {
    let (mut core, now) = member_of(LANES, 100);
    for _ in 0..LANES {
        lease(&mut core, 1..=2, now);
    }
    let handed = core.take_handed(now);
    let keys: Vec<_> = handed.iter().map(|entry| entry.key).collect();
    for key in &keys {
        core.request_was_read(*key, &host("h"), once, now);
    }
    assert_eq!(keys.len(), 2 * LANES as usize);
    (core, keys, now)
}

fn end(core: &mut WorkerCore, key: EntryKey, now: Instant) {
    core.ended(key, ResultClass::Success, b"{}".to_vec(), now);
}

/// Lanes of the calls that settle until a time. `answer`: reply of a lane, and the time that it takes.
fn settle(
    core: &mut WorkerCore,
    (from, until): (Instant, Instant),
    answer: &dyn Fn(u32, usize) -> (Result<SettleReply, EngineError>, Duration),
) -> Vec<u32> {
    let (mut now, mut asked) = (from, Vec::new());
    while now < until {
        let NextCall::Call(call) = core.next_settle(now) else {
            now += SECOND / 100;
            continue;
        };
        let SettleStep::Settle(entries) = &call.step else {
            panic!("{call:?}");
        };
        let (reply, took) = answer(call.lane, entries.len());
        asked.push(call.lane);
        now += took;
        core.settle_done(call, reply.map(SettleAnswer::Settled), now);
    }
    asked
}

fn settled(count: usize) -> (Result<SettleReply, EngineError>, Duration) {
    (Ok(SettleReply::Settled(vec![true; count])), SECOND / 1000)
}

fn away(took: Duration) -> (Result<SettleReply, EngineError>, Duration) {
    (Err(EngineError::Away("h: no answer".to_owned())), took)
}

#[test]
fn a_lane_whose_server_is_away_keeps_no_other_lane_from_settling() {
    let (mut core, keys, now) = with_entries(false);
    keys.iter().for_each(|key| end(&mut core, *key, now));
    let until = now + SECOND;
    let asked = settle(&mut core, (now, until), &|lane, count| match lane {
        0 => away(Duration::ZERO),
        _ => settled(count),
    });
    assert_eq!(core.figures().success, 6);
    assert!(
        asked.iter().filter(|lane| **lane == 0).count() > 2,
        "{asked:?}"
    );
    settle(&mut core, (until, until + SECOND * 5), &|_, count| {
        settled(count)
    });
    assert_eq!(core.figures().success, 8);
}

#[test]
fn a_full_lane_keeps_no_other_lane_from_settling_and_leasing() {
    let (mut core, keys, now) = with_entries(false);
    keys.iter().for_each(|key| end(&mut core, *key, now));
    let until = now + SECOND;
    settle(&mut core, (now, until), &|lane, count| match lane {
        0 => (Ok(SettleReply::Full), Duration::ZERO),
        _ => settled(count),
    });
    assert_eq!(core.figures().success, 6);
    let mut leased = Vec::new();
    while let NextCall::Call(call) = core.next_lease(until) {
        leased.push(call.lane);
        core.lease_done(&call, Err(EngineError::Busy("h: BUSY".to_owned())), until);
    }
    leased.sort_unstable();
    assert_eq!(leased, [1, 2, 3]);
}

#[test]
fn lanes_of_a_silent_node_get_half_of_the_time_of_a_thread_at_the_most() {
    let (mut core, keys, begin) = with_entries(false);
    let silent = |lane| lane < 3;
    let of_silent = keys.iter().filter(|key| silent(key.lane));
    of_silent.for_each(|key| end(&mut core, *key, begin));
    let last: Vec<_> = keys.iter().filter(|key| !silent(key.lane)).collect();
    let answer = |lane, count| match silent(lane) {
        true => away(SECOND * 10),
        false => settled(count),
    };
    settle(&mut core, (begin, begin + SECOND * 90), &answer);
    // A lane that answers is asked soon, whatever the others do.
    let now = begin + SECOND * 100;
    end(&mut core, *last[0], now);
    settle(&mut core, (now, now + SECOND * 11), &answer);
    assert_eq!(core.figures().success, 1);
    let asked = settle(&mut core, (now + SECOND * 20, now + SECOND * 120), &answer);
    assert!((2..=6).contains(&asked.len()), "{asked:?}");
}

#[test]
fn a_lane_whose_server_is_away_keeps_no_other_lane_from_beginning() {
    let (mut core, keys, now) = with_entries(true);
    for key in &keys {
        let answer = core.may_start(*key, now, now);
        assert!(matches!(answer, StartAnswer::Wait(_)), "{answer:?}");
    }
    let mut begun = Vec::new();
    while let NextCall::Call(call) = core.next_begin(now) {
        begun.push(call.lane);
        let answer = match call.lane {
            0 => Err(EngineError::Away("h: no answer".to_owned())),
            _ => Ok(vec![true; call.entries.len()]),
        };
        core.begin_done(&call, &answer, now);
    }
    assert_eq!(begun, [0, 1, 2, 3]);
    let later = now + SECOND / 2;
    for key in &keys {
        let waits = matches!(core.may_start(*key, now, later), StartAnswer::Wait(_));
        assert_eq!(waits, key.lane == 0, "{key:?}");
    }
    let NextCall::Call(call) = core.next_begin(later) else {
        panic!("it is asked again");
    };
    assert_eq!((call.lane, call.entries.len()), (0, 2));
}

#[test]
fn a_lane_that_is_leased_from_in_vain_keeps_no_other_lane_waiting() {
    let (mut core, now) = member_of(LANES, 100);
    let mut asked = Vec::new();
    while let NextCall::Call(call) = core.next_lease(now) {
        asked.push(call.lane);
        core.lease_done(
            &call,
            Err(EngineError::Away("h: no answer".to_owned())),
            now,
        );
    }
    assert_eq!(asked, [0, 1, 2, 3]);
}

/// Lets beats of all lanes but the first one come through from this time on. Returns the time when the first is overdue.
fn silence_of_first_lane(core: &mut WorkerCore, from: Instant) -> Instant {
    let until = from + LEASE;
    let mut now = from;
    while now < until {
        while let NextCall::Call(call) = core.next_beat(now) {
            let (state, workers) = (RunState::Running, 4);
            let answer = match call.lane {
                0 => Err(EngineError::Away("h: no answer".to_owned())),
                _ => Ok(BeatReply::Member { state, workers }),
            };
            core.beat_done(&call, &answer, now);
        }
        now += SECOND;
    }
    until
}

#[test]
fn requests_of_a_lane_whose_server_is_silent_leave_the_window_to_the_others() {
    let (mut core, now) = member_of(2, 100);
    assert_eq!(lease(&mut core, 1..=150, now), 200);
    let handed = core.take_handed(now);
    assert!(handed.iter().all(|entry| entry.key.lane == 0));
    assert!(matches!(core.next_lease(now + SECOND), NextCall::Wait(_)));
    let later = silence_of_first_lane(&mut core, now);
    let most = lease(&mut core, 1..=200, later);
    assert_eq!(most, 200);
    assert!(
        core.take_handed(later)
            .iter()
            .all(|entry| entry.key.lane == 1)
    );
    assert!(matches!(core.next_lease(later + SECOND), NextCall::Wait(_)));
}

#[test]
fn a_late_answer_to_a_beat_says_nothing_about_the_name_after_it() {
    for answer in [
        BeatReply::Dead,
        BeatReply::Member {
            state: RunState::Running,
            workers: 4,
        },
    ] {
        let (mut core, now) = member_of(1, 100);
        let now = now + LEASE / 3;
        let NextCall::Call(beat) = core.next_beat(now) else {
            panic!("a beat is due");
        };
        let NextCall::Call(call) = core.next_lease(now) else {
            panic!("a lease is due");
        };
        let reply = LeaseReply {
            state: RunState::Running,
            is_member: false,
            entries: Vec::new(),
        };
        core.lease_done(&call, Ok(LeaseAnswer::Leased(reply)), now);
        core.beat_done(&beat, &Ok(answer), now);
        assert_eq!(core.names().len(), 2, "{answer:?}");
        let NextCall::Call(next) = core.next_beat(now) else {
            panic!("it joins again");
        };
        assert!(next.join, "{answer:?}");
    }
}
