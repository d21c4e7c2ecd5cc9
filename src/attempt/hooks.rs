//! Code that an attempt calls beside the transport: the caller's hooks, and a journal.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use http::header::AUTHORIZATION;

use crate::error::{Error, ErrorType, StopReason};
use crate::redact::escape::log_line;
use crate::request::{AnnouncedAttempt, AttemptRefusal, Request};
use crate::response::Response;
use crate::settings::{FinishedAttempt, Judgement, Outgoing, Retrying};

use super::context::AttemptContext;
use super::failure::AttemptFailure;
use super::stage::Stage;
use super::state::AttemptState;

impl AttemptState {
    /// Puts the token into the headers of a new attempt, and lets the caller's hook change them. Returns false if the hook gave the permit back by a
    /// call that waits: the attempt needs another permit. The error is the hook's.
    pub(super) fn sign(&mut self, context: AttemptContext<'_>) -> Result<bool, Error> {
        if self.stage == Stage::Signed {
            self.stage = Stage::NewAttempt;
            return Ok(true);
        }
        if self.stage.is_redirect() {
            self.renew_hop(context);
            return Ok(true);
        }
        let token = self.take_token(context);
        let hook = context.engine.defaults.before_attempt.as_ref();
        if hook.is_none() && token.is_none() {
            self.signed = None;
            return Ok(true);
        }
        let mut headers = (*self.prepared.headers).clone();
        if let Some(token) = &token {
            headers.insert(AUTHORIZATION, token.clone());
        }
        let Some(hook) = hook else {
            self.signed = Some(Box::new(headers));
            return Ok(true);
        };
        let (request, permit) = (context.request, context.scope.permit);
        let held = permit.is_held();
        let signed = hook(&mut Outgoing {
            attempt: self.counts.attempts() + 1,
            method: &self.prepared.method,
            uri: self.prepared.uri(),
            headers: &mut headers,
            body: match self.prepared.with_body {
                true => request.body_bytes(),
                false => &[],
            },
            id: request.request_id(),
            redaction: request.redaction(),
        });
        signed.map_err(|error| {
            Error::new(ErrorType::Sign, error.to_string())
                .because(Some(error))
                .stopped(StopReason::NotRetryable)
        })?;
        // The hook may have set secret headers without checking where an attempt after a redirect goes.
        self.dropped.take_off(&mut headers, request.redaction());
        if let Some(token) = &token {
            self.look_for_token(&headers, token);
        }
        self.signed = Some(Box::new(headers));
        if held && !permit.is_held() {
            self.stage = Stage::Signed;
            return Ok(false);
        }
        Ok(true)
    }

    /// Tells the log of intents that an attempt is about to be sent. The request is not sent if that fails.
    pub(super) fn announce(&mut self, request: &Request) -> Result<(), Error> {
        let intents = request.resumed().and_then(|r| r.intents.as_ref());
        if let Some(intents) = intents {
            let attempt = AnnouncedAttempt {
                once: !self.prepared.repeatable && !self.prepared.method.is_idempotent(),
                is_first: !self.announced,
            };
            let announced = intents.announce(request, attempt);
            announced.map_err(|refusal| match refusal {
                AttemptRefusal::Unwritten(e) => Error::new(
                    ErrorType::Io,
                    format!("not sent, since that could not be written down first: {e}"),
                )
                .stopped(StopReason::NotRetryable)
                .because(Some(Box::new(e))),
                AttemptRefusal::GivenBack => Error::new(
                    ErrorType::Cancelled,
                    "not sent: another program has the request",
                )
                .stopped(StopReason::GivenBack),
            })?;
            self.announced = true;
        }
        Ok(())
    }

    /// Asks the caller's hook to judge an attempt. `failed`: the attempt is a failure unless the hook says otherwise.
    /// `None`: there is no hook, or it leaves the decision to the policy.
    pub(super) fn ask(
        &self,
        context: AttemptContext<'_>,
        failure: &AttemptFailure,
        response: Option<&Response>,
        failed: bool,
    ) -> Option<Judgement> {
        let hook = context.settings.retry().classify.as_ref()?;
        let error = failed.then(|| failure.error_without_response());
        context.scope.permit.release();
        hook(&FinishedAttempt {
            method: &self.prepared.method,
            url: context.request.url(),
            id: context.request.request_id(),
            attempt: self.counts.attempts() + 1,
            status: response.map(Response::status),
            headers: response.map(Response::headers),
            body: response.map_or(&[], Response::bytes),
            error: error.as_ref(),
        })
    }

    /// Tells the caller's hook that another attempt follows after this delay.
    pub(super) fn tell_of_retry(
        &self,
        context: AttemptContext<'_>,
        error: &Error,
        delay: Duration,
    ) {
        let Some(hook) = &context.engine.defaults.on_retry else {
            return;
        };
        let retrying = Retrying {
            attempt: self.counts.attempts(),
            max_attempts: context.settings.retry().max_attempts,
            error,
            delay,
            url: self.shown_url(context.request),
            id: context.request.request_id(),
        };
        context.scope.permit.release();
        if catch_unwind(AssertUnwindSafe(|| hook(&retrying))).is_err() {
            log_line!(Error, "{}: the on_retry hook panicked", retrying.url);
        }
    }
}
