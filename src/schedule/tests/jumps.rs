//! A clock that leaps forward, as after a machine has slept. It never steps back: the callers see to that.

use std::collections::HashMap;

use crate::settings::{BreakerSettings, RateLimit, RetryBudget};

use super::*;

const JOBS: u32 = 300;
const DAY: Duration = Duration::from_secs(86_400);

/// Settings with every kind of limit, so that each of them sees the clock jump.
fn limited() -> ScheduleSettings {
    ScheduleSettings {
        slow_start: 2,
        rate: [RateLimit::per_second(50), RateLimit::per_minute(900)]
            .into_iter()
            .collect(),
        host: HostLimits {
            granted: false,
            in_flight: 3.into(),
            rate: RateLimit::per_second(20).burst(3).into(),
            breaker: Some(BreakerSettings {
                min_calls: Some(3),
                wait: true,
                ..BreakerSettings::default()
            }),
            budget: Some(RetryBudget::default()),
        },
        ..ScheduleSettings::new(4)
    }
}

/// Returns any verdict that a worker might bring back.
fn any_verdict(job: u32, now: Instant, rng: &mut fastrand::Rng) -> Verdict<u32> {
    let soon = |rng: &mut fastrand::Rng| now + ms(rng.u64(..20_000));
    let cool = (rng.u8(..6) == 0).then(|| soon(rng));
    match rng.u8(..4) {
        0 => Verdict::Retry {
            job,
            at: soon(rng),
            deadline: rng.bool().then(|| soon(rng)),
            cool,
            call: CallEnd::Failure { retry_after: None },
        },
        1 => Verdict::Redirect {
            job,
            host: host("elsewhere"),
            at: now,
            deadline: rng.bool().then(|| soon(rng)),
        },
        2 => Verdict::Wait {
            job,
            deadline: rng.bool().then(|| soon(rng)),
        },
        _ => Verdict::Done {
            bytes: 1,
            cool,
            call: CallEnd::Success,
        },
    }
}

/// Verdict on a job that has looked at its file, which is not there.
fn send(job: u32) -> Verdict<u32> {
    Verdict::Send {
        job,
        host: host("a"),
        need: None,
    }
}

#[test]
fn a_clock_that_leaps_breaks_no_promise() {
    for seed in 0..40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut schedule = Schedule::new(limited());
        let batch = schedule.open(bounds(), None);
        let mut now = Instant::now();
        let mut deadlines = HashMap::new();
        let (mut running, mut over, mut pushed) = (Vec::new(), 0, 0);
        for step in 0_u32.. {
            now += match rng.u8(..8) {
                0 => DAY * rng.u32(..400),
                _ => ms(rng.u64(..200)),
            };
            if pushed < JOBS {
                let to = match rng.usize(..4) {
                    3 => schedule.files(now),
                    at => schedule.host(&host(["a", "b", "c"][at]), now),
                };
                schedule.push_for(batch, to, pushed, 0, now);
                pushed += 1;
            }
            let start = schedule.poll(now);
            if let Some(start) = start {
                let deadline: Option<Instant> = deadlines.get(&start.job).copied().flatten();
                assert!(deadline.is_none_or(|at| now <= at), "seed {seed}: late");
                running.push(start);
            }
            if rng.bool() && !running.is_empty() {
                let start = running.swap_remove(rng.usize(..running.len()));
                let verdict = match schedule.is_file_check(start.id) && rng.bool() {
                    true => send(start.job),
                    false => any_verdict(start.job, now, &mut rng),
                };
                match &verdict {
                    Verdict::Retry { deadline, .. }
                    | Verdict::Redirect { deadline, .. }
                    | Verdict::Wait { deadline, .. }
                    | Verdict::Renew { deadline, .. } => {
                        deadlines.insert(start.job, *deadline);
                    }
                    Verdict::Send { .. } => drop(deadlines.insert(start.job, None)),
                    Verdict::Done { .. } => over += 1,
                }
                assert_eq!(
                    schedule.complete(start.id, heard(&verdict), verdict, now),
                    None
                );
            }
            over += std::iter::from_fn(|| schedule.take_ended(batch)).count() as u32;
            if pushed == JOBS && over == JOBS {
                break;
            }
            assert!(step < 50_000, "seed {seed}: {} wait for ever", JOBS - over);
        }
        assert_eq!((schedule.queued(), schedule.in_flight()), (0, 0));
    }
}
