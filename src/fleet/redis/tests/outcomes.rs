//! Steps that take outcomes and hand results out: `settle`, `park`, `results`, `collected`.

use std::time::Duration;

use super::{LEASE, Trial, entry, parked, settled};
use crate::fleet::engine::{
    BegunEntry, FleetEngine, ResultClass, ResultSource, RunState, Sequence, SettleReply,
};
use crate::fleet::redis::keys::LaneKey;

fn records(trial: &mut Trial, collector: &str, from: ResultSource) -> Vec<String> {
    let results = trial.engine.results(0, collector, from, 100).unwrap();
    results
        .into_iter()
        .map(|result| String::from_utf8(result.record).unwrap())
        .collect()
}

/// A run in which `a` holds the entries 1 to 4.
fn held() -> Option<Trial> {
    let mut trial = Trial::new(1)?;
    trial.load(1..=6);
    trial.join(&["a", "b"]);
    assert_eq!(trial.lease("a", 4), [1, 2, 3, 4]);
    Some(trial)
}

#[test]
fn a_holder_settles_and_the_result_waits() {
    let Some(mut trial) = held() else { return };
    assert_eq!(
        trial.settle("a", &[2, 1]),
        SettleReply::Settled(vec![true, true])
    );
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!(
        (
            figures.entries,
            figures.leased,
            figures.results,
            figures.success
        ),
        (4, 2, 2, 2)
    );
    assert_eq!(
        figures.queued_bytes,
        (3..=6).map(|n| entry(n).size()).sum::<u64>()
    );
    assert_eq!(figures.result_bytes, 22);
    assert_eq!(
        records(&mut trial, "file", ResultSource::New),
        ["record of 2", "record of 1"]
    );
}

#[test]
fn an_outcome_is_taken_once() {
    let Some(mut trial) = held() else { return };
    assert_eq!(
        trial.settle("a", &[1, 1]),
        SettleReply::Settled(vec![true, false])
    );
    assert_eq!(trial.settle("a", &[1]), SettleReply::Settled(vec![false]));
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!((figures.results, figures.success, figures.stale), (1, 1, 2));
}

#[test]
fn an_outcome_of_a_worker_that_is_not_the_holder_is_stale() {
    let Some(mut trial) = held() else { return };
    assert_eq!(
        trial.settle("b", &[1, 5, 99]),
        SettleReply::Settled(vec![false; 3])
    );
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!((figures.results, figures.stale, figures.entries), (0, 3, 6));
}

#[test]
fn outcomes_are_taken_in_a_pause_and_after_the_end() {
    let Some(mut trial) = held() else { return };
    for (state, number) in [(RunState::Paused, 1), (RunState::Cancelled, 2)] {
        trial.engine.set_state(state).unwrap();
        assert_eq!(
            trial.settle("a", &[number]),
            SettleReply::Settled(vec![true])
        );
        assert_eq!(
            trial
                .engine
                .park(0, "a", number, &[parked(number + 2, Duration::ZERO)]),
            Ok(vec![true])
        );
    }
}

#[test]
fn nothing_is_settled_while_too_many_results_wait() {
    let Some(mut trial) = held() else { return };
    let bytes = settled(1).record.len() as u64;
    let mut settle = |most, number| {
        trial
            .engine
            .settle(0, "a", most, &[settled(number)])
            .unwrap()
    };
    assert_eq!(settle(bytes, 1), SettleReply::Settled(vec![true]));
    assert_eq!(settle(bytes, 2), SettleReply::Full);
    let results = trial
        .engine
        .results(0, "file", ResultSource::New, 10)
        .unwrap();
    assert_eq!(
        trial
            .engine
            .collected(0, &[(results[0].name.clone(), bytes)]),
        Ok(1)
    );
    assert_eq!(
        trial.engine.settle(0, "a", bytes, &[settled(2)]).unwrap(),
        SettleReply::Settled(vec![true])
    );
}

#[test]
fn outcomes_are_counted_by_class() {
    let Some(mut trial) = held() else { return };
    let classes = [
        ResultClass::Success,
        ResultClass::Rejected,
        ResultClass::Failed,
        ResultClass::GivenUp,
    ];
    let entries: Vec<_> = (1..)
        .zip(classes)
        .map(|(number, class)| {
            let mut outcome = settled(number);
            outcome.class = class;
            outcome
        })
        .collect();
    trial.engine.settle(0, "a", 1000, &entries).unwrap();
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!(
        (
            figures.success,
            figures.rejected,
            figures.failed,
            figures.given_up
        ),
        (1, 1, 2, 1)
    );
}

