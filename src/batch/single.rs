//! One request, waited for.

use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{RecvTimeoutError, bounded};

use crate::executor::{Executor, Feed};
use crate::outcome::Outcome;
use crate::request::Request;
use crate::schedule::{Ended, Id};

use super::feed::feed;
use super::receive::{Results, as_response};

/// Hands the request in and waits for its outcome. On a worker the wait gives the worker's place to another.
pub(crate) fn send(executor: &Arc<Executor>, batch: Id, request: Request) -> Outcome {
    let (to, result) = bounded(1);
    let receiver = Arc::new(Results {
        to,
        make: as_response,
    });
    match feed(&executor.engine().defaults, request, 0, receiver) {
        Feed::Ended(job, why) => return job.end(why, Instant::now()),
        job => {
            if let Err(refused) = executor.accept(batch, job) {
                let (Feed::Job(job, _) | Feed::Ended(job, _)) = refused;
                return job.end(Ended::Cancelled, Instant::now());
            }
        }
    }
    executor.blocking(|| {
        loop {
            let received = match executor.expire() {
                Some(deadline) => result.recv_deadline(deadline),
                None => result.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match received {
                Ok(message) => return message.outcome,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    unreachable!("every accepted job is delivered")
                }
            }
        }
    })
}
