//! Token of an attempt: put in when the attempt starts, and renewed after a 401.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::error::StopReason;
use crate::retry::Decision;
use crate::transport::{Reply, WireFacts};

use super::context::AttemptContext;
use super::failure::AttemptFailure;
use super::next::AttemptEnd;
use super::state::AttemptState;

impl AttemptState {
    /// Takes the present token for an attempt that starts now. `None`: the request has no token.
    pub(super) fn take_token(&mut self, context: AttemptContext<'_>) -> Option<HeaderValue> {
        let token = self.token.as_mut()?;
        let present = context.engine.tokens.present(token.source);
        token.sent = present.as_ref().map(|present| present.number);
        present.map(|present| present.value)
    }

    /// Puts the present token into the headers of a hop that follows a redirect.
    pub(super) fn renew_hop(&mut self, context: AttemptContext<'_>) {
        if self
            .token
            .as_ref()
            .is_some_and(|token| token.sent.is_some())
            && let Some(value) = self.take_token(context)
            && let Some(headers) = &mut self.signed
        {
            headers.insert(AUTHORIZATION, value);
        }
    }

    /// Notes that the caller's hook may have replaced the token: a 401 is then no refusal of the token.
    pub(super) fn look_for_token(&mut self, headers: &HeaderMap, value: &HeaderValue) {
        if headers.get(AUTHORIZATION) != Some(value)
            && let Some(token) = &mut self.token
        {
            token.sent = None;
        }
    }

    /// Drops the token of a request that a redirect leads to another origin.
    pub(super) fn leave_token(&mut self) {
        self.token = None;
    }

    /// Repeats a request whose token the server has refused, with the token of a later call, as part of the same attempt.
    /// A request is repeated once, whatever tokens it had: a source may return the same text at each call, and tokens may
    /// expire faster than the server answers. `None`: the response stands.
    pub(super) fn renew(
        &mut self,
        context: AttemptContext<'_>,
        reply: &mut Reply,
        trace: &WireFacts,
    ) -> Option<AttemptEnd> {
        let token = self.token.as_mut().filter(|_| reply.status == 401)?;
        let refused = token.sent?;
        if self.prepared.with_body && !context.settings.body().is_replayable() {
            token.body_lost = true;
            return None;
        }
        if std::mem::replace(&mut token.repeated, true) {
            return None;
        }
        token.repeats = true;
        // The body of a 401 that is accepted may have gone to a file, which is not wanted.
        drop(reply.partial.take());
        let refusal = Reply {
            body: std::mem::take(&mut reply.body),
            headers: reply.headers.clone(),
            partial: None,
            anew: false,
            ..*reply
        };
        let response = self.receive(refusal, trace);
        let failure = AttemptFailure::status(&response);
        let message = failure.message.clone();
        let error = failure.into_error(message, Some(response));
        // Kept for a deadline that passes before the repetition.
        self.error = Some(error.stopped(StopReason::NotRetryable));
        self.stage = self.stage.after_wait();
        Some(AttemptEnd::Renew { refused })
    }

    /// Corrects the reason of a stop: the request would be repeated with a newer token if its body could be sent again.
    pub(super) fn blame_body(&self, decision: &mut Decision) {
        if let Decision::Stop { reason, .. } = decision
            && *reason == StopReason::NotRetryable
            && self.token.as_ref().is_some_and(|token| token.body_lost)
        {
            *reason = StopReason::BodyNotReplayable;
        }
    }
}