#[test]
fn what_was_noted_about_an_entry_goes_with_it() {
    let Some(mut trial) = held() else { return };
    let begun = |sequence: Sequence| BegunEntry {
        sequence,
        once: true,
        again: true,
    };
    trial.engine.begin(0, "a", &[begun(1), begun(2)]).unwrap();
    let intents = trial.key(LaneKey::Intents);
    assert_eq!(trial.ask::<u64>(redis::cmd("HLEN").arg(&intents)), 4);
    trial.settle("a", &[1]);
    assert_eq!(trial.ask::<u64>(redis::cmd("HLEN").arg(&intents)), 2);
    let mut park = parked(2, Duration::ZERO);
    park.begun_again = true;
    trial.engine.park(0, "a", 1, &[park]).unwrap();
    assert_eq!(trial.ask::<u64>(redis::cmd("HLEN").arg(&intents)), 0);
}

#[test]
fn the_intent_of_a_worker_that_died_outlasts_parking() {
    let Some(mut trial) = held() else { return };
    trial
        .engine
        .begin(
            0,
            "a",
            &[BegunEntry {
                sequence: 1,
                once: true,
                again: false,
            }],
        )
        .unwrap();
    trial.pass_with_beats(LEASE * 2, &["b"]);
    let taken = trial.engine.reclaim(0, "b", 1).unwrap().entries;
    assert_eq!(taken[0].intent.as_deref(), Some("a"));
    trial
        .engine
        .park(0, "b", 1, &[parked(1, Duration::ZERO)])
        .unwrap();
    let leased = trial.engine.lease(0, "b", 1, 0).unwrap().entries;
    assert_eq!(
        (leased[0].entry.sequence, leased[0].intent.as_deref()),
        (1, Some("a"))
    );
}

#[test]
fn only_the_holder_parks() {
    let Some(mut trial) = held() else { return };
    let minute = Duration::from_secs(60);
    assert_eq!(
        trial
            .engine
            .park(0, "b", 1, &[parked(1, minute), parked(9, minute)]),
        Ok(vec![false; 2])
    );
    assert_eq!(
        trial
            .engine
            .park(0, "a", 1, &[parked(1, minute), parked(1, minute)]),
        Ok(vec![true, false])
    );
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!((figures.parked, figures.leased, figures.entries), (1, 3, 6));
    assert_eq!(trial.settle("a", &[1]), SettleReply::Settled(vec![false]));
}

#[test]
fn a_result_is_handed_to_one_collector() {
    let Some(mut trial) = held() else { return };
    trial.settle("a", &[1, 2, 3]);
    let first = trial.engine.results(0, "x", ResultSource::New, 2).unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(records(&mut trial, "y", ResultSource::New), ["record of 3"]);
    assert_eq!(
        trial.engine.results(0, "x", ResultSource::Own, 2).unwrap(),
        first
    );
    assert_eq!(records(&mut trial, "z", ResultSource::Own), [""; 0]);
}

#[test]
fn abandoned_results_are_handed_to_another_collector() {
    let Some(mut trial) = held() else { return };
    trial.settle("a", &[1, 2, 3]);
    assert_eq!(records(&mut trial, "x", ResultSource::New).len(), 3);
    trial.pass(LEASE / 2);
    assert_eq!(
        records(&mut trial, "y", ResultSource::Abandoned(LEASE)),
        [""; 0]
    );
    trial.pass(LEASE);
    // A collector abandons nothing to itself.
    assert_eq!(
        records(&mut trial, "x", ResultSource::Abandoned(LEASE)),
        [""; 0]
    );
    assert_eq!(
        records(&mut trial, "y", ResultSource::Abandoned(LEASE)).len(),
        3
    );
    assert_eq!(records(&mut trial, "x", ResultSource::Own), [""; 0]);
}

#[test]
fn collected_results_free_their_bytes_once() {
    let Some(mut trial) = held() else { return };
    trial.settle("a", &[1, 2]);
    let results = trial.engine.results(0, "x", ResultSource::New, 9).unwrap();
    let mut names: Vec<_> = results
        .into_iter()
        .map(|r| (r.name, r.record.len() as u64))
        .collect();
    names.push(("77-1".into(), 1000));
    assert_eq!(trial.engine.collected(0, &names), Ok(2));
    assert_eq!(trial.engine.collected(0, &names), Ok(0));
    let figures = trial.engine.figures(0).unwrap();
    assert_eq!(
        (figures.collected, figures.result_bytes, figures.results),
        (2, 0, 0)
    );
}
