//! Bounds of a batch whose requests lead to further requests, and requests that are left out.

use crate::batch::follow::Follow;

use super::{Outcomes, Requests};

impl<I, F> Outcomes<Follow<I, F>> {
    /// Upper bound for the depth of a request. Default: no limit.
    ///
    /// Seeds have depth 0, the requests that their outcomes lead to 1, and so on. Deeper ones are
    /// [`TooDeep`](crate::batch::Pushed::TooDeep).
    pub fn max_depth(mut self, most: u32) -> Self {
        if let Some(follow) = self.source.unread_mut() {
            follow.set_max_depth(most);
        }
        self
    }

    /// Upper bound for the number of requests of the batch, seeds included. Default: no limit.
    ///
    /// Further ones are [`OverLimit`](crate::batch::Pushed::OverLimit), and further seeds are not read. Duplicates do
    /// not count. A batch that ends at the bound has [completed](crate::batch::End::Completed).
    pub fn max_requests(mut self, most: u64) -> Self {
        if let Some(follow) = self.source.unread_mut() {
            follow.set_max_requests(most);
        }
        self
    }
}

impl<I, T> Outcomes<I, T> {
    /// Returns true if outcomes of the batch may lead to further requests.
    pub(crate) fn is_follow(&self) -> bool
    where
        I: Requests<T>,
    {
        I::FOLLOWS
    }

    /// True: a request that equals an earlier one of the batch is left out. Default: false.
    ///
    /// It has no outcome, and counts as one of the [`duplicates`](crate::Summary::duplicates) in the summary.
    ///
    /// Requests are equal if method, URL (as it is sent: resolved against the base URL, with all query parameters,
    /// without the fragment), body, own headers and credentials are equal. Ids and tags make no difference. A body that
    /// is a file is compared by its path. A request whose body comes from a reader, and a request that cannot be sent,
    /// equals no other. Memory: at most 40 bytes for each request of the batch.
    ///
    /// ```no_run
    /// # let client = haul::Client::new();
    /// let urls = ["https://example.com/a", "https://example.com/b", "https://EXAMPLE.com/a#top"];
    /// assert_eq!(client.as_completed(urls).unique(true).count(), 2);
    /// ```
    #[doc(alias = "dont_filter")]
    pub fn unique(mut self, unique: bool) -> Self {
        self.source.set_unique(unique);
        self
    }
}
