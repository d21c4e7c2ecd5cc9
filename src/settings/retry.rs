//! The retry policy as a value: attempts that are repeated, how often, after which wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::settings::ClassLimits;
use crate::settings::RetryBudget;
use crate::settings::StatusSet;
use crate::settings::{FinishedAttempt, Judgement};

/// Policy that says when a failed attempt is repeated.
///
/// A value: it decides nothing by itself and keeps no state, so one policy can serve any number of requests.
///
/// The default: three attempts in all; connection failures are repeated for every method, failures after which the
/// request may have reached the server only if RFC 9110 §9.2.2 calls the method idempotent (or the request says so);
/// exponential backoff from 200 ms (1 s after 429 or a 503 with `Retry-After`) to 30 s with full jitter; `Retry-After`
/// is obeyed up to 120 s; a budget per host, so that a dead host is not asked three times as often as a healthy one.
///
/// ```
/// use std::time::Duration;
/// use haul::settings::Jitter;
/// use haul::RetryPolicy;
///
/// let policy = RetryPolicy::default()
///     .max_attempts(5)
///     .backoff(Duration::from_millis(500), Duration::from_secs(60))
///     .jitter(Jitter::Equal)
///     .deadline(Duration::from_secs(90));
/// ```
#[derive(Clone)]
#[doc(alias = "Retry")]
#[must_use = "a policy does nothing by itself: give it to `ClientBuilder::retry`, `HostRule::retry` or `Request::retry`"]
pub struct RetryPolicy {
    pub(crate) max_attempts: u32,
    pub(crate) base: Duration,
    pub(crate) throttle_base: Duration,
    pub(crate) max: Duration,
    pub(crate) factor: f64,
    pub(crate) jitter: Jitter,
    pub(crate) statuses: Option<StatusSet>,
    pub(crate) methods: RetryMethods,
    pub(crate) respect_retry_after: bool,
    pub(crate) retry_after_max: Duration,
    pub(crate) retry_after_clamp: bool,
    pub(crate) rate_limit_headers: bool,
    pub(crate) pace_by_headers: bool,
    pub(crate) deadline: Option<Duration>,
    pub(crate) budget: Option<RetryBudget>,
    pub(crate) limits: ClassLimits,
    pub(crate) classify: Option<Classify>,
    pub(crate) hedge: bool,
}

pub(crate) type Classify = Arc<dyn Fn(&FinishedAttempt<'_>) -> Option<Judgement> + Send + Sync>;

/// Spread of the wait before a retry, d being the exponential backoff.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// Any wait from 0 to d: keeps clients from moving in step (AWS, gRPC).
    #[default]
    Full,
    /// Any wait from d/2 to d.
    Equal,
    /// Exactly d.
    None,
}

/// Methods that may be repeated after the server may have acted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum RetryMethods {
    /// GET, HEAD, OPTIONS, TRACE, PUT, DELETE; others with an idempotency key or flag.
    #[default]
    Idempotent,
    All,
    Only(Vec<Method>),
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            max_attempts: 3,
            base: Duration::from_millis(200),
            throttle_base: Duration::from_secs(1),
            max: Duration::from_secs(30),
            factor: 2.0,
            jitter: Jitter::Full,
            statuses: None,
            methods: RetryMethods::Idempotent,
            respect_retry_after: true,
            retry_after_max: Duration::from_secs(120),
            retry_after_clamp: false,
            rate_limit_headers: true,
            pace_by_headers: false,
            deadline: None,
            budget: Some(RetryBudget::default()),
            limits: ClassLimits::default(),
            classify: None,
            hedge: false,
        }
    }
}

impl RetryPolicy {
    /// Makes a policy of a single attempt, without retries.
    pub fn none() -> RetryPolicy {
        RetryPolicy::default().max_attempts(1)
    }

    /// Upper bound for the attempts of a request, the first included.
    ///
    /// Default 3. Zero is refused when the request is taken or the client built.
    #[doc(alias = "total")]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Wait before the first retry, and longest wait.
    ///
    /// Default 200 ms and 30 s. Also sets the first wait after throttling (429, 503 with `Retry-After`), which is
    /// otherwise 1 s.
    #[doc(alias = "backoff_factor")]
    #[doc(alias = "backoff_max")]
    pub fn backoff(mut self, base: Duration, max: Duration) -> Self {
        (self.base, self.throttle_base, self.max) = (base, base, max);
        self
    }

