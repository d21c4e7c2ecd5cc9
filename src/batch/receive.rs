//! From a worker to the caller: a batch's end of the results channel.

use std::any::Any;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Sender, TrySendError};

use crate::error::{Error, ErrorType, StopReason};
use crate::executor::{Receiver, panicked};
use crate::outcome::{Outcome, State};
use crate::rejection::Rejection;
use crate::response::Response;

/// An outcome on its way to the caller, and the bytes it holds on to until it is taken.
pub(crate) struct Message<T> {
    pub(crate) outcome: Outcome<T>,
    pub(crate) bytes: u64,
}

/// Makes outcomes what the caller wants and sends them on.
pub(super) struct Results<T, F> {
    pub(super) to: Sender<Message<T>>,
    pub(super) make: F,
}

impl<T, F> Receiver for Results<T, F>
where
    T: Send + 'static,
    F: Fn(Response) -> State<T> + Send + Sync,
{
    fn deliver(&self, outcome: Outcome) -> u64 {
        let outcome = outcome.map_success(&self.make);
        let bytes = kept_bytes(&outcome);
        match self.to.try_send(Message { outcome, bytes }) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                unreachable!("nothing is dispatched without a place for its outcome")
            }
        }
        bytes
    }
}

/// A success as it came.
pub(crate) fn as_response(response: Response) -> State {
    State::Success(response)
}

/// A success as the caller's closure has it. What it returns as an error is a failure of class `process`, unless it is
/// a [`Rejection`]; a panic is one of class `panic`.
pub(crate) fn processed<T, E>(
    response: Response,
    f: &impl Fn(&Response) -> Result<T, E>,
) -> State<T>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    match catch_unwind(AssertUnwindSafe(|| f(&response))) {
        Ok(Ok(value)) => State::Success(value),
        Ok(Err(error)) => match error.into().downcast::<Rejection>() {
            Ok(rejection) => State::Rejected(rejection.of(response)),
            Err(error) => {
                let failed = Error::new(ErrorType::Process, error.to_string()).because(Some(error));
                State::Failed(
                    failed
                        .with_response(Some(response))
                        .stopped(StopReason::NotRetryable),
                )
            }
        },
        Err(panic) => State::Failed(panicked(&*panic).with_response(Some(response))),
    }
}

/// The body an outcome keeps in memory. What a closure made of a response is not known.
fn kept_bytes<T: 'static>(outcome: &Outcome<T>) -> u64 {
    let response = match outcome.success() {
        Some(value) => (value as &dyn Any).downcast_ref::<Response>(),
        None => outcome.kept_response(),
    };
    response.map_or(0, |response| response.bytes().len() as u64)
}
