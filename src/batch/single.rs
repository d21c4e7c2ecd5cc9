//! A single request, waited for or submitted.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::RecvTimeoutError;

use crate::attempt::Engine;
use crate::executor::{Executor, FedRequest, Handle};
use crate::outcome::Outcome;
use crate::request::Request;
use crate::schedule::{EndReason, Id};

use super::feed::{Feeder, taken};
use super::owner::WorkersOwner;
use super::process::as_response;
use super::receiving::earliest;
use super::refused::{Refusal, Refused};
use super::results::{Message, results};

/// Hands in the request and waits for its outcome. On a worker the wait gives the worker's place to another worker.
pub(crate) fn send(owner: &WorkersOwner, batch: Id, request: Request) -> Outcome {
    let executor = owner.executor();
    let (sender, receiver) = results(1, false, as_response);
    let time_limit = owner.engine().deadline_of(&request);
    let defaults = &owner.engine().defaults;
    let now = executor.now();
    match Feeder::default().feed(defaults, taken(defaults, request), 0, sender, now) {
        FedRequest::Ended(job, why) => return job.end(why, now),
        job => {
            if let Err(refused) = executor.accept(batch, job, usize::MAX) {
                let (FedRequest::Job(job) | FedRequest::Ended(job, _)) = refused;
                return job.end(EndReason::Cancelled, executor.now());
            }
        }
    }
    Executor::blocking(|| {
        loop {
            // The request's own limit counts from its first attempt, so that it cannot pass before this instant.
            let own = time_limit.and_then(|limit| executor.now().checked_add(limit));
            let until = earliest([executor.expire(), own]);
            match receiver.recv_until(executor.clock().sleep_limit(until)) {
                Ok(Message::Outcome(outcome, _)) => return outcome,
                Ok(Message::Nudge) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("every accepted job is delivered")
                }
            }
        }
    })
}

/// Hands in a request of a token source and waits for its outcome. At `until` the request is cancelled.
pub(crate) fn send_until(
    executor: &Arc<Executor>,
    engine: &Engine,
    batch: Id,
    request: Request,
    until: Instant,
) -> Outcome {
    let request = taken(&engine.defaults, request);
    let limit = engine.deadline_of(&request);
    let handle = Handle::new(executor, Arc::clone(&request), limit);
    let (receiver, now) = (handle.receiver(), executor.now());
    let mut fed = Feeder::default().feed(&engine.defaults, request, 0, receiver, now);
    let (FedRequest::Job(job) | FedRequest::Ended(job, _)) = &mut fed;
    job.attempts.mark_for_source();
    match executor.accept(batch, fed, usize::MAX) {
        Ok(id) => id.into_iter().for_each(|id| handle.accepted(id)),
        Err(FedRequest::Job(job) | FedRequest::Ended(job, _)) => {
            return job.end(EndReason::Cancelled, executor.now());
        }
    }
    let left = until.saturating_duration_since(executor.now());
    if handle.wait_timeout(left).is_err() {
        handle.cancel();
    }
    match handle.into_outcome() {
        Ok(outcome) => outcome,
        Err(_) => unreachable!("nothing else holds the outcome"),
    }
}

/// Hands in the request and returns its handle, unless `most` requests wait already.
pub(crate) fn submit(
    owner: &WorkersOwner,
    batch: Id,
    request: Request,
    most: usize,
) -> Result<Handle, Refused> {
    let executor = owner.executor();
    let defaults = &owner.engine().defaults;
    let request = taken(defaults, request);
    let limit = owner.engine().deadline_of(&request);
    let handle = Handle::new(executor, Arc::clone(&request), limit);
    let now = executor.now();
    let fed = Feeder::default().feed(defaults, request, 0, handle.receiver(), now);
    match executor.accept(batch, fed, most) {
        Ok(id) => id.into_iter().for_each(|id| handle.accepted(id)),
        Err(refused) => {
            drop(handle);
            let why = match executor.is_closing() {
                true => Refusal::Closed,
                false => Refusal::Full,
            };
            return Err(Refused::new(refused.into_request(), why));
        }
    }
    Ok(handle)
}
