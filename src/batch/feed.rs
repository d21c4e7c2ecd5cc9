//! From a request to what the schedule is fed with.

use std::sync::Arc;
use std::time::Instant;

use crate::executor::{Defaults, Feed, Job, Receiver, target};
use crate::host::Host;
use crate::http::Uri;
use crate::request::Request;
use crate::schedule::Ended;

/// A job for the request, or its end, where it is not fit to be sent.
pub(super) fn feed(
    defaults: &Defaults,
    request: Request,
    index: u64,
    receiver: Arc<dyn Receiver>,
) -> Feed {
    let now = Instant::now();
    let found = target(defaults, &request).and_then(|uri| {
        let host = Host::of(&uri).ok_or_else(|| "the URL has no host".to_owned())?;
        Ok((uri, host))
    });
    match found {
        Ok((uri, host)) => Feed::Job(Job::new(request, index, uri, receiver, now), host),
        Err(reason) => Feed::Ended(
            Job::new(request, index, Uri::default(), receiver, now),
            Ended::Invalid(reason),
        ),
    }
}
