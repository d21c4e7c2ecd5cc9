//! Workers on shuttle's threads, in orders that shuttle chooses: no wake-up is lost.
//!
//! A lost wake-up is a deadlock, which shuttle reports together with the order that led to it. `HAUL_SEED=n` chooses
//! other orders, `HAUL_SCALE=n` plays n times as many.

mod job;
mod model;

use std::panic::catch_unwind;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::Arc;
use shuttle::{Runner, thread};

use super::{number, scale};
use job::{Gate, Handle, Work};
use model::{Executor, Fault};

const ORDERS: u64 = 1_500;

/// Submits each list from a thread of its own, which waits for its first job, and then for the others.
fn play(workers: usize, fault: Fault, callers: Vec<Vec<Work>>) {
    let executor = Executor::new(workers, 0, fault);
    let own = Arc::clone(&executor);
    let clock = thread::spawn(move || own.clock());
    let callers = callers.into_iter().map(|works| {
        let executor = Arc::clone(&executor);
        thread::spawn(move || {
            let mut works = works.into_iter();
            let first = works.next().map(|work| executor.submit(work));
            // At this point the workers may be idle.
            first.iter().for_each(Handle::wait);
            let others: Vec<_> = works.map(|work| executor.submit(work)).collect();
            others.iter().for_each(Handle::wait);
        })
    });
    let callers: Vec<_> = callers.collect();
    callers
        .into_iter()
        .for_each(|caller| caller.join().unwrap());
    executor.close();
    clock.join().unwrap();
}

/// Returns the number of orders to play, and their seed.
fn orders() -> (usize, u64) {
    let count = ORDERS * scale();
    (count as usize, number("HAUL_SEED").unwrap_or(0))
}

fn check(scheduler: impl Scheduler + 'static, scenario: fn(Fault), fault: Fault) {
    Runner::new(scheduler, Default::default()).run(move || scenario(fault));
}

fn in_every_order(scenario: fn(Fault)) {
    let (count, seed) = orders();
    let random = RandomScheduler::new_from_seed(seed, count);
    check(random, scenario, Fault::None);
    check(
        PctScheduler::new_from_seed(seed, 3, count),
        scenario,
        Fault::None,
    );
}

/// Returns true if some order of the scenario comes to a standstill.
fn stands_still(scenario: fn(Fault), fault: Fault) -> bool {
    let (count, seed) = orders();
    let random = RandomScheduler::new_from_seed(seed, count);
    let Err(panic) = catch_unwind(|| check(random, scenario, fault)) else {
        return false;
    };
    let text = panic.downcast_ref::<String>().expect("shuttle says why");
    assert!(text.contains("deadlock"), "{text}");
    true
}

/// Plays retries, which wait for a time, among other jobs, with fewer workers than jobs.
fn retries(fault: Fault) {
    use Work::{Plain, Retried};
    let callers = vec![vec![Plain, Retried(1), Plain], vec![Retried(2), Plain]];
    play(2, fault, callers);
}

/// Plays two jobs neither of which ends before the other is under way, and a third that makes a worker wait for a time.
fn meetings(fault: Fault) {
    let gate = Gate::of(2);
    let meets = || Work::Meets(Arc::clone(&gate));
    play(
        3,
        fault,
        vec![vec![meets(), Work::Retried(1)], vec![meets()]],
    );
}

/// Plays jobs whose callbacks submit other jobs and wait for them, with too few workers.
fn questions(fault: Fault) {
    let asks = |work| Work::Asks(Box::new(work));
    let callers = vec![vec![asks(asks(Work::Plain))], vec![asks(Work::Retried(1))]];
    play(1, fault, callers);
}

/// Drops the last queued job while the workers are to leave.
fn leavings(fault: Fault) {
    let executor = Executor::new(2, 0, fault);
    let own = Arc::clone(&executor);
    let clock = thread::spawn(move || own.clock());
    executor.hold();
    let handles = [Work::Plain, Work::Retried(1)].map(|work| executor.submit(work));
    handles.iter().for_each(Handle::wait);
    let own = Arc::clone(&executor);
    let leaver = thread::spawn(move || own.let_go());
    executor.close();
    leaver.join().unwrap();
    clock.join().unwrap();
}

/// Hands in a job that waits for a time while a second thread is being started, which is then refused.
fn refusals(fault: Fault) {
    let executor = Executor::new(2, 1, fault);
    let own = Arc::clone(&executor);
    let clock = thread::spawn(move || own.clock());
    let gate = Gate::of(2);
    let first = executor.submit(Work::Meets(Arc::clone(&gate)));
    let (second, start) = executor.hand_in(Work::Plain);
    gate.meet();
    [first, second].iter().for_each(Handle::wait);
    let third = executor.submit(Work::Later(1));
    executor.finish(start);
    third.wait();
    executor.close();
    clock.join().unwrap();
}

#[test]
fn jobs_that_are_tried_again_end_in_every_order() {
    in_every_order(retries);
}

#[test]
fn jobs_that_need_each_other_under_way_end_in_every_order() {
    in_every_order(meetings);
}

#[test]
fn jobs_that_wait_for_others_on_a_full_pool_end_in_every_order() {
    in_every_order(questions);
}

#[test]
fn workers_go_when_what_is_left_is_dropped_in_every_order() {
    in_every_order(leavings);
}

#[test]
fn jobs_end_in_every_order_though_a_thread_is_refused() {
    in_every_order(refusals);
}

#[test]
fn a_refused_thread_after_which_nobody_is_called_is_found_out() {
    assert!(stands_still(refusals, Fault::NoCallAfterRefusal));
}

#[test]
fn workers_that_are_not_told_of_the_end_are_found_out() {
    assert!(stands_still(leavings, Fault::NoWordAtTheEnd));
}

#[test]
fn the_check_finds_a_worker_that_leaves_jobs_behind() {
    assert!(stands_still(meetings, Fault::NoHandOver));
}

#[test]
fn a_leader_that_is_not_told_of_an_earlier_wake_up_is_found_out() {
    assert!(stands_still(retries, Fault::NoWordToTheLeader));
}

#[test]
fn a_call_that_is_never_answered_is_found_out() {
    assert!(stands_still(retries, Fault::CalledForEver));
}
