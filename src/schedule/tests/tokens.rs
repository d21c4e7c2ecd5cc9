//! Jobs that wait for a token: one call at a time, no place and no rate taken meanwhile, and no job forgotten.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;
use crate::error::TokenFailure;
use crate::settings::{RateLimit, TokenReason};

const REST: Duration = Duration::from_secs(1);

/// Schedule with one batch, whose jobs need the token of one source.
struct TokenScene {
    schedule: Schedule<u32>,
    batch: Id,
    now: Instant,
}

impl TokenScene {
    fn new(settings: ScheduleSettings) -> TokenScene {
        let mut schedule = Schedule::new(settings);
        TokenScene {
            batch: schedule.open(bounds(), None),
            schedule,
            now: Instant::now(),
        }
    }

    fn push(&mut self, name: &str, jobs: impl IntoIterator<Item = u32>) {
        self.push_within(name, jobs, None);
    }

    fn push_within(
        &mut self,
        name: &str,
        jobs: impl IntoIterator<Item = u32>,
        limit: Option<Duration>,
    ) {
        for job in jobs {
            let id = self.schedule.push(self.batch, &host(name), job, self.now);
            self.schedule.need_token(
                id,
                &TokenNeed {
                    source: 0,
                    from: "a source".into(),
                    limit,
                },
            );
        }
    }

    fn poll(&mut self) -> Option<Start<u32>> {
        let start = self.schedule.poll(self.now);
        self.schedule.recount([].iter(), self.now);
        start
    }

    fn call(&mut self) -> Option<TokenCall> {
        let call = self.schedule.token_call(|_, _| REST, self.now);
        self.schedule.recount([].iter(), self.now);
        call
    }

    fn came(&mut self, call: &TokenCall, life: Option<Duration>) {
        assert!(self.schedule.token_came(call, life, self.now));
        self.schedule.recount([].iter(), self.now);
    }

    fn failed(&mut self, call: &TokenCall) {
        let failure = TokenFailure::new("on purpose");
        self.schedule.token_failed(call, &failure, self.now);
        self.schedule.recount([].iter(), self.now);
    }

    /// Holds all jobs and begins the call that they wait for.
    fn held(&mut self) -> TokenCall {
        assert!(self.poll().is_none());
        self.call().expect("a call is due")
    }

    fn done(&mut self, id: Id) {
        let verdict = done();
        let heard = heard(&verdict);
        assert!(
            self.schedule
                .complete(id, heard, verdict, self.now)
                .is_none()
        );
    }
}

fn done() -> Verdict<u32> {
    Verdict::Done {
        bytes: 0,
        cool: None,
        call: CallEnd::Success,
    }
}

#[test]
fn held_jobs_take_no_place_and_leave_in_the_order_of_their_turns() {
    let mut scene = TokenScene::new(workers(4));
    scene.push("a", 0..10);
    let call = scene.held();
    assert_eq!((call.reason, call.host), (TokenReason::First, host("a")));
    assert_eq!(
        (scene.schedule.in_flight(), scene.schedule.queued()),
        (0, 10)
    );
    assert!(scene.call().is_none());
    let call = TokenCall {
        host: host("a"),
        source: 0,
        number: 1,
        attempt: 1,
        reason: TokenReason::First,
    };
    scene.came(&call, None);
    let started: Vec<u32> = std::iter::from_fn(|| scene.poll())
        .map(|start| start.job)
        .collect();
    assert_eq!(started, [0, 1, 2, 3]);
}

#[test]
fn jobs_without_a_need_go_on_meanwhile() {
    let mut scene = TokenScene::new(workers(4));
    scene.push("a", 0..3);
    let (batch, now) = (scene.batch, scene.now);
    scene.schedule.push(batch, &host("a"), 9, now);
    assert_eq!(scene.poll().unwrap().job, 9);
    assert!(scene.call().is_some());
}

#[test]
fn a_job_that_waits_for_a_token_takes_no_rate() {
    let mut scene = TokenScene::new(ScheduleSettings {
        rate: RateLimit::per_second(1).into(),
        ..wide()
    });
    scene.push("a", 0..3);
    let call = scene.held();
    scene.came(&call, None);
    assert!(scene.poll().is_some());
    assert!(scene.poll().is_none());
}

