//! Another attempt after a wait, unless the retry budget of the host is used up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::error::{Error, StopReason};
use crate::outcome::State;
use crate::redact::escape::log_line;
use crate::schedule::CallEnd;

use super::context::AttemptContext;
use super::next::AttemptEnd;
use super::panic::panicked;
use super::state::{AcceptedResponse, AttemptState, shown_wait};

/// Retry that the policy wants.
pub(super) struct Retry {
    pub(super) delay: Duration,
    /// Tokens that the retry takes from the host's budget.
    pub(super) cost: f64,
    /// Time for which nothing is sent to the host. `None`: no such time.
    pub(super) cool: Option<Duration>,
    /// Effect of the attempt on the host's breaker.
    pub(super) call: CallEnd,
}

impl AttemptState {
    /// Returns the consequence of a retry that the policy wants because of this error.
    #[inline(never)]
    pub(super) fn again(
        &mut self,
        context: AttemptContext<'_>,
        error: Error,
        retry: Retry,
    ) -> AttemptEnd {
        let Retry {
            delay,
            cost,
            cool,
            call,
        } = retry;
        let granted = cost <= 0.0 || context.scope.permit.withdraw(cost);
        let now = context.scope.clock.now();
        if !granted {
            // The caller's predicates may look at the last response.
            let settle = || self.settle_for_last(context, error, StopReason::BudgetEmpty);
            let settled = catch_unwind(AssertUnwindSafe(settle));
            let state = settled.unwrap_or_else(|panic| State::Failed(panicked(&*panic)));
            return AttemptEnd::Done { state, cool, call };
        }
        if log::log_enabled!(log::Level::Warn) {
            self.log_retry(context, &error, delay);
        }
        self.tell_of_retry(context, &error, delay);
        // An accepted response is not kept as the error, since it is no failure to end with.
        self.error = Some(error).filter(|_| self.accepted.take().is_none());
        AttemptEnd::Again {
            at: now + delay,
            cool: cool.and_then(|cool| now.checked_add(cool)),
            call,
        }
    }

    fn log_retry(&self, context: AttemptContext<'_>, error: &Error, delay: Duration) {
        log_line!(
            Warn,
            "{}: attempt {} of {} failed: {}: {}; next in {}",
            self.shown_url(context.request),
            self.counts.attempts(),
            context.settings.retry().max_attempts,
            error.error_type(),
            error,
            shown_wait(delay)
        );
    }

    /// Returns the outcome of a request that should be tried again and cannot be, for this reason: the outcome of the
    /// last response if that was accepted, and otherwise the failure.
    fn settle_for_last(
        &mut self,
        context: AttemptContext<'_>,
        error: Error,
        reason: StopReason,
    ) -> State {
        let Some(AcceptedResponse { partial }) = self.accepted.take() else {
            let last = self.report.rare_mut().log.last_mut();
            last.into_iter().for_each(|last| last.delay = None);
            return State::Failed(error.stopped(reason));
        };
        let rare = self.report.rare_mut();
        rare.stop_reason = Some(reason);
        // The attempt was logged as one that is followed by another.
        rare.log.pop();
        let Some(response) = error.into_response() else {
            unreachable!("an accepted response is kept with the reason to try again");
        };
        match self.put_in_place(context, response, partial) {
            Ok(response) => context.judge(&self.prepared.method, response),
            Err((failure, response)) => {
                let message = failure.message.clone();
                let error = failure.into_error(message, Some(response));
                State::Failed(error.stopped(StopReason::NotRetryable))
            }
        }
    }
}
