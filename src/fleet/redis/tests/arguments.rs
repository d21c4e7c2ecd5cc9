//! Scripts that are given arguments that are no numbers: they refuse before they write anything.

use redis::Cmd;

use super::limits_agree::host;
use super::{LEASE, Trial};
use crate::fleet::engine::{EngineError, FleetEngine};
use crate::fleet::redis::StepScript;
use crate::fleet::redis::keys::{HostKey, LaneKey};

/// Texts that are no numbers, and numbers that commands of the server would refuse or round.
const BAD: &[&str] = &[
    "",
    "x",
    "-0",
    "-1",
    "1e3",
    "1.5",
    "nan",
    " 1",
    "0x1",
    "1234567890123456",
];

/// A script, its keys, its arguments, and the places of those that are numbers.
struct Call {
    script: StepScript,
    keys: Vec<String>,
    arguments: &'static [&'static str],
    numbers: &'static [usize],
}

fn calls(trial: &Trial) -> Vec<Call> {
    use LaneKey::{
        Aside, Counters, Facts, Intents, Members, Parked, Queue, Reaper, Results, Unbroken,
    };
    let lane = |script, keys: &[LaneKey], arguments, numbers| {
        let keys = trial.engine.lane_keys(0, keys);
        Call {
            script,
            keys,
            arguments,
            numbers,
        }
    };
    let a = host("a");
    let of_host = |script, keys: &[HostKey], arguments, numbers| {
        let keys = trial.engine.host_keys(&a, keys);
        Call {
            script,
            keys,
            arguments,
            numbers,
        }
    };
    vec![
        lane(
            StepScript::BeginLoading,
            &[Facts],
            &[
                "loader", "1000", "9", "0", "5", "sum", "0", "0", "0", "", "0", "id",
            ],
            &[1, 2, 3, 4, 6, 7, 8, 10],
        ),
        lane(
            StepScript::NoteLoaded,
            &[Facts],
            &["loader", "5", "sum", "1", ""],
            &[1],
        ),
        lane(
            StepScript::Load,
            &[Facts, Queue, Counters],
            &[
                "loader", "6", "100", "1000", "9", "7", "2", "r", "line", "8", "2", "r", "line",
            ],
            &[1, 2, 3, 4, 5, 6, 9, 10],
        ),
        lane(
            StepScript::Lease,
            &[Facts, Queue, Parked, Aside, Members, Intents],
            &["a", "3", "2"],
            &[1, 2],
        ),
        lane(
            StepScript::Begin,
            &[Facts, Queue, Intents],
            &["a", "1", "1", "1", "2", "1", "1"],
            &[1, 2, 3, 4, 5, 6],
        ),
        lane(
            StepScript::Settle,
            &[Facts, Queue, Counters, Intents, Results],
            &[
                "a", "1000", "1", "success", "5", "record", "2", "failed", "5", "record",
            ],
            &[1, 2, 4, 6, 8],
        ),
        lane(
            StepScript::Park,
            &[Facts, Queue, Parked, Aside, Intents, Members, Unbroken],
            &[
                "a", "2", "1", "5", "0", "1", "0", "1", "2", "5", "0", "1", "1", "0",
            ],
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
        ),
        lane(
            StepScript::Reclaim,
            &[Facts, Queue, Members, Unbroken, Reaper, Counters, Intents],
            &["b", "5"],
            &[1],
        ),
        lane(
            StepScript::Collected,
            &[Facts, Results, Counters],
            &["1-1", "5", "1-2", "6"],
            &[1, 3],
        ),
        of_host(
            StepScript::Permit,
            &[HostKey::Rate, HostKey::Breaker],
            &["1", "2", "3", "4"],
            &[0, 1, 2, 3],
        ),
        of_host(StepScript::Cool, &[HostKey::Rate], &["5"], &[0]),
        of_host(
            StepScript::Vote,
            &[HostKey::Votes, HostKey::Active, HostKey::Breaker],
            &["a", "1", "5"],
            &[2],
        ),
    ]
}

