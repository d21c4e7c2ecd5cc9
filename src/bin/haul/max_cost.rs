//! Limit of `--max-cost`: the cost of all requests that are started.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use haul::{Client, Request};

/// Reason why a run was stopped whose next request would have cost too much.
pub(crate) const REASON: &str = "the next request would cost more than is left (--max-cost)";

/// Sign that the reading ended because the next request would have cost too much.
#[derive(Clone, Default)]
pub(crate) struct CostIsSpent(Arc<AtomicBool>);

impl CostIsSpent {
    /// True if the reading ended for this reason.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Returns the requests up to the first that would bring the cost of all above `most`, and sets the sign there. `None`:
/// there is no limit.
pub(crate) fn within(
    most: Option<u64>,
    requests: Box<dyn Iterator<Item = Request> + Send>,
    client: &Client,
    spent: &CostIsSpent,
) -> Box<dyn Iterator<Item = Request> + Send> {
    let Some(most) = most else {
        return requests;
    };
    let (client, spent, mut sum) = (client.clone(), spent.clone(), 0_u64);
    Box::new(requests.take_while(move |request| {
        // The request of a sitemap was sent before.
        if request.has_outcome() {
            return true;
        }
        let cost = u64::from(request.own_cost().unwrap_or(1));
        // A request that cannot be sent costs nothing.
        if cost == 0 || client.preview(request.clone()).is_err() {
            return true;
        }
        // Nor does one that is not sent, since its file is there.
        if request.finds_its_file() {
            return true;
        }
        sum = sum.saturating_add(cost);
        let fits = sum <= most;
        if !fits {
            spent.0.store(true, Ordering::Release);
        }
        fits
    }))
}
