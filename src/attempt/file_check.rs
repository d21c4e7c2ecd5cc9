//! Look at the file of a request before it is sent: a file that is there is not asked for.

use std::sync::Arc;
use std::time::Instant;

use crate::outcome::State;
use crate::response::Response;
use crate::schedule::CallEnd;

use super::context::AttemptContext;
use super::next::{AttemptEnd, cancelled};
use super::run::AttemptSubject;
use super::state::{AttemptState, Attempts};

impl AttemptContext<'_> {
    /// Ends a request whose file is there, and hands on any other to its host. It is no attempt: the time limit of the
    /// request begins later.
    #[inline(never)]
    pub(super) fn check_file(
        self,
        attempts: &mut Attempts,
        subject: &AttemptSubject<'_>,
    ) -> AttemptEnd {
        attempts.target.checks_file = false;
        let state = match self.first(&attempts.target, subject) {
            Ok(state) => state,
            Err(next) => return *next,
        };
        let goes_on = || self.goes_on(subject.batch_ends);
        let (own, to) = (self.settings.download(), self.settings.save());
        let is_there = match own.zip(to) {
            Some((own, to)) => own.agree_with(&to.path, &goes_on),
            None => Some(false),
        };
        match (is_there, self.host) {
            (Some(true), _) => {
                let state = attempts.state.insert(state);
                state.report.queued += subject.waited;
                state.skipped()
            }
            (None, _) if self.scope.cancel.is_cancelled() => AttemptEnd::failed(cancelled()),
            // The schedule ends a job whose batch is over.
            (_, Some(host)) => AttemptEnd::Send { host: host.clone() },
            (_, None) => unreachable!("a request without a host is not prepared"),
        }
    }

    /// True while the attempt is not cancelled and this time has not come. `None`: no such time.
    pub(super) fn goes_on(self, until: Option<Instant>) -> bool {
        let in_time = || until.is_none_or(|until| self.scope.clock.now() < until);
        !self.scope.cancel.is_cancelled() && in_time()
    }
}

impl AttemptState {
    /// Ends the request, whose file is there.
    fn skipped(&mut self) -> AttemptEnd {
        self.report.rare_mut().skipped = true;
        let url = Arc::clone(&self.prepared.url);
        let response = Response::builder(304).build();
        let response = response.answered_by(|| Some((*url).clone()));
        AttemptEnd::Done {
            state: State::Success(response),
            cool: None,
            call: CallEnd::Ignored,
        }
    }
}
