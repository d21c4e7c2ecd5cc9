//! Promises of the sharing of places, whatever the order of the input, for few and for many workers: rows `F1` to `F10`
//! of `tests/vectors/sharing.md`.
//!
//! "Well" is a host that answers each of its many requests after 10 ms; it is always the first of its run. "Settled" is
//! the time after the end of all attempts that were under way at its first response: no running attempt is taken back.

mod play;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::settings::RateLimit;

use super::super::super::limits::LimitRule;
use super::super::*;
use super::{number, scale};

use play::{Manner, Play, PlayEvent, order};

const WORKERS: [usize; 6] = [2, 3, 4, 16, 64, 1_000];
const QUICK: Duration = Duration::from_millis(10);

/// Plays twice for each number of workers, and `HAUL_SCALE` times as often with other seeds.
fn for_all_workers(play: impl Fn(usize, &mut fastrand::Rng)) {
    let seeds = match number("HAUL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..2 * WORKERS.len() as u64 * scale(),
    };
    for seed in seeds {
        let workers = WORKERS[seed as usize % WORKERS.len()];
        let mut rng = fastrand::Rng::with_seed(seed);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| play(workers, &mut rng))) {
            eprintln!("seed {seed}, {workers} workers: HAUL_SEED={seed} replays it");
            resume_unwind(panic);
        }
    }
}

/// Divisor of the sizes of quick runs: they have fewer requests and shorter timeouts.
fn smaller() -> u32 {
    if scale() == 1 { 5 } else { 1 }
}

/// Number of requests, scaled to the run.
fn of(requests: usize) -> usize {
    requests / smaller() as usize
}

/// Time limit of an attempt.
fn timeout() -> Duration {
    Duration::from_secs(30) / smaller()
}

/// Puts the requests of all hosts into a single batch, in some order.
fn in_some_order(play: Play, rng: &mut fastrand::Rng) -> Play {
    let input = order(&play, rng);
    play.batch(Duration::ZERO, input)
}

/// Checks that after settling the first host holds half of the workers, or as many as it has requests left.
fn first_has_its_half(play: &Play) {
    let first = &play.servers[0];
    let half = (play.workers / 2).max(1).min(first.left());
    assert!(
        !play.settled || first.places >= half,
        "after {:?}: {} places, {} left of {}",
        play.time(),
        first.places,
        first.left(),
        first.requests
    );
}

fn first_starts_within(limit: Duration, play: &Play, event: &PlayEvent) {
    if let PlayEvent::Start(0) = event
        && play.servers[0].started == 1
    {
        assert!(play.time() <= limit, "it waited {:?}", play.time());
    }
}

#[test]
fn f1_hosts_that_never_answer_leave_half_of_the_workers_to_one_that_does() {
    for_all_workers(|workers, rng| {
        let hanging = rng.usize(1..=5.min(workers - 1));
        let play = Play::new(workers)
            .host(of(20_000), Manner::Answers(QUICK))
            .hosts(hanging, of(1_000), Manner::Hangs(timeout()));
        in_some_order(play, rng).run(|play, event| {
            first_starts_within(timeout(), play, &event);
            first_has_its_half(play);
        });
    });
}

#[test]
fn a_caller_that_is_slow_to_feed_hands_no_more_workers_to_hosts_that_hang() {
    for_all_workers(|workers, rng| {
        let hanging = rng.usize(1..=5.min(workers - 1));
        let mut play = Play::new(workers)
            .host(of(20_000), Manner::Answers(QUICK))
            .hosts(hanging, of(1_000), Manner::Hangs(timeout()));
        play.lag = ms(rng.u64(1..900));
        in_some_order(play, rng).run(|play, _| {
            let others: usize = play.servers[1..].iter().map(|server| server.places).sum();
            let more = play.servers[0].waiting + play.servers[0].unread > 0;
            assert!(!play.settled || !more || others <= (workers / 2).max(1));
        });
    });
}

#[test]
fn f2_a_thousand_hosts_without_a_connection_are_each_tried_before_any_is_tried_twice() {
    for_all_workers(|workers, rng| {
        let play = Play::new(workers)
            .host(of(20_000), Manner::Answers(QUICK))
            .hosts(of(1_000), 10, Manner::Dead(timeout() / 3));
        in_some_order(play, rng).run(|play, event| {
            first_has_its_half(play);
            if let PlayEvent::Start(number) = event {
                let server = &play.servers[number];
                let second = !server.answering && server.started > 1;
                assert!(!second || play.unserved == 0, "{} wait", play.unserved);
            }
        });
    });
}

#[track_caller]
fn wastes_nothing(play: Play) {
    let workers = play.workers;
    let play = play.run(|_, _| {});
    let least = play.work / workers as u32;
    let most = least.mul_f64(1.05) + timeout();
    assert!(play.time() <= most, "{:?}, {least:?} of work", play.time());
}

#[test]
fn f3_many_hosts_with_one_request_each_keep_all_workers_busy_though_half_are_dead() {
    for_all_workers(|workers, rng| {
        let mut play = Play::new(workers);
        for _ in 0..of(10_000) {
            play = play.host(
                1,
                match rng.bool() {
                    true => Manner::Answers(QUICK),
                    false => Manner::Dead(timeout()),
                },
            );
        }
        wastes_nothing(in_some_order(play, rng));
    });
}

#[test]
fn f4_one_dead_host_gets_all_workers() {
    for_all_workers(|workers, rng| {
        let play = Play::new(workers).host(500, Manner::Dead(timeout()));
        wastes_nothing(in_some_order(play, rng));
    });
}

