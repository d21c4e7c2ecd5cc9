//! Start of worker threads, one at a time as they are needed.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crate::redact::escape::log_line;
use crate::schedule::{EndReason, Schedule};
use crate::transport::CancelSlot;

use super::current_worker;
use super::job::Job;
use super::roster::StartRefused;
use super::shared::{Active, Executor, WorkerSettings};
use super::work::Work;
use super::workers::WorkerLoop;
use crate::attempt::{Clock, panicked};

/// Creates an executor that starts its workers on demand and reads time from this clock.
pub(crate) fn new(
    clock: Clock,
    work: Arc<dyn Work>,
    pool: WorkerSettings,
    schedule: Schedule<Box<Job>>,
) -> Arc<Executor> {
    let executor = Executor::new(work, pool, schedule, clock, start);
    executor.join_clock();
    executor
}

/// Starts a worker that the roster has counted as starting. If the system refuses a thread, the live workers do the
/// work; if there are none, or all are blocked, the system is asked again a few times.
fn start(executor: &Arc<Executor>) {
    for refusals in 0.. {
        let Err(error) = spawn(executor) else {
            return;
        };
        let mut state = executor.lock();
        executor.warn_of_threads(state.roster.live() - 1, &error);
        let now = executor.clock.now();
        let left = match state.roster.start_refused(refusals, now) {
            StartRefused::AskAgain(pause) => {
                let clock = executor.clock.while_working();
                let until = clock.now() + pause;
                while clock.now() < until {
                    state = clock.wait(&executor.changed, state, Some(until));
                }
                continue;
            }
            StartRefused::OthersWork => executor.call(&mut state, now),
            StartRefused::GiveUp => {
                // A deadline that has passed says more than the missing worker, and it also ends jobs that are still to
                // come.
                state.expire(now);
                let why = EndReason::NoWorker(error.to_string());
                state.schedule.end_queued_of(None, &why, now);
                executor.call_news(&mut state)
            }
        };
        drop(state);
        executor.finish(left);
        executor.changed.notify_all();
        return;
    }
}

/// Asks the system for the thread of a worker.
fn spawn(executor: &Arc<Executor>) -> io::Result<()> {
    let mut state = executor.lock();
    let number = state.free_numbers.pop().unwrap_or_else(|| {
        state.active.push(Active {
            slot: CancelSlot::new(),
            ticket: None,
            batch: None,
            job: None,
        });
        state.active.len() - 1
    });
    let slot = Arc::clone(&state.active[number].slot);
    let before = state.threads.remove(&number);
    drop(state);
    if let Some(before) = before {
        // The old thread with this number has left the roster. A thread that is not joined keeps its stack.
        let _ = before.join();
    }
    let mut thread = thread::Builder::new().name(format!("{}-{number}", executor.pool.name));
    if let Some(stack) = executor.pool.stack {
        thread = thread.stack_size(stack);
    }
    let own = Arc::clone(executor);
    let spawned = thread.spawn(move || {
        let releasing = Arc::clone(&own);
        let release = move |job| releasing.release(job);
        current_worker::run_as_worker(&own, &own.returning, release, || match ready(&own.pool) {
            Ok(()) => WorkerLoop {
                executor: &own,
                number,
                slot,
            }
            .run(),
            Err(reason) => not_ready(&own, number, reason),
        });
    });
    let mut state = executor.lock();
    match spawned {
        Ok(thread) => {
            state.threads.insert(number, thread);
            Ok(())
        }
        Err(error) => {
            state.free_numbers.push(number);
            Err(error)
        }
    }
}

/// Runs the `on_start` hook before a worker's first job. An error says why there can be no job.
fn ready(pool: &WorkerSettings) -> Result<(), String> {
    let Some(on_start) = &pool.on_start else {
        return Ok(());
    };
    match catch_unwind(AssertUnwindSafe(|| on_start())) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(panic) => Err(panicked(&*panic).message().to_owned()),
    }
}

/// Handles a failed `on_start` hook, which would fail on other workers too: waiting jobs end with `reason`, and later
/// jobs too.
fn not_ready(executor: &Arc<Executor>, number: usize, reason: String) {
    let why = EndReason::NoWorker(format!("on_worker_start: {reason}"));
    let mut state = executor.lock();
    state.roster.worker_started();
    state.roster.worker_left();
    state.free_numbers.push(number);
    let first = state.ending.is_none();
    state.ending.get_or_insert_with(|| why.clone());
    state
        .schedule
        .end_queued_of(None, &why, executor.clock.now());
    let left = executor.call_news(&mut state);
    let idle = state.roster.wake_all();
    drop(state);
    if first {
        log_line!(Error, "no worker can start: on_worker_start: {}", reason);
    }
    executor.finish(left);
    executor.notify(idle);
    executor.changed.notify_all();
}
