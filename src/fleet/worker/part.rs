//! Part of a worker in the limits that all workers share.

use super::super::limiter_link::LimiterLink;
use crate::client::Client;

/// Part of the limits that falls to this worker. With its end, the client has all of them again.
pub(super) struct WorkerPart<'w> {
    pub(super) client: &'w Client,
    pub(super) link: &'w LimiterLink,
}

impl WorkerPart<'_> {
    /// Sets the number of workers that live.
    pub(super) fn divide_by(&self, workers: u32) {
        self.client.divide_places(workers);
        self.link.set_workers(workers);
    }
}

impl Drop for WorkerPart<'_> {
    fn drop(&mut self) {
        self.divide_by(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_divided_by_the_workers_until_the_worker_ends() {
        let client = Client::builder().build().expect("a client");
        let link = LimiterLink::default();
        let part = WorkerPart {
            client: &client,
            link: &link,
        };
        part.divide_by(3);
        let divided = || (link.workers(), client.places_divided_by());
        assert_eq!(divided(), (3, 3));
        part.divide_by(2);
        assert_eq!(divided(), (2, 2));
        drop(part);
        assert_eq!(divided(), (1, 1));
    }
}
