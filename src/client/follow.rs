//! Batches whose outcomes lead to further requests.

use super::Client;
use crate::batch::{Follow, NextRequests, OutcomeOrder, Outcomes, UniqueFilter, as_response};
use crate::outcome::Outcome;
use crate::request::Request;

impl Client {
    /// Runs a batch whose outcomes lead to further requests: pages of a list, links of a site.
    ///
    /// The closure sees each outcome, whatever its state, before it is handed over, and adds requests with
    /// [`next.push(request)`](NextRequests::push). Outcomes come as they complete; the batch ends when no seed, no
    /// added request and no outcome is left. The [guide](crate::guide::follow) has pagination by link and by cursor,
    /// and a crawl.
    ///
    /// ```no_run
    /// use haul::Request;
    ///
    /// # let client = haul::Client::new();
    /// let pages = client.follow(["https://example.com/items"], |outcome, next| {
    ///     let page = outcome.success().and_then(|response| response.next_link());
    ///     if let Some(url) = page {
    ///         next.push(url).expect("a chain has one page at a time");
    ///     }
    /// });
    /// for page in pages.max_requests(1_000).unique(true) {
    ///     println!("page {}: {:?}", page.depth(), page.status());
    /// }
    /// ```
    ///
    /// - The closure runs on the thread that takes the outcomes, never on a worker. It may borrow: what it borrows is
    ///   free again when the iterator is dropped, which a `for` loop does at its end.
    /// - Added requests go before further seeds, first in first out. They wait in the batch, not with a worker, so a
    ///   batch never waits for itself, whatever its [window](super::ClientBuilder::window) is. As many may wait as
    ///   [`max_pending`](super::ClientBuilder::max_pending) allows: beyond that, `push` hands the request back.
    /// - [`max_depth`](Outcomes::max_depth) and [`max_requests`](Outcomes::max_requests) bound a batch that would go on
    ///   for ever, and [`unique`](Outcomes::unique) leaves out requests that came before.
    /// - An added request is a request of its own. Headers and credentials of the request that led to it do not go with
    ///   it; those of the client do, as with every request, whatever its host. Where answers may lead to other hosts,
    ///   give credentials to the host that they belong to, with a [`HostRule`](crate::HostRule).
    /// - Requests that wait when the batch is stopped have no outcome, like an input that is not read to its end.
    /// - A panic of the closure passes to the caller of `next`, and ends the batch; the outcome that the closure saw,
    ///   and the cancelled outcomes of what was under way, follow if the iterator is asked again.
    /// - A [`Journal`](crate::Journal) cannot resume such a batch, and refuses to record it.
    #[doc(alias = "crawl")]
    #[doc(alias = "paginate")]
    pub fn follow<R, F>(&self, seeds: R, f: F) -> Outcomes<Follow<R::IntoIter, F>>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
        F: FnMut(&Outcome, &mut NextRequests<'_>),
    {
        Outcomes::new(
            &self.owner,
            Follow::new(seeds.into_iter(), f, self.max_pending),
            OutcomeOrder::Completed,
            self.shape,
            as_response,
        )
    }
    /// Makes a filter for requests that equal an earlier one.
    ///
    /// It compares the requests as this client sends them, with its base URL and query parameters.
    pub fn unique_filter(&self) -> UniqueFilter {
        UniqueFilter::new(&self.owner)
    }
}
