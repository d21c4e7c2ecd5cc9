//! Conversion of a success for the caller of a batch: the response itself, or the value that a closure makes of it.

use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::attempt::panicked;
use crate::error::{Error, ErrorType, StopReason};
use crate::executor::CpuPermits;
use crate::outcome::{Context, State};
use crate::rejection::Rejection;
use crate::response::Response;

/// Converts a response to a success with the response itself.
pub(crate) fn as_response(_: &Context<'_>, response: Response) -> State {
    State::Success(response)
}

/// Converts a response to a success with the value that `f` returns. An error of `f` becomes a failure of class
/// `process`, unless it is a [`Rejection`]; a panic in `f` becomes a failure of class `panic`.
pub(crate) fn processed<T, E>(
    permits: &CpuPermits,
    context: &Context<'_>,
    response: Response,
    f: &impl Fn(&Context<'_>, &Response) -> Result<T, E>,
) -> State<T>
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    // Converting and displaying the error runs the caller's code too, which may panic.
    let processed = catch_unwind(AssertUnwindSafe(|| {
        let made = permits.run(response.bytes().len(), || f(context, &response));
        made.map_err(|error| {
            let error = error.into();
            let message = error.to_string();
            (error, message)
        })
    }));
    match processed {
        Ok(Ok(value)) => State::Success(value),
        Ok(Err((error, message))) => match error.downcast::<Rejection>() {
            Ok(rejection) => State::Rejected(rejection.of(response)),
            Err(error) => {
                let failed = Error::new(ErrorType::Process, message).because(Some(error));
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