/// A run with entries in all places.
fn busy() -> Option<Trial> {
    let mut trial = Trial::new(1)?;
    trial.load(1..=6);
    trial.join(&["a", "b"]);
    assert_eq!(trial.lease("a", 4), [1, 2, 3, 4]);
    trial
        .engine
        .park(0, "a", 1, &[super::parked(3, LEASE / 4)])
        .unwrap();
    trial.settle("a", &[4]);
    trial.pass_with_beats(LEASE * 2, &["b"]);
    Some(trial)
}

fn refused(trial: &mut Trial, call: &Call, arguments: &[&str]) {
    let before = trial.dump();
    let fill = |command: &mut Cmd| {
        command.arg(arguments);
    };
    let reply = trial.engine.run(call.script, &call.keys, fill);
    let name = call.script.name();
    match reply {
        Err(EngineError::Refused(reason)) => {
            assert!(
                reason.contains(&format!("{name}: BADARG")),
                "{name} {arguments:?}: {reason}"
            );
        }
        other => panic!("{name} {arguments:?}: {other:?}"),
    }
    assert!(trial.dump() == before, "{name} {arguments:?} wrote");
}

#[test]
fn arguments_that_are_no_numbers_change_nothing() {
    let Some(mut trial) = busy() else { return };
    for call in calls(&trial) {
        for &at in call.numbers {
            for bad in BAD {
                let mut arguments = call.arguments.to_vec();
                arguments[at] = bad;
                refused(&mut trial, &call, &arguments);
            }
        }
    }
}

#[test]
fn arguments_that_are_cut_off_change_nothing() {
    let Some(mut trial) = busy() else { return };
    for call in calls(&trial) {
        // A list may be as short as one pleases, but not end within an entry. A script of the run's first lane takes
        // one argument less.
        let last = call.arguments.len() - 1;
        let is_list = call.arguments.len() > 6 || call.script == StepScript::Collected;
        if is_list && call.script != StepScript::Load {
            refused(&mut trial, &call, &call.arguments[..last]);
        }
    }
}

#[test]
fn an_entry_without_all_its_fields_is_not_loaded() {
    let Some(mut trial) = busy() else { return };
    let calls = calls(&trial);
    let load = calls
        .iter()
        .find(|call| call.script == StepScript::Load)
        .unwrap();
    for (at, count) in [(6, "0"), (6, "1"), (6, "3"), (6, "100"), (10, "4")] {
        let mut arguments = load.arguments.to_vec();
        arguments[at] = count;
        refused(&mut trial, load, &arguments);
    }
}

#[test]
fn an_unknown_class_or_name_changes_nothing() {
    let Some(mut trial) = busy() else { return };
    let calls = calls(&trial);
    for (script, at, bad) in [
        (StepScript::Settle, 7, "stale"),
        (StepScript::Settle, 3, ""),
        (StepScript::Collected, 2, "7"),
    ] {
        let call = calls.iter().find(|call| call.script == script).unwrap();
        let mut arguments = call.arguments.to_vec();
        arguments[at] = bad;
        refused(&mut trial, call, &arguments);
    }
}

#[test]
fn calls_with_good_arguments_are_carried_out() {
    let Some(mut trial) = busy() else { return };
    for call in calls(&trial) {
        let reply = trial.engine.run(call.script, &call.keys, |command| {
            command.arg(call.arguments);
        });
        assert!(reply.is_ok(), "{}: {reply:?}", call.script.name());
    }
}

#[test]
fn the_guide_names_each_command_that_a_user_needs() {
    let guide = include_str!("../../../guide/many_machines_redis.md");
    for name in crate::fleet::Fleet::needed_commands() {
        assert!(guide.contains(&format!("+{name}")), "{name}");
    }
}
