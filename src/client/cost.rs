//! Costs of requests, and the limits on them.

use std::sync::Arc;

use crate::request::{Request, RequestCosts};
use crate::settings::RateLimit;

use super::ClientBuilder;

impl ClientBuilder {
    /// Limits the cost of the attempts that start in a time, beside every limit on their number.
    ///
    /// 90,000 tokens in a minute beside 500 requests in a minute. Default: no limit.
    ///
    /// Each attempt pays the [cost](Request::cost) of its request, a retry like the first; redirects pay nothing more.
    /// Costs are counted as the longer windows of [`rate`](Self::rate) are, and not paced: no window of this length
    /// holds more than the limit's count, and all of it may be spent at once. A request that does not fit in yet waits,
    /// and holds no worker. A request whose cost is above the count fails as
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest). A second call adds a limit for another window.
    ///
    /// ```
    /// use haul::{Client, RateLimit};
    ///
    /// let client = Client::builder()
    ///     .rate(RateLimit::per_minute(500))
    ///     .rate_cost(RateLimit::per_minute(90_000))
    ///     .cost_of(|request| 50 + request.body_bytes().len() as u32 / 4)
    ///     .build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    #[doc(alias = "tokens_per_minute")]
    pub fn rate_cost(mut self, rate: RateLimit) -> Self {
        self.rate_cost.add(rate);
        self
    }

    /// Closure that returns the cost of each attempt of a request that [says none](Request::cost).
    ///
    /// Default: 1 for each.
    ///
    /// It is called once for each request, on the thread that hands the request in and with no lock held. A panic in it
    /// passes to that thread.
    pub fn cost_of(mut self, cost: impl Fn(&Request) -> u32 + Send + Sync + 'static) -> Self {
        self.cost_of = Some(Arc::new(cost));
        self
    }

    /// Returns the rule for the costs of requests. `None`: costs make no difference.
    pub(super) fn costs(&mut self) -> Option<Box<RequestCosts>> {
        let most = self.rate_cost.least_count();
        let cost_of = self.cost_of.take();
        (most.is_some() || cost_of.is_some()).then(|| {
            Box::new(RequestCosts {
                cost_of,
                most: most.unwrap_or(u64::MAX),
            })
        })
    }
}
