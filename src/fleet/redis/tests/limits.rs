//! Limits that all workers share: `permit`, `cool`, `vote`, `probe`.

use std::time::Duration;

use super::Trial;
use super::limits_agree::host;
use crate::fleet::engine::{FleetEngine, PermitCall, PermitReply, SlotWindow};
use crate::fleet::redis::keys::{HostKey, rate_of_run};

const MS: Duration = Duration::from_millis(1);

fn call(interval: Duration, count: u32) -> PermitCall {
    PermitCall {
        interval,
        tolerance: Duration::ZERO,
        count,
        longest_wait: MS * 1000,
        windows: Vec::new(),
    }
}

#[test]
fn slots_come_an_interval_apart() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let a = host("a");
    let permit = |trial: &mut Trial, count| {
        trial
            .engine
            .permit(Some(&a), &call(MS * 100, count))
            .unwrap()
    };
    assert_eq!(permit(&mut trial, 3), PermitReply::Granted(Duration::ZERO));
    assert_eq!(permit(&mut trial, 8), PermitReply::Granted(MS * 300));
    assert_eq!(permit(&mut trial, 1), PermitReply::Later(MS * 100));
    trial.pass(MS * 100);
    assert_eq!(permit(&mut trial, 1), PermitReply::Granted(MS * 1000));
}

#[test]
fn hosts_and_the_run_have_rates_of_their_own() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    for host in [Some(&host("a")), Some(&host("b")), None] {
        assert_eq!(
            trial.engine.permit(host, &call(MS * 900, 1)),
            Ok(PermitReply::Granted(Duration::ZERO))
        );
    }
}

#[test]
fn a_burst_comes_at_once() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let mut burst = call(MS * 100, 1);
    (burst.tolerance, burst.longest_wait) = (MS * 200, Duration::ZERO);
    let replies: Vec<_> = (0..4)
        .map(|_| trial.engine.permit(None, &burst).unwrap())
        .collect();
    let now = PermitReply::Granted(Duration::ZERO);
    assert_eq!(replies, [now, now, now, PermitReply::Later(MS * 100)]);
}

#[test]
fn a_pause_holds_all_slots_back() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let a = host("a");
    trial.engine.cool(&a, MS * 5000).unwrap();
    trial.engine.cool(&a, MS * 3000).unwrap();
    // A burst does not begin before the end of the pause.
    for interval in [Duration::ZERO, MS * 100] {
        let mut call = call(interval, 1);
        call.tolerance = MS * 60_000;
        assert_eq!(
            trial.engine.permit(Some(&a), &call),
            Ok(PermitReply::Later(MS * 4000))
        );
    }
    trial.pass(MS * 5000);
    assert_eq!(
        trial.engine.permit(Some(&a), &call(Duration::ZERO, 1)),
        Ok(PermitReply::Granted(Duration::ZERO))
    );
}

#[test]
fn a_host_rests_by_the_votes_of_two_workers() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), MS * 2000);
    assert_eq!(trial.engine.vote(&a, "w1", true, rest), Ok(false));
    assert_eq!(
        trial.engine.vote(&a, "w1", true, rest),
        Ok(false),
        "one worker has one vote"
    );
    assert_eq!(trial.engine.vote(&a, "w2", true, rest), Ok(true));
    let permit = |trial: &mut Trial| {
        trial
            .engine
            .permit(Some(&a), &call(Duration::ZERO, 1))
            .unwrap()
    };
    assert_eq!(permit(&mut trial), PermitReply::Rests(rest));
    trial.pass(rest);
    assert_eq!(permit(&mut trial), PermitReply::Probe);
    assert_eq!(
        permit(&mut trial),
        PermitReply::Rests(rest),
        "one request probes the host"
    );
    trial.engine.probe(&a, false).unwrap();
    assert_eq!(permit(&mut trial), PermitReply::Rests(rest * 2));
    trial.pass(rest * 2);
    assert_eq!(permit(&mut trial), PermitReply::Probe);
    trial.engine.probe(&a, true).unwrap();
    assert_eq!(permit(&mut trial), PermitReply::Granted(Duration::ZERO));
}

#[test]
fn a_rest_is_no_longer_than_five_minutes() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), Duration::from_secs(200));
    for worker in ["w1", "w2"] {
        trial.engine.vote(&a, worker, true, rest).unwrap();
    }
    for length in [200, 300, 300].map(Duration::from_secs) {
        assert_eq!(
            trial.engine.permit(Some(&a), &call(Duration::ZERO, 1)),
            Ok(PermitReply::Rests(length))
        );
        trial.pass(length);
        assert_eq!(
            trial.engine.permit(Some(&a), &call(Duration::ZERO, 1)),
            Ok(PermitReply::Probe)
        );
        trial.engine.probe(&a, false).unwrap();
    }
}

#[test]
fn a_probe_that_tells_nothing_is_followed_by_another() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), MS * 2000);
    for worker in ["w1", "w2"] {
        trial.engine.vote(&a, worker, true, rest).unwrap();
    }
    for _ in 0..3 {
        trial.pass(rest);
        assert_eq!(
            trial.engine.permit(Some(&a), &call(Duration::ZERO, 1)),
            Ok(PermitReply::Probe)
        );
    }
}

