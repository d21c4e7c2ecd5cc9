//! One request, waited for.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::RecvTimeoutError;

use crate::executor::{Executor, Feed, Handle};
use crate::outcome::Outcome;
use crate::request::Request;
use crate::schedule::{Ended, Id};

use super::feed::{Feeder, taken};
use super::outcomes::inbox::{Message, as_response, results};
use super::refused::{Refusal, Refused};

/// Hands the request in and waits for its outcome. On a worker the wait gives the worker's place to another.
pub(crate) fn send(executor: &Arc<Executor>, batch: Id, request: Request) -> Outcome {
    let (receiver, inbox) = results(1, as_response);
    let receiver = Arc::new(receiver);
    let patience = executor.engine().deadline_of(&request);
    let defaults = &executor.engine().defaults;
    match Feeder::default().feed(defaults, taken(defaults, request), 0, receiver) {
        Feed::Ended(job, why) => return job.end(why, Instant::now()),
        job => {
            if let Err(refused) = executor.accept(batch, job, usize::MAX) {
                let (Feed::Job(job) | Feed::Ended(job, _)) = refused;
                return job.end(Ended::Cancelled, Instant::now());
            }
        }
    }
    Executor::blocking(|| {
        loop {
            // Its own deadline begins with its first attempt; before that passes, there is nothing to end.
            let own = patience.and_then(|patience| Instant::now().checked_add(patience));
            let received = match [executor.expire(), own].into_iter().flatten().min() {
                Some(deadline) => inbox.results.recv_deadline(deadline),
                None => inbox
                    .results
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(Message::Outcome(outcome, _)) => return outcome,
                Ok(Message::Look) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("every accepted job is delivered")
                }
            }
        }
    })
}

/// Hands the request in, to be asked about later.
pub(crate) fn submit(
    executor: &Arc<Executor>,
    batch: Id,
    request: Request,
    most: usize,
) -> Result<Handle, Refused> {
    let defaults = &executor.engine().defaults;
    let request = taken(defaults, request);
    let handle = Handle::new(executor, Arc::clone(&request));
    let fed = Feeder::default().feed(defaults, request, 0, handle.receiver());
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
