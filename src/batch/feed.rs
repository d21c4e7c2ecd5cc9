//! From a request to what the schedule is fed with.

use std::sync::Arc;
use std::time::Instant;

use crate::attempt::{Defaults, KeptUrl, RequestTarget, resolve};
use crate::executor::{Feed, Job, Receiver};
use crate::host::Host;
use crate::request::Request;
use crate::schedule::Ended;
use crate::url::Mistake;

use super::known_hosts::KnownHosts;

/// The request in the client's hands: what is shown of it, from here on, is for the client to say.
pub(super) fn taken(defaults: &Defaults, request: impl Into<Request>) -> Arc<Request> {
    Arc::new(request.into().under(&defaults.redaction))
}

/// Makes requests what the schedule is fed with.
#[derive(Default)]
pub(super) struct Feeder {
    kept: KeptUrl,
    known: KnownHosts,
}

/// Largest window in which the parsed URL of each waiting job is kept: some megabytes.
const FEW: usize = 4096;

impl Feeder {
    /// For a batch with this window.
    pub(super) fn within(window: usize) -> Feeder {
        Feeder {
            kept: match window <= FEW {
                true => KeptUrl::Parsed,
                false => KeptUrl::Text,
            },
            known: KnownHosts::default(),
        }
    }

    /// A job for the request, or its end, where it is not fit to be sent.
    pub(super) fn feed(
        &mut self,
        defaults: &Defaults,
        request: Arc<Request>,
        index: u64,
        receiver: Arc<dyn Receiver>,
    ) -> Feed {
        let now = Instant::now();
        if request.resumed().is_some_and(|resumed| resumed.interrupted) {
            let job = Job::new(request, index, None, receiver, now);
            return Feed::Ended(job, Ended::Interrupted);
        }
        match self.find(defaults, &request) {
            Ok(found) => Feed::Job(Job::new(request, index, Some(found), receiver, now)),
            Err(mistake) => Feed::Ended(
                Job::new(request, index, None, receiver, now),
                Ended::Invalid(mistake),
            ),
        }
    }

    /// What the request is sent to, as far as it is kept beside it, and whom. The error says why it is not fit to be.
    fn find(
        &mut self,
        defaults: &Defaults,
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
