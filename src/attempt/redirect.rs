//! Redirects: followed as a decision, not by a loop inside an attempt.

use std::sync::Arc;

use http::header::LOCATION;

use crate::error::{Error, ErrorType, StopReason};
use crate::outcome::State;
use crate::request::Request;
use crate::response::Hop;
use crate::retry::redirect::{self, DroppedHeaders, NextRequest, RedirectStep};
use crate::retry::{self, retry_after};
use crate::settings::Redirecting;
use crate::timing::Phase;
use crate::transport::{Reply, WireFacts};

use super::context::AttemptContext;
use super::next::AttemptEnd;
use super::stage::Stage;
use super::state::AttemptState;

/// Redirect that is not followed.
struct UnfollowedRedirect {
    hop: Hop,
    message: String,
    reason: StopReason,
}

impl AttemptState {
    /// Leaves the credentials behind if they belong to another origin.
    pub(super) fn leave_home(&mut self, request: &Request) {
        if !request.has_bound_credentials() {
            return;
        }
        let host = self.prepared.url.host();
        if request.is_away(host.as_ref()) {
            self.dropped = match request.home() {
                Some(home) if Some(home) != host.as_ref() && !request.is_away_from_all() => {
                    DroppedHeaders::between(Some(home.clone()), host)
                }
                // The chain came back to its origin, but a page of another origin named this one.
                _ => DroppedHeaders::ALL,
            };
            let headers = Arc::make_mut(&mut self.prepared.headers);
            self.dropped.take_off(headers, request.redaction());
            self.prepared.digest = None;
        }
    }

    /// Follows a redirect, or ends the request with the reason not to. `None`: the response is no redirect, or is to be
    /// taken as it is.
    pub(super) fn redirect(
        &mut self,
        context: AttemptContext<'_>,
        reply: &Reply,
        trace: &WireFacts,
    ) -> Option<AttemptEnd> {
        if !(300..400).contains(&reply.status) {
            return None;
        }
        let prepared = &self.prepared;
        let (method, url) = (prepared.method.clone(), Arc::clone(&prepared.url));
        let step = RedirectStep {
            method: &method,
            url: &url,
            status: reply.status,
            location: reply.headers.first(&LOCATION),
            hops: self.report.rare().history.len() as u32,
            limit: context.settings.max_redirects(),
            allow_downgrade: context.engine.defaults.allow_downgrade,
            redaction: &context.engine.defaults.redaction,
        };
        let followed = match redirect::decide(&step) {
            Ok(None) => return None,
            Ok(Some(next)) => self.follow(context, &step, next, reply),
            Err(refused) => Err(UnfollowedRedirect {
                hop: hop(&step, refused.location),
                message: refused.message,
                reason: StopReason::NotRetryable,
            }),
        };
        Some(followed.unwrap_or_else(|refused| self.refuse(refused, reply, trace)))
    }

    /// Changes the request into the one that the redirect asks for. The error says why the redirect is not followed.
    fn follow(
        &mut self,
        context: AttemptContext<'_>,
        step: &RedirectStep<'_>,
        next: NextRequest,
        reply: &Reply,
    ) -> Result<AttemptEnd, UnfollowedRedirect> {
        let clock = context.scope.clock;
        let left = self.left(clock.now());
        let asked = retry_after::parse(&reply.headers, clock.system_now());
        let policy = context.settings.retry();
        let delay = retry::redirect_delay(policy, asked, left, &mut || clock.random());
        let hop = hop(step, step.redaction.uri(next.url.uri()));
        let replayable = context.settings.body().is_replayable();
        let lost = self.prepared.with_body && !next.drop_body && !replayable;
        let policy = context.settings.redirects();
        if policy.asks() {
            context.scope.permit.release();
        }
        let allowed = policy.allows(&Redirecting {
            from: step.url.uri(),
            to: next.url.uri(),
            status: step.status,
            method: &next.method,
            hops: step.hops,
            redaction: step.redaction,
        });
        let refused = |hop: Hop, message: &str, reason| {
            let message = message.to_owned();
            Err(UnfollowedRedirect {
                hop,
                message,
                reason,
            })
        };
        if !allowed {
            let to = &hop.location;
            let message = format!("a redirect to {to}, which the policy does not allow");
            return refused(hop, &message, StopReason::NotRetryable);
        }
        if lost {
            let message = "the redirect asks for the body again, which can be read only once";
            return refused(hop, message, StopReason::BodyNotReplayable);
        }
        let delay = match delay {
            Ok(delay) => delay,
            Err(reason) => return refused(hop, "the redirect asks for too long a wait", reason),
        };
        let Some(host) = next.url.host() else {
            let message = "the redirect leads to no host";
            return refused(hop, message, StopReason::NotRetryable);
        };
        if context.host != Some(&host) {
            self.leave_token();
        }
        let rare = self.report.rare_mut();
        rare.history.push(hop);
        if next.method != self.prepared.method {
            rare.method_sent = Some(next.method.clone());
        }
        let own = Arc::make_mut(&mut self.prepared.headers);
        for headers in self.signed.as_deref_mut().into_iter().chain([own]) {
            redirect::strip(headers, &next, step.redaction);
        }
        self.dropped.add(next.dropped);
        if self.dropped.has_credentials() {
            self.prepared.digest = None;
        }
        self.prepared.with_body &= !next.drop_body;
        self.prepared.method = next.method;
        self.prepared.url = Arc::new(next.url);
        self.counts.redirected();
        self.stage = Stage::Redirect;
        Ok(AttemptEnd::Redirect { host, delay })
    }

    /// Ends the request with the response of a redirect that is not followed, without its body.
    fn refuse(
        &mut self,
        refused: UnfollowedRedirect,
        reply: &Reply,
        trace: &WireFacts,
    ) -> AttemptEnd {
        let UnfollowedRedirect {
            hop,
            message,
            reason,
        } = refused;
        self.report.rare_mut().history.push(hop);
        self.counts.settled();
        let reply = Reply {
            body: Vec::new(),
            headers: reply.headers.clone(),
            undecoded: false,
            partial: None,
            anew: false,
            ..*reply
        };
        let response = self.receive(reply, trace);
        let error = Error::new(ErrorType::Redirect, message)
            .at(Phase::Receive)
            .with_response(Some(response));
        AttemptEnd::answered(State::Failed(error.stopped(reason)))
    }
}

/// Returns the hop of a redirect to `location`.
fn hop(step: &RedirectStep<'_>, location: String) -> Hop {
    Hop {
        status: step.status,
        url: step.redaction.uri(step.url.uri()),
        location,
    }
}
