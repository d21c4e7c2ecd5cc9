//! Requests walked through decisions. Numbers of vectors refer to the tables in `tests/vectors/`.

use super::*;
use crate::timing::Phase;
use http::Method;

mod advances;
mod advice;
mod announced;
mod failures;
mod limits;
mod statuses;
mod waits;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const DELETE: Method = Method::DELETE;

/// Policy without jitter, so that waits are exact.
fn policy() -> RetryPolicy {
    RetryPolicy::default().jitter(Jitter::None)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Response with this status.
fn status(method: &Method, status: u16) -> AttemptFacts<'_> {
    AttemptFacts {
        status: Some(status),
        phase: Some(Phase::Receive),
        bytes_sent: 100,
        bytes_received: 100,
        ..AttemptFacts::new(method, ErrorType::HttpStatus)
    }
}

/// Failure in this phase. The request is on the wire from the phase after [`Phase::Send`] on.
fn failure(method: &Method, error_type: ErrorType, phase: Phase) -> AttemptFacts<'_> {
    AttemptFacts {
        phase: Some(phase),
        bytes_sent: if phase > Phase::Send { 100 } else { 0 },
        ..AttemptFacts::new(method, error_type)
    }
}

fn refused(method: &Method) -> AttemptFacts<'_> {
    failure(method, ErrorType::Connect, Phase::Connect)
}

fn answer_timeout(method: &Method) -> AttemptFacts<'_> {
    failure(method, ErrorType::Timeout, Phase::Wait)
}

/// Failure of a kept-alive connection that the server had closed: noticed on writing, or by the end of the stream.
fn stale(method: &Method, bytes_sent: u64) -> AttemptFacts<'_> {
    let phase = if bytes_sent == 0 {
        Phase::Send
    } else {
        Phase::Wait
    };
    AttemptFacts {
        bytes_sent,
        reused: true,
        ..failure(method, ErrorType::Connection, phase)
    }
}

fn step(policy: &RetryPolicy, facts: &AttemptFacts<'_>, counts: &mut AttemptCounts) -> Decision {
    decide(policy, facts, counts, None, &mut || 0.5)
}

/// Returns the wait of a decision, or the reason to stop.
fn wait(decision: &Decision) -> Result<Duration, StopReason> {
    match decision {
        Decision::Retry { delay, .. } => Ok(*delay),
        Decision::Stop { reason, .. } => Err(*reason),
    }
}

/// Returns the decision after a first attempt with this evidence.
fn first(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> Result<Duration, StopReason> {
    wait(&step(policy, facts, &mut AttemptCounts::default()))
}

/// Repeats attempts with this evidence until the decision is to stop. Returns the number of attempts and the reason.
fn until_stop(policy: &RetryPolicy, facts: &AttemptFacts<'_>) -> (u32, StopReason) {
    let mut counts = AttemptCounts::default();
    loop {
        if let Decision::Stop { reason, .. } = step(policy, facts, &mut counts) {
            return (counts.attempts(), reason);
        }
        assert!(counts.attempts() < 100, "it never stops");
    }
}