#[test]
fn f5_a_slow_host_and_a_quick_one_share_all_workers() {
    for_all_workers(|workers, rng| {
        let play = Play::new(workers)
            .host(of(20_000), Manner::Answers(QUICK))
            .host(of(1_000), Manner::Answers(timeout() * 2 / 3));
        in_some_order(play, rng).run(|play, event| {
            first_has_its_half(play);
            let both = play
                .servers
                .iter()
                .all(|server| server.waiting + server.unread > 0);
            if play.settled && both && matches!(event, PlayEvent::Rest) {
                assert_eq!(play.running, workers, "after {:?}", play.time());
            }
        });
    });
}

#[test]
fn f6_a_batch_of_silent_hosts_leaves_half_of_the_workers_to_a_later_one() {
    for_all_workers(|workers, rng| {
        let hanging = rng.usize(1..=5.min(workers - 1));
        let play = Play::new(workers)
            .host(of(20_000), Manner::Answers(QUICK))
            .hosts(hanging, of(1_000), Manner::Hangs(timeout()));
        let (first, silent): (Vec<_>, Vec<_>) = order(&play, rng)
            .into_iter()
            .partition(|server| *server == 0);
        let opens_at = Duration::from_millis(rng.u64(..40_000));
        let play = play.batch(Duration::ZERO, silent).batch(opens_at, first);
        play.run(|play, event| {
            first_starts_within(opens_at + timeout(), play, &event);
            first_has_its_half(play);
        });
    });
}

/// Three hosts that answer after 1, 10 and 100 ms.
fn three(workers: usize, requests: impl Fn(usize) -> usize) -> Play {
    let mut play = Play::new(workers);
    for (at, time) in [1, 10, 100].into_iter().enumerate() {
        play = play.host(requests(at), Manner::Answers(ms(time)));
    }
    play
}

#[test]
fn f7_hosts_that_answer_hold_as_many_places_each_however_quick_they_are() {
    for_all_workers(|workers, rng| {
        // Enough requests for 300 ms. All are read, since a request that is not read cannot be served.
        let each = workers / 3 + 1;
        let mut play = three(workers, |at| [300, 30, 3][at] * each + 600);
        play.window = 1 << 20;
        let mut all_since = None;
        in_some_order(play, rng).run(|play, event| {
            if !play.servers.iter().all(|server| server.waiting > 0) {
                all_since = None;
                return;
            }
            let since = *all_since.get_or_insert(play.now);
            // The attempts that ran before have ended.
            if play.now - since > ms(100) && matches!(event, PlayEvent::Rest) {
                let places: Vec<usize> = play.servers.iter().map(|s| s.places).collect();
                let fair = |held: &usize| held.abs_diff(workers / 3) <= 1;
                assert!(places.iter().all(fair), "{places:?} of {workers}");
            }
        });
    });
}

#[test]
fn f8_workers_that_limited_hosts_cannot_use_serve_the_others() {
    for_all_workers(|workers, rng| {
        let few = (workers / 8).max(1);
        let at_once = LimitRule {
            in_flight: Some(few.into()),
            ..LimitRule::default()
        };
        let rate = LimitRule {
            rate: Some(RateLimit::per_second(5).into()),
            ..LimitRule::default()
        };
        let play = Play::new(workers)
            .host(of(5_000) * few, Manner::Answers(QUICK))
            .limited(at_once)
            .host(of(500), Manner::Answers(QUICK))
            .limited(rate)
            .host(of(500), Manner::Pauses(QUICK, Duration::from_secs(3)))
            .hosts(3, of(1_000), Manner::Hangs(timeout()));
        let mut last = None;
        in_some_order(play, rng).run(|play, event| {
            let servers = &play.servers;
            assert!(servers[0].places <= few);
            match event {
                PlayEvent::Start(1) => {
                    let before = last.replace(play.now);
                    assert!(before.is_none_or(|before| play.now - before >= ms(200)));
                }
                PlayEvent::Start(2) => {
                    assert!(
                        servers[2]
                            .paused_until
                            .is_none_or(|until| until <= play.now)
                    );
                }
                PlayEvent::Start(_) => {}
                PlayEvent::Rest => {
                    let limited = servers[..3].iter().all(|server| server.waiting > 0);
                    let others: usize = servers[3..].iter().map(|server| server.waiting).sum();
                    let busy = play.running == workers;
                    assert!(busy || !limited || others == 0, "after {:?}", play.time());
                }
            }
        });
    });
}

#[test]
fn f9_hosts_that_stop_answering_delay_a_healthy_one_by_three_timeouts_at_most() {
    for_all_workers(|workers, rng| {
        let workers = workers.max(16);
        let (answers, all) = (of(1_000), of(2_000));
        let play = Play::new(workers)
            .host(of(40_000), Manner::Answers(QUICK))
            .hosts(5, all, Manner::Tires(answers, QUICK, timeout()));
        let limit = QUICK * of(40_000) as u32 / (workers as u32 / 2) + timeout() * 3;
        in_some_order(play, rng).run(|play, _| {
            let done = play.servers[0].left() == 0;
            assert!(done || play.time() <= limit, "{:?}", play.time());
        });
    });
}

#[test]
fn f10_where_no_host_is_slow_nothing_is_read_beyond_the_window() {
    for_all_workers(|workers, _| {
        let play = three(workers, |_| of(20_000));
        let input = (0..3).flat_map(|at| std::iter::repeat_n(at, of(20_000)));
        let input = input.collect();
        let play = play.batch(Duration::ZERO, input).run(|_, _| {});
        assert!(play.most_read <= play.window, "{}", play.most_read);
    });
}