    /// Factor by which each further wait grows. Default 2.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Spread of the waits. Default [`Jitter::Full`].
    #[doc(alias = "backoff_jitter")]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Statuses to retry, in place of the default rules.
    ///
    /// The method still has to be repeatable, except for statuses that refuse a request before any work (421, 425, 429,
    /// 529).
    ///
    /// An accepted status in the set is retried too, such as 202 until the work is done. If no further attempt may be
    /// made, the last response is the outcome, as without this setting, and
    /// [`Outcome::stop_reason`](crate::Outcome::stop_reason) says why there was no other attempt.
    #[doc(alias = "status_forcelist")]
    pub fn retry_statuses(mut self, statuses: impl Into<StatusSet>) -> Self {
        self.statuses = Some(statuses.into());
        self
    }

    /// Methods that may be repeated, in place of the idempotent ones. An empty list: none is repeated.
    #[doc(alias = "allowed_methods")]
    pub fn retry_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.methods = RetryMethods::Only(methods.into_iter().collect());
        self
    }

    /// Repeats every method, POST and PATCH too: use it only if the server recognises duplicates.
    pub fn retry_all_methods(mut self) -> Self {
        self.methods = RetryMethods::All;
        self
    }

    /// Longest wait that a server may ask for.
    ///
    /// Default 120 s. If it asks for more, the request ends at once with
    /// [`RetryAfterOverCap`](crate::StopReason::RetryAfterOverCap): a clamped retry is certain to fail.
    pub fn retry_after_max(mut self, longest: Duration) -> Self {
        self.retry_after_max = longest;
        self
    }

    /// True: tries again after `retry_after_max` if a server asks for a longer wait.
    ///
    /// See [`retry_after_max`](RetryPolicy::retry_after_max).
    pub fn retry_after_clamp(mut self, clamp: bool) -> Self {
        self.retry_after_clamp = clamp;
        self
    }

    /// True if `Retry-After` (RFC 9110 §10.2.3) and `retry-after-ms`, which comes before it, are obeyed.
    ///
    /// Default true.
    #[doc(alias = "respect_retry_after_header")]
    pub fn respect_retry_after(mut self, respect: bool) -> Self {
        self.respect_retry_after = respect;
        self
    }

    /// Sets if rate limits that a server announces in other headers than `Retry-After` are obeyed.
    ///
    /// Default true.
    ///
    /// If a 429, a 503, or a 403 with `x-ratelimit-remaining: 0` (or `ratelimit-remaining: 0`, or `RateLimit: ..;r=0`)
    /// has no `Retry-After`, the request waits until the longest reset that `x-ratelimit-reset`, `ratelimit-reset`,
    /// `RateLimit: ..;t=`, `x-ratelimit-reset-requests` and `x-ratelimit-reset-tokens` state, and so does its whole
    /// host. A reset counts if what remains of its limit is 0 or not stated. By its size a number is a number of
    /// seconds from now, of seconds since 1970 (above 10^9) or of milliseconds since 1970 (above 10^12); `120ms`, `1s`
    /// and `1m30.9s` are read too. [`retry_after_max`](RetryPolicy::retry_after_max) bounds the wait.
    ///
    /// Such a 403, and a 403 with `Retry-After`, is retried like a 429: for every method. False: a 403 is final, and a
    /// 429 or 503 without `Retry-After` is retried after the backoff.
    ///
    /// The guide shows it at work: [`announced_limits`](crate::guide::announced_limits).
    #[doc(alias = "X-RateLimit-Reset")]
    pub fn rate_limit_headers(mut self, obey: bool) -> Self {
        self.rate_limit_headers = obey;
        self
    }

    /// Sets if a host rests after a success that says that nothing remains of a rate limit.
    ///
    /// True: an accepted response that says that nothing remains of a rate limit (`x-ratelimit-remaining: 0` and the
    /// others that [`rate_limit_headers`](RetryPolicy::rate_limit_headers) names) keeps its host from being asked until
    /// the reset, for at most [`retry_after_max`](RetryPolicy::retry_after_max), so that the next request is not
    /// refused. Default false.
    ///
    /// Requests that are under way at that moment end as they do.
    pub fn pace_by_headers(mut self, pace: bool) -> Self {
        self.pace_by_headers = pace;
        self
    }

    /// Limit for all attempts and waits of a request together, from the start of its first attempt.
    ///
    /// Default none.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// Allowance of each host for retries; `None` turns it off.
    pub fn budget(mut self, budget: impl Into<Option<RetryBudget>>) -> Self {
        self.budget = budget.into();
        self
    }

    /// Limits per class of failure.
    pub fn class_limits(mut self, limits: ClassLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Hook that sees each finished attempt and may overrule the usual decision.
    ///
    /// If it returns `None`, the decision stays. It runs on the worker, with no lock held; a panic in it ends the
    /// request with class `panic`.
    ///
    /// If the hook asks for another attempt after a response and none may be made, the outcome is the same as without
    /// the hook, and [`Outcome::stop_reason`](crate::Outcome::stop_reason) says why there was no other attempt.
    pub fn classify(
        mut self,
        hook: impl Fn(&FinishedAttempt<'_>) -> Option<Judgement> + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(hook));
        self
    }

    /// Sets if a second request is sent when the answer to the first is slow to come.
    ///
    /// True: the first acceptable answer of the two is used. Default false.
    ///
    /// Slow means longer to the response head than 95 % of the host's last 1,000 attempts of such requests; before 20
    /// of them are known, no second request is sent. At most one is sent for each attempt, only if a worker, the host's
    /// limits and its rates have room for it at once, and it takes one token of the retry budget. The other request is
    /// shut down when an answer is there. `before_attempt` runs for both.
    ///
    /// Only requests that may be repeated (see [`retry_methods`](RetryPolicy::retry_methods)) and whose body can be sent
    /// again are hedged. Never hedged are
    ///
    /// - requests whose response goes to a file ([`save_to`](crate::Request::save_to)) or is handed on as it comes
    ///   ([`on_chunk`](crate::Request::on_chunk), [`on_event`](crate::Request::on_event),
    ///   [`on_line`](crate::Request::on_line)),
    /// - requests with a body that a reader gives,
    /// - requests of [`Client::process`](crate::Client::process),
    /// - requests with [digest authentication](crate::Request::digest_auth), whose answers to a challenge are counted,
    /// - the hops of a redirect.
    ///
    /// [`Outcome::is_hedged`](crate::Outcome::is_hedged) tells of a second request. A script's
    /// [virtual clock](crate::testing::Script::virtual_clock) moves to the time of the second request as to every other.
    ///
    /// ```
    /// use haul::{Client, RetryPolicy};
    ///
    /// let client = Client::builder().retry(RetryPolicy::default().hedge(true)).build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn hedge(mut self, hedge: bool) -> Self {
        self.hedge = hedge;
        self
    }

    /// True if the caller named the status in `retry_statuses`, so that it is retried even if it is accepted.
    pub(crate) fn asks_again_for(&self, status: u16) -> bool {
        let named = self.statuses.as_ref();
        named.is_some_and(|statuses| statuses.contains(status))
    }

    /// Checks the policy for contradictions. The error names the setting.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.max_attempts == 0 {
            return Err("max_attempts is 0: a request needs at least one attempt".into());
        }
        if self.base > self.max {
            return Err(format!(
                "backoff: the first wait ({:?}) is longer than the longest ({:?})",
                self.base, self.max
            ));
        }
        if !self.factor.is_finite() || self.factor < 1.0 {
            return Err(format!("factor is {}: waits must not shrink", self.factor));
        }
        if self.deadline.is_some_and(|limit| limit.is_zero()) {
            return Err("deadline is zero: there is no time for an attempt".into());
        }
        self.budget.as_ref().map_or(Ok(()), RetryBudget::check)
    }
}

impl fmt::Debug for RetryPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryPolicy")
            .field("max_attempts", &self.max_attempts)
            .field("backoff", &(self.base, self.max))
            .field("jitter", &self.jitter)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
