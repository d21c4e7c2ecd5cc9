//! Bounds on the requests under way, waiting and kept; see the picture at [`ClientBuilder`].

use super::ClientBuilder;
use crate::settings::PlaceLimit;

impl ClientBuilder {
    /// Upper bound for the requests to one [`Host`](crate::Host) that are under way at once.
    ///
    /// A number, or [`Adaptive`](crate::Adaptive), which follows what the host takes. Default: no limit except the number
    /// of workers.
    ///
    /// ```
    /// use haul::{Adaptive, Client};
    ///
    /// let fixed = Client::builder().max_per_host(8).build()?;
    /// let adaptive = Client::builder().workers(64).max_per_host(Adaptive::new(1, 64)).build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    #[doc(alias = "AutoThrottle")]
    pub fn max_per_host(mut self, most: impl Into<PlaceLimit>) -> Self {
        self.limits.max_per_host = most.into();
        self
    }

    /// Upper bound for how far a batch runs ahead of its consumer.
    ///
    /// Requests that are ready, under way, and finished but not taken. Default four times the workers, at least 1,000.
    ///
    /// When a host has let requests wait for a response for longer than a second, reading goes on beyond the window, so
    /// that its requests do not hide those of other hosts: the requests of such hosts, and of hosts that have not
    /// answered yet, do not count as far as they are more than there are workers. At most 16 windows of requests, and
    /// bodies of a quarter of the [`byte_budget`](ClientBuilder::byte_budget), are read beyond the window. A window of
    /// no more requests than there are workers is never exceeded, and no window is while all hosts answer within a
    /// second.
    #[doc(alias = "buffersize")]
    pub fn window(mut self, requests: usize) -> Self {
        self.limits.window = Some(requests);
        self
    }

    /// Number of requests that may wait beside the window, for a retry or behind a host's limit.
    ///
    /// The number is for each batch. Requests that are read beyond the window because a host is slow count too. Default
    /// 65,536.
    pub fn max_parked(mut self, requests: usize) -> Self {
        self.limits.max_parked = requests;
        self
    }

    /// Upper bound for the requests that wait.
    ///
    /// Beyond it [`Client::submit`](crate::Client::submit) refuses more, and so does a batch of
    /// [`Client::follow`](crate::Client::follow), for the requests that its closure added. Default 1,048,576.
    pub fn max_pending(mut self, requests: usize) -> Self {
        self.limits.max_pending = requests;
        self
    }

    /// Upper bound in bytes for the bodies of a batch that are finished but not taken.
    ///
    /// Beyond it no request is started. Default 64 MiB.
    pub fn byte_budget(mut self, bytes: u64) -> Self {
        self.limits.byte_budget = bytes;
        self
    }
}
