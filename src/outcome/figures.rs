//! Times, addresses, redirects and bytes of an outcome's attempts.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use http::Version;

use crate::timing::Timings;

use super::{Hop, Outcome};

impl<T> Outcome<T> {
    /// Returns the start of the last attempt. `None`: there was no attempt.
    pub fn started(&self) -> Option<SystemTime> {
        self.report.started.time()
    }

    /// Time that the last attempt took.
    ///
    /// It runs from its start (name resolution and connecting included) to the end of the body or the failure.
    pub fn elapsed(&self) -> Duration {
        self.report.elapsed.into()
    }

    /// Time from the start of the last attempt to the first byte of its response's body.
    ///
    /// It is measured for a body that is handed on as it comes ([`on_chunk`](crate::Request::on_chunk),
    /// [`on_event`](crate::Request::on_event), [`on_line`](crate::Request::on_line)); `None`: no byte of it came. For all
    /// other responses it is the time to the end of the head, behind which the body stands; `None`: no head came.
    #[doc(alias = "ttfb")]
    #[doc(alias = "time_to_first_token")]
    pub fn first_byte(&self) -> Option<Duration> {
        let rare = self.report.rare();
        let head = self.report.head.as_ref()?;
        match rare.streamed {
            true => rare.first_byte,
            false => Some(head.timings.until_head()),
        }
    }

    /// Time that the request waited for a worker or a limit.
    pub fn queued(&self) -> Duration {
        self.report.queued.into()
    }

    /// Time from handing the request in to its outcome: queue, attempts and the waits between them.
    pub fn total(&self) -> Duration {
        self.report.total.into()
    }

    /// Returns the phases of the last attempt.
    pub fn timings(&self) -> Timings {
        self.report.timings()
    }

    /// Returns the URL that answered last, after redirects, userinfo masked. `None`: there was no response.
    pub fn final_url(&self) -> Option<String> {
        self.report
            .head
            .as_ref()
            .map(|head| head.redaction.uri(head.url.uri()))
    }

    /// Returns the redirects that were followed, oldest first, even if the request failed.
    pub fn history(&self) -> &[Hop] {
        &self.report.rare().history
    }

    /// Returns the HTTP version of the last response. `None`: there was no response.
    #[doc(alias = "http_version")]
    pub fn version(&self) -> Option<Version> {
        Some(self.report.head.as_ref()?.version)
    }

    /// Number of bytes sent on the wire over all attempts and redirects.
    ///
    /// These are heads and bodies, encrypted if they are.
    pub fn bytes_sent(&self) -> u64 {
        self.report.bytes_sent
    }

    /// Number of bytes received on the wire over all attempts and redirects: heads and bodies as they came.
    #[doc(alias = "size_download")]
    pub fn bytes_received(&self) -> u64 {
        self.report.bytes_received
    }

    /// Returns the address that answered last.
    ///
    /// `None`: there was no response, or its transport names no address.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.report.head.as_ref().and_then(|head| head.remote)
    }

    /// True if an earlier attempt may have been carried out.
    ///
    /// Then a 404 to a repeated DELETE (or a 409 or 412 to a repeated write) can mean "done".
    pub fn is_prior_attempt_ambiguous(&self) -> bool {
        self.report.ambiguous
    }

    /// Returns the `Retry-After` of the last response as the server wrote it. `None`: it had none.
    pub fn retry_after(&self) -> Option<&str> {
        self.report.rare().retry_after.as_deref()
    }
}
