//! The executor with work that a test scripts, and a clock that it sets.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use super::*;
use crate::attempt::manual::ManualClock;
use crate::attempt::{AttemptEnd, Clock, RequestTarget};
use crate::error::{Error, ErrorType};
use crate::host::Host;
use crate::outcome::{Outcome, State};
use crate::request::Request;
use crate::schedule::{Bounds, CallEnd, Id, Schedule, ScheduleSettings};

const HOUR: Duration = Duration::from_secs(3600);

/// Work that asks for a second attempt an hour after the first, and fails the first.
struct AnHourLater(AtomicU32);

impl Work for AnHourLater {
    fn attempt(&self, _: &mut Job, running: RunningJob<'_>) -> AttemptEnd {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => AttemptEnd::Again {
                at: running.start + HOUR,
                cool: None,
                call: CallEnd::Success,
            },
            _ => AttemptEnd::failed(Error::new(ErrorType::HttpStatus, "the second attempt")),
        }
    }
}

/// Work that panics while it holds the permit of its job.
struct Panics;

impl Work for Panics {
    fn attempt(&self, _: &mut Job, running: RunningJob<'_>) -> AttemptEnd {
        assert!(!running.permit.is_held(), "on purpose");
        unreachable!("the permit is held")
    }
}

/// Work that waits at a gate in the job with index 0, and ends every job.
struct Gated(crossbeam_channel::Receiver<()>);

impl Work for Gated {
    fn attempt(&self, job: &mut Job, _: RunningJob<'_>) -> AttemptEnd {
        if job.index == 0 {
            self.0.recv().unwrap();
        }
        AttemptEnd::failed(Error::new(ErrorType::HttpStatus, "on purpose"))
    }
}

/// Receiver that sends a request of its own, and waits for it, when it is told of an outcome.
struct SendsAnother {
    executor: Arc<Executor>,
    told: Sender<bool>,
}

impl Receiver for SendsAnother {
    fn deliver(&self, _: Outcome) -> u64 {
        let outcomes = submit(&self.executor, 1..2, self.executor.clock.now());
        let wait = || outcomes.recv_timeout(Duration::from_secs(30)).is_ok();
        let _ = self.told.send(Executor::blocking(wait));
        0
    }
}

struct ToChannel(Sender<Outcome>);

impl Receiver for ToChannel {
    fn deliver(&self, outcome: Outcome) -> u64 {
        let _ = self.0.send(outcome);
        0
    }
}

fn executor(work: impl Work + 'static, clock: Clock) -> Arc<Executor> {
    let pool = WorkerSettings {
        workers: 1,
        name: "test".to_owned(),
        stack: None,
        on_start: None,
        limiter: None,
    };
    new(
        clock,
        Arc::new(work),
        pool,
        Schedule::new(ScheduleSettings::new(1)),
    )
}

/// Hands in requests with these indices, and returns the channel to which their outcomes go.
fn submit(
    executor: &Arc<Executor>,
    indices: Range<u64>,
    now: Instant,
) -> crossbeam_channel::Receiver<Outcome> {
    let (to, outcomes) = bounded(8);
    submit_to(executor, indices, now, Arc::new(ToChannel(to)));
    outcomes
}

/// Hands in requests with these indices, whose outcomes go to `receiver`, and returns their batch.
fn submit_to(
    executor: &Arc<Executor>,
    indices: Range<u64>,
    now: Instant,
    receiver: Arc<dyn Receiver>,
) -> Id {
    let bounds = Bounds {
        window: usize::MAX,
        max_parked: usize::MAX,
        bytes: i64::MAX as u64,
        max_delay: None,
        delivered: true,
        ordered: false,
    };
    let batch = executor.open(bounds, None);
    for index in indices {
        let host = Host::of(&http::Uri::from_static("http://h/")).unwrap();
        let to = Some((RequestTarget::default(), host));
        let request = Arc::new(Request::from("http://h/"));
        let job = Job::new(request, index, to, Arc::clone(&receiver), now);
        assert!(
            executor
                .accept(batch, FedRequest::Job(job), usize::MAX)
                .is_ok()
        );
    }
    batch
}

fn finish(executor: &Arc<Executor>) {
    executor.close(None, false);
    assert!(executor.join(None));
}

#[test]
fn a_retry_waits_until_the_clock_has_come_to_its_time() {
    let clock = Arc::new(ManualClock::new());
    let executor = executor(
        AnHourLater(AtomicU32::new(0)),
        Clock::Manual(Arc::clone(&clock)),
    );
    let outcomes = submit(&executor, 0..1, clock.now());
    clock.advance(HOUR / 2);
    assert!(outcomes.recv_timeout(Duration::from_millis(30)).is_err());
    clock.advance(HOUR);
    let outcome = outcomes.recv_timeout(Duration::from_secs(30)).unwrap();
    let State::Failed(error) = outcome.state() else {
        panic!("{outcome:?}");
    };
    assert_eq!(error.message(), "the second attempt");
    finish(&executor);
}

#[test]
fn the_permit_of_work_that_panics_is_free_for_the_next_job() {
    let executor = executor(Panics, Clock::System);
    let outcomes = submit(&executor, 0..3, Instant::now());
    for _ in 0..3 {
        let outcome = outcomes.recv_timeout(Duration::from_secs(30)).unwrap();
        let State::Failed(error) = outcome.state() else {
            panic!("{outcome:?}");
        };
        assert_eq!(error.error_type(), ErrorType::Panic);
    }
    finish(&executor);
}

#[test]
fn a_receiver_that_waits_gives_up_the_place_of_the_job_that_its_worker_has_taken() {
    let (open, gate) = bounded(1);
    let clock = Arc::new(ManualClock::new());
    let executor = executor(Gated(gate), Clock::Manual(Arc::clone(&clock)));
    let first = submit(&executor, 0..1, clock.now());
    let (told, waited) = bounded(1);
    let another = SendsAnother {
        executor: Arc::clone(&executor),
        told,
    };
    // The only worker is at the gate: its deadline passes while this request is queued, and the next one is ready.
    let batch = submit_to(&executor, 2..3, clock.now(), Arc::new(another));
    executor.set_deadline(batch, clock.now() + HOUR);
    let last = submit(&executor, 3..4, clock.now());
    clock.advance(2 * HOUR);
    open.send(()).unwrap();
    assert!(waited.recv_timeout(Duration::from_secs(60)).unwrap());
    for outcomes in [first, last] {
        assert!(outcomes.recv_timeout(Duration::from_secs(30)).is_ok());
    }
    finish(&executor);
}