#[test]
fn a_probe_waits_for_the_end_of_a_pause() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), MS * 2000);
    for worker in ["w1", "w2"] {
        trial.engine.vote(&a, worker, true, rest).unwrap();
    }
    trial.engine.cool(&a, MS * 2500).unwrap();
    trial.pass(rest);
    assert_eq!(
        trial.engine.permit(Some(&a), &call(Duration::ZERO, 1)),
        Ok(PermitReply::Later(MS * 500))
    );
    trial.pass(MS * 500);
    assert_eq!(
        trial.engine.permit(Some(&a), &call(Duration::ZERO, 1)),
        Ok(PermitReply::Probe)
    );
}

#[test]
fn a_few_of_many_workers_do_not_make_a_host_rest() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), MS * 2000);
    for worker in 0..10 {
        trial
            .engine
            .vote(&a, &format!("w{worker}"), false, rest)
            .unwrap();
    }
    assert_eq!(trial.engine.vote(&a, "w0", true, rest), Ok(false));
    assert_eq!(
        trial.engine.vote(&a, "w1", true, rest),
        Ok(false),
        "two of ten"
    );
    assert_eq!(
        trial.engine.vote(&a, "w1", false, rest),
        Ok(false),
        "w1 thinks better of it"
    );
    assert_eq!(trial.engine.vote(&a, "w2", true, rest), Ok(false));
    assert_eq!(
        trial.engine.vote(&a, "w3", true, rest),
        Ok(true),
        "three of ten"
    );
}

#[test]
fn keys_of_limits_vanish_by_themselves() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let a = host("a");
    trial.engine.permit(None, &call(MS * 100, 1)).unwrap();
    trial.engine.permit(Some(&a), &call(MS * 100, 1)).unwrap();
    for worker in ["w1", "w2"] {
        trial.engine.vote(&a, worker, true, MS * 100).unwrap();
    }
    trial.engine.vote(&a, "w3", true, MS).unwrap();
    let keys = [HostKey::Rate, HostKey::Breaker, HostKey::Active].map(|key| key.of(&trial.run, &a));
    for key in keys.into_iter().chain([rate_of_run(&trial.run)]) {
        let left: i64 = trial.ask(redis::cmd("PTTL").arg(&key));
        assert!((590_000..=600_000).contains(&left), "{key}: {left}");
    }
    // A pause of an hour is kept for that long.
    trial.engine.cool(&a, Duration::from_secs(3600)).unwrap();
    let left: i64 = trial.ask(redis::cmd("PTTL").arg(HostKey::Rate.of(&trial.run, &a)));
    assert!(left > 3_500_000, "{left}");
}

/// Time by which the clock is set back in tests.
const BACK: Duration = Duration::from_secs(3600);

#[test]
fn slots_come_again_soon_after_the_clock_was_set_back() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let mut call = call(MS * 100, 2);
    call.windows = vec![SlotWindow {
        length: MS * 6400,
        most: 3,
    }];
    let permit = |trial: &mut Trial| trial.engine.permit(None, &call).unwrap();
    let granted = PermitReply::Granted(Duration::ZERO);
    assert_eq!(permit(&mut trial), granted);
    trial.set_back(BACK);
    let PermitReply::Fewer(..) = permit_within(&mut trial, &permit, MS * 5000) else {
        panic!("one place of the window is free");
    };
    let whole = permit_within(&mut trial, &permit, MS * 12_000);
    assert!(matches!(
        whole,
        PermitReply::Granted(_) | PermitReply::Fewer(..)
    ));
}

/// Asks until slots are granted, for this time at the most.
fn permit_within(
    trial: &mut Trial,
    permit: &impl Fn(&mut Trial) -> PermitReply,
    longest: Duration,
) -> PermitReply {
    let mut waited = Duration::ZERO;
    loop {
        match permit(trial) {
            PermitReply::Later(after) => {
                waited += after;
                assert!(waited <= longest, "{waited:?}");
                trial.pass(after);
            }
            reply => return reply,
        }
    }
}

#[test]
fn a_pause_is_no_longer_than_it_was_after_the_clock_was_set_back() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let a = host("a");
    trial.engine.cool(&a, MS * 5000).unwrap();
    trial.set_back(BACK);
    let call = call(Duration::ZERO, 1);
    let later = Ok(PermitReply::Later(MS * 4000));
    assert_eq!(trial.engine.permit(Some(&a), &call), later);
    trial.pass(MS * 4000);
    let granted = Ok(PermitReply::Granted(MS * 1000));
    assert_eq!(trial.engine.permit(Some(&a), &call), granted);
}

#[test]
fn a_rest_is_no_longer_than_it_was_after_the_clock_was_set_back() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), MS * 2000);
    for worker in ["w1", "w2"] {
        trial.engine.vote(&a, worker, true, rest).unwrap();
    }
    trial.set_back(BACK);
    let call = call(Duration::ZERO, 1);
    let rests = Ok(PermitReply::Rests(rest));
    assert_eq!(trial.engine.permit(Some(&a), &call), rests);
    trial.pass(rest);
    assert_eq!(trial.engine.permit(Some(&a), &call), Ok(PermitReply::Probe));
}

#[test]
fn votes_from_before_the_clock_was_set_back_do_not_count() {
    let Some(mut trial) = Trial::without_run(1) else {
        return;
    };
    let (a, rest) = (host("a"), MS * 2000);
    trial.engine.vote(&a, "w1", true, rest).unwrap();
    trial.set_back(BACK);
    assert_eq!(trial.engine.vote(&a, "w2", true, rest), Ok(false));
}
