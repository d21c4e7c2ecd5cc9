//! URL whose host cannot be connected to, tried with its other scheme.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ErrorType;
use crate::retry::redirect::DroppedHeaders;
use crate::url::{self, Url};

use super::conclude::FinishedExchange;
use super::context::AttemptContext;
use super::failure::FailedAttempt;
use super::next::AttemptEnd;
use super::stage::Stage;
use super::state::AttemptState;

impl AttemptState {
    /// Goes on with the URL's other scheme, if the request wants that and no connection was made. The failed attempt
    /// counts, and is in the log. `None`: the failure stands.
    #[inline(never)]
    pub(super) fn by_other_scheme(
        &mut self,
        context: AttemptContext<'_>,
        failed: &FailedAttempt,
        finished: FinishedExchange<'_>,
    ) -> Option<AttemptEnd> {
        let unconnected = matches!(
            failed.failure.error_type,
            ErrorType::Dns | ErrorType::Connect
        );
        let wanted = context.settings.or_other_scheme() && !self.has_other_scheme;
        // A redirect has led to a URL whose scheme the server chose.
        let is_own = self.report.rare().history.is_empty();
        if !unconnected || !wanted || !is_own || failed.judgement.is_some() {
            return None;
        }
        let text = url::with_other_scheme(&self.prepared.uri().to_string())?;
        let next = url::parse(&text).ok()?;
        let next = match self.prepared.url.zone() {
            Some(zone) => next.in_zone(zone),
            None => next,
        };
        let written = context.engine.defaults.written(context.request);
        let written = written.as_deref().unwrap_or(context.request.url());
        let written = url::with_other_scheme(written)?;
        let host = next.host()?;
        let attempt = self
            .facts(context, failed, finished.trace)
            .attempt(finished.elapsed, Some(Duration::ZERO));
        self.report.rare_mut().log.push(attempt);
        self.counts.settled();
        self.leave_behind(context, &next);
        self.has_other_scheme = true;
        self.prepared.url = Arc::new(next);
        self.report.rare_mut().written = Some(written.into());
        self.stage = Stage::NewAttempt;
        Some(AttemptEnd::Redirect {
            host,
            delay: Duration::ZERO,
        })
    }

    /// Leaves out the credentials, which were given for the other origin.
    fn leave_behind(&mut self, context: AttemptContext<'_>, next: &Url) {
        let dropped = DroppedHeaders::between(self.prepared.url.host(), next.host());
        self.dropped.add(dropped);
        let headers = Arc::make_mut(&mut self.prepared.headers);
        dropped.take_off(headers, context.request.redaction());
        if dropped.has_credentials() {
            self.prepared.digest = None;
            self.leave_token();
        }
    }
}
