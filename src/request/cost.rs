//! Costs of requests, for limits on the cost of what starts in a time.

use std::sync::Arc;

use crate::url::Mistake;

use super::Request;

/// Closure of the caller that returns the cost of a request.
pub(crate) type CostOf = Arc<dyn Fn(&Request) -> u32 + Send + Sync>;

/// Rule for the costs of requests.
#[derive(Clone)]
pub(crate) struct RequestCosts {
    /// Cost of requests that say none. `None`: they cost 1.
    pub(crate) cost_of: Option<CostOf>,
    /// Highest cost that the limits ever let start.
    pub(crate) most: u64,
}

impl RequestCosts {
    /// Returns the cost of each attempt of a request. The error says that no limit would ever let it start.
    pub(crate) fn of(&self, request: &Request) -> Result<u32, Mistake> {
        let cost = request.own_cost().unwrap_or_else(|| {
            let cost_of = self.cost_of.as_ref();
            cost_of.map_or(1, |cost_of| cost_of(request))
        });
        match u64::from(cost) > self.most {
            true => Err(Mistake::new(format!(
                "cost: it is {cost}, and rate_cost lets at most {} start",
                self.most
            ))),
            false => Ok(cost),
        }
    }
}

impl Request {
    /// Sets the cost of each attempt of this request: tokens of a language model, points of a query.
    ///
    /// It counts under [`rate_cost`](crate::ClientBuilder::rate_cost). Default: the cost that
    /// [`cost_of`](crate::ClientBuilder::cost_of) returns, or else 1. A cost of 0 is never held back.
    ///
    /// A cost above the count of the limit could never start: the request fails as
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    pub fn cost(mut self, cost: u32) -> Request {
        self.options_mut().cost = Some(cost);
        self
    }

    /// Returns the cost that was set for this request with [`cost`](Request::cost). `None`: none was set.
    pub fn own_cost(&self) -> Option<u32> {
        self.options()?.cost
    }
}
