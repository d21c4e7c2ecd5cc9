//! Preparation of requests for the schedule.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::{ClientDefaults, KeptUrl, RequestTarget, resolve};
use crate::executor::{FedRequest, Job, Receiver};
use crate::host::Host;
use crate::request::{JournalFacts, Request};
use crate::schedule::EndReason;
use crate::url::Mistake;

use super::known_hosts::KnownHosts;

/// Takes a request over: from now on the client's redaction decides which of its values are masked.
pub(super) fn taken(defaults: &ClientDefaults, request: impl Into<Request>) -> Arc<Request> {
    Arc::new(request.into().under(&defaults.redaction))
}

/// Converter of requests to jobs.
#[derive(Default)]
pub(super) struct Feeder {
    /// Form in which jobs keep their URLs. Default: their text, which takes the least memory.
    kept: KeptUrl,
    known: KnownHosts,
}

/// Upper bound for the number of waiting jobs that keep their parsed URL.
const FEW: usize = 4096;

impl Feeder {
    /// Creates a feeder for a batch with this window.
    pub(super) fn within(window: usize) -> Feeder {
        Feeder {
            kept: match window <= FEW {
                true => KeptUrl::Parsed,
                false => KeptUrl::Text,
            },
            known: KnownHosts::default(),
        }
    }

    /// Makes a job from the request, handed in at `now`. A request that is not fit to be sent becomes a job that has ended.
    pub(super) fn feed(
        &mut self,
        defaults: &ClientDefaults,
        request: Arc<Request>,
        index: u64,
        receiver: Arc<dyn Receiver>,
        now: Instant,
    ) -> FedRequest {
        let unsent = request.resumed().and_then(|resumed| match resumed {
            JournalFacts { given_up: true, .. } => Some(EndReason::GivenUp),
            JournalFacts {
                interrupted: true, ..
            } => Some(EndReason::Interrupted),
            _ => None,
        });
        if let Some(reason) = unsent {
            let job = Job::new(request, index, None, receiver, now);
            return FedRequest::Ended(job, reason);
        }
        if request.has_outcome() {
            let job = Job::new(request, index, None, receiver, now);
            return FedRequest::Ended(job, EndReason::Known);
        }
        // The caller's code may look at the request for its cost.
        let found = match &defaults.costs {
            None => self.find(defaults, &request).map(|found| (found, 1)),
            Some(costs) => {
                let found = self.find(defaults, &request);
                let cost = || match costs.of(&request) {
                    // A request that is not sent costs nothing.
                    Err(_) if request.finds_its_file() => Ok(0),
                    cost => cost,
                };
                found.and_then(|found| Ok((found, cost()?)))
            }
        };
        match found {
            Ok((found, cost)) => {
                let job = Job::new(request, index, Some(found), receiver, now);
                FedRequest::Job(job.costing(cost))
            }
            Err(mistake) => FedRequest::Ended(
                Job::new(request, index, None, receiver, now),
                EndReason::Invalid(mistake),
            ),
        }
    }

    /// Returns the request's target, as far as the job keeps it, and its host. The error says why the request is not
    /// fit to be sent.
    fn find(
        &mut self,
        defaults: &ClientDefaults,
        request: &Request,
    ) -> Result<(RequestTarget, Host), Mistake> {
        let known = |text: &Arc<str>| self.known.find(text);
        let (resolved, host) = resolve(defaults, request, known)?;
        let host = match host {
            Some(host) => host,
            None => self
                .known
                .host_of(&resolved.url)
                .ok_or(Mistake::new("the URL has no host"))?,
        };
        Ok((resolved.into_target(defaults, request, self.kept), host))
    }
}
