//! Following a redirect: a verdict, not a loop inside an attempt.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::error::{Error, ErrorType, StopReason};
use crate::outcome::State;
use crate::response::{Head, Hop};
use crate::retry::redirect::{self, RedirectStep};
use crate::retry::{self, retry_after};
use crate::settings::Redirecting;
use crate::timing::Phase;
use crate::transport::{Reply, Trace};
use http::header::LOCATION;

use super::attempt::{Engine, Next};
use super::here::release_own;
use super::job::Progress;
use super::settings::Settings;

impl Progress {
    /// Follows a redirect, or says why not. `None`: the response is no redirect, or is to be taken as it is.
    pub(super) fn redirect(
        &mut self,
        engine: &Engine,
        settings: Settings<'_>,
        reply: &Reply,
        trace: &Trace,
    ) -> Option<Next> {
        if !(300..400).contains(&reply.status) {
            return None;
        }
        let step = RedirectStep {
            method: &self.prepared.method,
            url: &self.prepared.head.url,
            status: reply.status,
            location: reply.headers.first(&LOCATION),
            hops: self.report.rare().history.len() as u32,
            limit: settings.max_redirects(),
            allow_downgrade: engine.defaults.allow_downgrade,
            redaction: &engine.defaults.redaction,
        };
        let decided = redirect::decide(&step);
        let hop = |location: String| Hop {
            status: step.status,
            url: step.redaction.uri(step.url.uri()),
            location,
        };
        let refused = match decided {
            Ok(None) => return None,
            Ok(Some(next)) => {
                let left = self
                    .deadline
                    .map(|deadline| deadline.saturating_duration_since(Instant::now()));
                let asked = retry_after::parse(&reply.headers, SystemTime::now());
                let delay =
                    retry::redirect_delay(settings.retry(), asked, left, &mut fastrand::f64);
                let hop = hop(step.redaction.uri(next.url.uri()));
                let lost =
                    self.prepared.with_body && !next.drop_body && !settings.body().is_replayable();
                let policy = settings.redirects();
                if policy.asks() {
                    release_own();
                }
                let allowed = policy.allows(&Redirecting {
                    from: step.url.uri(),
                    to: next.url.uri(),
                    status: step.status,
                    method: &next.method,
                    hops: step.hops,
                    redaction: step.redaction,
                });
                match (delay, next.url.host()) {
                    _ if !allowed => {
                        let message = format!(
                            "a redirect to {}, which the policy does not allow",
                            hop.location
                        );
                        (hop, message, StopReason::NotRetryable)
                    }
                    _ if lost => (
                        hop,
                        "the redirect asks for the body again, which can be read only once"
                            .to_owned(),
                        StopReason::BodyNotReplayable,
                    ),
                    (Ok(delay), Some(host)) => {
                        self.report.rare_mut().history.push(hop);
                        self.dropped.add(next.dropped);
                        let own = Arc::make_mut(&mut self.prepared.headers);
                        for headers in self.signed.as_deref_mut().into_iter().chain([own]) {
                            redirect::strip(headers, &next, step.redaction);
                        }
                        self.prepared.with_body &= !next.drop_body;
                        self.prepared.method = next.method;
                        self.prepared.head = Head::before(next.url);
                        self.tally.redirected();
                        self.redirected = true;
                        return Some(Next::Elsewhere { host, delay });
                    }
                    (Err(reason), _) => (
                        hop,
                        "the redirect asks for too long a wait".to_owned(),
                        reason,
                    ),
                    (Ok(_), None) => (
                        hop,
                        "the redirect leads to no host".to_owned(),
                        StopReason::NotRetryable,
                    ),
                }
            }
            Err(refused) => (
                hop(refused.location),
                refused.message,
                StopReason::NotRetryable,
            ),
        };
        let (hop, message, reason) = refused;
        self.report.rare_mut().history.push(hop);
        self.tally.settled();
        let reply = Reply {
            body: Vec::new(),
            headers: reply.headers.clone(),
            undecoded: false,
            partial: None,
            ..*reply
        };
        let response = self.receive(reply, trace);
        let error = Error::new(ErrorType::Redirect, message)
            .at(Phase::Receive)
            .with_response(Some(response));
        Some(Next::answered(State::Failed(error.stopped(reason))))
    }
}