#[test]
fn held_jobs_end_at_their_deadline_which_begins_with_their_turn() {
    let mut scene = TokenScene::new(workers(4));
    scene.push_within("a", 0..2, Some(Duration::from_secs(5)));
    let call = scene.held();
    assert_eq!(
        scene.schedule.next_deadline(),
        Some(scene.now + Duration::from_secs(5))
    );
    scene.now += Duration::from_secs(5);
    scene.schedule.expire(scene.now);
    scene.schedule.recount([].iter(), scene.now);
    let (job, why) = scene.schedule.take_ended(scene.batch).unwrap();
    assert_eq!(job, 0);
    let EndReason::DeadlineForToken(wait) = why else {
        panic!("{why:?}");
    };
    assert_eq!(wait.to_string(), "it waited for a token from a source");
    scene.came(&call, None);
}

#[test]
fn a_deadline_in_the_wait_tells_the_failure_of_the_last_call() {
    let mut scene = TokenScene::new(workers(4));
    scene.push_within("a", 0..1, Some(Duration::from_secs(5)));
    let call = scene.held();
    scene.failed(&call);
    scene.now += Duration::from_secs(5);
    scene.schedule.expire(scene.now);
    let (_, why) = scene.schedule.take_ended(scene.batch).unwrap();
    let EndReason::DeadlineForToken(wait) = why else {
        panic!("{why:?}");
    };
    let said = "it waited for a token from a source (the last call: ";
    assert!(wait.to_string().starts_with(said), "{wait}");
}

#[test]
fn a_job_that_was_held_keeps_the_deadline_of_its_turn() {
    let mut scene = TokenScene::new(workers(4));
    scene.push_within("a", 0..1, Some(Duration::from_secs(5)));
    let (call, turn) = (scene.held(), scene.now);
    scene.now += Duration::from_secs(2);
    scene.came(&call, None);
    assert_eq!(
        scene.poll().unwrap().deadline,
        Some(turn + Duration::from_secs(5))
    );
}

#[test]
fn held_jobs_fail_after_the_third_failed_call_and_the_next_job_begins_anew() {
    let mut scene = TokenScene::new(workers(4));
    scene.push("a", 0..3);
    for attempt in 1..=3 {
        assert!(scene.poll().is_none());
        let call = scene.call().unwrap();
        assert_eq!(call.attempt, attempt);
        assert!(scene.schedule.take_ended(scene.batch).is_none());
        scene.failed(&call);
        scene.now += REST;
    }
    for job in 0..3 {
        let (ended, why) = scene.schedule.take_ended(scene.batch).unwrap();
        assert_eq!(ended, job);
        assert!(matches!(why, EndReason::NoToken(_)));
    }
    scene.push("a", 3..4);
    assert_eq!(scene.held().attempt, 1);
}

#[test]
fn a_call_that_hangs_is_given_up_and_the_next_comes_after_the_rest() {
    let mut scene = TokenScene::new(workers(4));
    scene.push("a", 0..3);
    let late = scene.held();
    let limit = scene.now + CALL_LIMIT;
    assert_eq!(scene.schedule.next_wakeup(), Some(limit));
    scene.now = limit;
    assert!(scene.poll().is_none());
    assert_eq!(scene.schedule.next_wakeup(), Some(limit + REST));
    scene.now = limit + REST;
    let call = scene.call().unwrap();
    assert!(!scene.schedule.token_came(&late, None, scene.now));
    scene.came(&call, None);
    assert_eq!(scene.poll().unwrap().job, 0);
}

#[test]
fn a_refused_job_goes_ahead_with_the_next_token() {
    let mut scene = TokenScene::new(workers(1));
    scene.push("a", 0..3);
    let call = scene.held();
    scene.came(&call, None);
    let start = scene.poll().unwrap();
    let verdict = Verdict::Renew {
        job: start.job,
        refused: call.number,
        deadline: None,
    };
    let now = scene.now;
    assert!(
        scene
            .schedule
            .complete(start.id, HEAD, verdict, now)
            .is_none()
    );
    let call = scene.held();
    assert_eq!(call.reason, TokenReason::Refused);
    scene.came(&call, None);
    assert_eq!(scene.poll().unwrap().job, 0);
}

