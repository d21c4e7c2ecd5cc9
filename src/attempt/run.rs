//! Attempt of a request: the steps before its exchange, and the steps after.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorType};
use crate::host::Host;
use crate::request::Request;
use crate::retry::AttemptCounts;

use super::context::{AttemptContext, Engine};
use super::next::{AttemptEnd, cancelled};
use super::prepare::Prepared;
use super::scope::AttemptScope;
use super::settings::{HostSettings, RequestSettings};
use super::state::{AttemptState, Attempts};
use super::target::RequestTarget;
use super::token_use::TokenUse;

/// Request of a job that an attempt is made for, and the worker's knowledge of it.
pub(crate) struct AttemptSubject<'a> {
    pub(crate) request: &'a Arc<Request>,
    /// Host of the next exchange. `None`: the request is not fit to be sent.
    pub(crate) host: Option<&'a Host>,
    /// End of the batch. `None`: the batch has no end set.
    pub(crate) batch_ends: Option<Instant>,
    /// Time after which no attempt begins, if the turn of the request came before. `None`: it did not, or there is no
    /// such time.
    pub(crate) deadline: Option<Instant>,
    /// Time for which the request has waited for this attempt.
    pub(crate) waited: Duration,
    /// True if the caller's closure processes the response on the worker.
    pub(crate) processed: bool,
}

impl Engine {
    /// Returns the time limit over all attempts of a request. `None`: no limit.
    pub(crate) fn deadline_of(&self, request: &Request) -> Option<Duration> {
        RequestSettings::of(&self.defaults, HostSettings::NONE, request, false).deadline()
    }

    /// Makes one attempt. If the attempt settles the request, a later cancel finds that the request has ended.
    /// Otherwise the cancel slot stays open until the job is back in the schedule.
    pub(crate) fn attempt(
        &self,
        attempts: &mut Attempts,
        subject: &AttemptSubject<'_>,
        scope: AttemptScope<'_>,
    ) -> AttemptEnd {
        match self.run(attempts, subject, scope) {
            AttemptEnd::Done { .. } if scope.cancel.end() => {
                if let Some(state) = &mut attempts.state {
                    state.report.ambiguous |= state.may_have_acted;
                }
                AttemptEnd::failed(cancelled())
            }
            next => next,
        }
    }

    // The attempt has three steps, of which only the middle one waits: ten thousand workers have ten thousand stacks,
    // and each page that is on the stack during the wait counts.
    fn run(
        &self,
        attempts: &mut Attempts,
        subject: &AttemptSubject<'_>,
        scope: AttemptScope<'_>,
    ) -> AttemptEnd {
        let AttemptSubject { request, host, .. } = *subject;
        let made;
        let of_host = match self.defaults.hosts.is_empty() {
            true => HostSettings::NONE,
            false => {
                made = self.defaults.host_settings(host);
                &made
            }
        };
        let context = AttemptContext {
            engine: self,
            settings: RequestSettings::of(&self.defaults, of_host, request, attempts.is_plain()),
            request,
            host,
            scope,
        };
        if attempts.target.checks_file {
            return context.check_file(attempts, subject);
        }
        let state = match &mut attempts.state {
            Some(state) => state,
            None => match context.first(&attempts.target, subject) {
                Ok(made) => {
                    attempts.target.forget_url();
                    attempts.state.insert(made)
                }
                Err(next) => return *next,
            },
        };
        state.report.queued += subject.waited;
        if let Err(next) = state.get_ready(context) {
            return *next;
        }
        let hedge = state.offer_hedge(context, subject, attempts.target.for_source);
        let mut exchanged = state.exchange(context);
        if let Some(first) = hedge {
            exchanged = state.settle_hedge(context, &first, exchanged);
        }
        if exchanged.result.is_err()
            && let Some(shortage) = state.met_limit(context.settings, &exchanged)
            && scope.permit.had_company()
        {
            state.wait_for_room(&exchanged);
            return AttemptEnd::Wait { shortage };
        }
        state.conclude(context, exchanged)
    }

    /// Prepares a request for its first exchange.
    pub(super) fn prepare(
        &self,
        request: &Request,
        target: &RequestTarget,
        settings: RequestSettings<'_>,
    ) -> Result<Prepared, Error> {
        let refused = settings
            .contradiction()
            .or_else(|| settings.file_in_the_way());
        let prepared = match refused {
            Some(reason) => Err(reason),
            None => Prepared::new(&self.defaults, request, target),
        };
        let prepared = prepared.and_then(|prepared| {
            match settings.download_contradiction(&prepared.headers) {
                Some(reason) => Err(reason),
                None => Ok(prepared),
            }
        });
        prepared.map_err(|reason| Error::new(ErrorType::InvalidRequest, reason))
    }
}

impl AttemptContext<'_> {
    /// Prepares the first attempt. The error says what follows if no attempt can be made.
    #[inline(never)]
    pub(super) fn first(
        self,
        target: &RequestTarget,
        subject: &AttemptSubject<'_>,
    ) -> Result<Box<AttemptState>, Box<AttemptEnd>> {
        let prepared = self
            .engine
            .prepare(self.request, target, self.settings)
            .map_err(|error| Box::new(AttemptEnd::failed(error)))?;
        let limit = self.settings.deadline();
        let own = subject
            .deadline
            .or_else(|| self.scope.start.checked_add(limit?));
        let token = target.token.as_deref().map(TokenUse::of);
        let mut state = AttemptState::new(prepared, own, subject.batch_ends, token);
        if let Some(facts) = self.request.resumed() {
            state.counts = AttemptCounts::after(facts.attempts);
        }
        state.leave_home(self.request);
        Ok(Box::new(state))
    }
}

impl AttemptState {
    /// Signs the request and writes down that it is about to be sent, if it must not be repeated. The error says what
    /// follows if there can be no exchange.
    #[inline(never)]
    fn get_ready(&mut self, context: AttemptContext<'_>) -> Result<(), Box<AttemptEnd>> {
        let signed = self.sign(context);
        let signed = signed.map_err(|error| Box::new(AttemptEnd::failed(error)))?;
        if !signed && let Some(host) = context.host.cloned() {
            return Err(Box::new(AttemptEnd::Redirect {
                host,
                delay: Duration::ZERO,
            }));
        }
        self.announce(context.request)
            .map_err(|refusal| Box::new(AttemptEnd::failed(refusal)))
    }
}
