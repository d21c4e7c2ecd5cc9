//! Where a request differs from the client's defaults.

use std::sync::Arc;

use serde_json::Value;

use super::{Request, SaveTo};
use crate::http::HeaderName;
use crate::limits::Timeouts;
use crate::policy::RetryPolicy;
use crate::rejection::Rejection;
use crate::response::Response;
use crate::status::StatusSet;

/// What few requests set, kept apart so that many requests stay small.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) query: Vec<(String, String)>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Option<Arc<RetryPolicy>>,
    pub(crate) accept: Option<StatusSet>,
    pub(crate) expect_json: Option<bool>,
    pub(crate) idempotent: bool,
    pub(crate) max_redirects: Option<u32>,
    pub(crate) body_limit: Option<u64>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) save: Option<SaveTo>,
    pub(crate) id: Option<String>,
    pub(crate) tag: Option<Value>,
    pub(crate) invalid: Option<String>,
    /// Secret headers a failure log left out: the client's defaults must have them.
    pub(crate) needs_headers: Vec<HeaderName>,
}

/// Looks at an accepted response, and may reject it.
pub(crate) type Predicate = Arc<dyn Fn(&Response) -> Option<Rejection> + Send + Sync>;

/// Says whether an application rejected a request that was technically a success.
#[derive(Clone)]
pub(crate) enum Rule {
    /// The JSON body must hold this value at this pointer (RFC 6901).
    Require(String, Value),
    /// The caller's own predicate.
    RejectIf(Predicate),
}

impl Request {
    /// Says that these headers, left out where the request was written down, must come from the client's defaults.
    pub(crate) fn needing(mut self, headers: Vec<HeaderName>) -> Request {
        if !headers.is_empty() {
            self.options_mut().needs_headers = headers;
        }
        self
    }

    /// What is wrong where the headers this request needs are not all there: a message naming those missing.
    pub(crate) fn lacking(&self, has: impl Fn(&HeaderName) -> bool) -> Option<String> {
        let needs = &self.options()?.needs_headers;
        let missing: Vec<&str> = needs
            .iter()
            .filter(|name| !has(name))
            .map(HeaderName::as_str)
            .collect();
        (!missing.is_empty()).then(|| {
            format!(
                "secret headers were left out of the failure log and must be given again: {}",
                missing.join(", ")
            )
        })
    }
}