#[test]
fn no_call_begins_for_jobs_that_were_cancelled() {
    let mut scene = TokenScene::new(workers(4));
    scene.push("a", 0..3);
    assert!(scene.poll().is_none());
    let (batch, now) = (scene.batch, scene.now);
    scene
        .schedule
        .end_queued_of(Some(batch), &EndReason::Cancelled, now);
    assert!(scene.call().is_none());
    assert_eq!(scene.schedule.next_wakeup(), None);
}

/// Event of the simulation.
enum Event {
    JobEnds { id: Id, job: u32, token: u64 },
    CallEnds(TokenCall),
}

/// Runs `jobs` jobs of several hosts on many workers with tokens that expire, are refused and fail to come, by chance.
fn simulate(seed: u64, workers: usize, jobs: u32, unlucky: bool) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut scene = TokenScene::new(super::workers(workers));
    let mut events: Vec<Event> = Vec::new();
    let mut due = BinaryHeap::new();
    let (mut pushed, mut ended, mut present) = (0, 0, 0);
    let (mut calling, mut renewed_at) = (false, None::<Instant>);
    let life = Duration::from_millis(rng.u64(500..20_000));
    while ended < jobs {
        let room = scene
            .schedule
            .room(scene.batch)
            .min((jobs - pushed) as usize) as u32;
        let until = pushed + room.min(rng.u32(1..3_000));
        for job in pushed..until {
            let name = ["a", "b", "c"][job as usize % 3];
            scene.push(name, [job]);
        }
        pushed = until;
        while let Some(start) = scene.schedule.poll(scene.now) {
            assert!(
                !calling,
                "seed {seed}: a job starts while its token is fetched"
            );
            let ends = scene.now + Duration::from_millis(rng.u64(1..200));
            due.push(Reverse((ends, events.len())));
            events.push(Event::JobEnds {
                id: start.id,
                job: start.job,
                token: present,
            });
        }
        if let Some(call) = scene.schedule.token_call(|_, _| REST, scene.now) {
            assert!(
                !std::mem::replace(&mut calling, true),
                "seed {seed}: two calls"
            );
            if let (TokenReason::Due, Some(at)) = (call.reason, renewed_at) {
                assert!(
                    scene.now >= at,
                    "seed {seed}: a call before the token was due"
                );
            }
            let ends = scene.now + Duration::from_millis(rng.u64(0..3_000));
            due.push(Reverse((ends, events.len())));
            events.push(Event::CallEnds(call));
            continue;
        }
        if rng.u8(..) == 0 {
            scene.schedule.recount([].iter(), scene.now);
        }
        let wakeup = scene.schedule.next_wakeup();
        let Some(&Reverse((at, number))) = due.peek() else {
            scene.now = wakeup.unwrap_or_else(|| panic!("seed {seed}: {ended} of {jobs} ended"));
            continue;
        };
        if wakeup.is_some_and(|wakeup| wakeup < at) {
            scene.now = scene.now.max(wakeup.unwrap());
            continue;
        }
        due.pop();
        scene.now = scene.now.max(at);
        match &events[number] {
            Event::CallEnds(call) => {
                calling = false;
                let call = call.clone();
                if unlucky && rng.u8(..4) == 0 {
                    scene.failed(&call);
                } else {
                    present = call.number;
                    renewed_at = Some(scene.now + life - life / 5);
                    scene.came(&call, Some(life));
                    assert_eq!(scene.schedule.tokens.held(), 0);
                }
            }
            Event::JobEnds { id, job, token } => {
                let (id, job, token) = (*id, *job, *token);
                if unlucky && rng.u16(..1_000) == 0 {
                    let verdict = Verdict::Renew {
                        job,
                        refused: token,
                        deadline: None,
                    };
                    let now = scene.now;
                    assert!(scene.schedule.complete(id, HEAD, verdict, now).is_none());
                } else {
                    scene.done(id);
                    scene.schedule.taken(scene.batch, 1, 0);
                    ended += 1;
                }
            }
        }
        while scene.schedule.take_ended(scene.batch).is_some() {
            ended += 1;
        }
    }
}

#[test]
fn a_thousand_workers_make_one_call_for_each_expiry_and_none_starves() {
    for seed in 0..3 {
        simulate(seed, 1_000, 20_000, false);
    }
}

#[test]
fn refusals_and_failures_starve_no_job() {
    for seed in 0..30 {
        simulate(seed, [1, 3, 64][seed as usize % 3], 1_000, true);
    }
}
