//! The builder of a client: its settings, and the checks for contradictions.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::{ClientDefaults, Clock, DigestSessions, Engine, TokenStore};
use crate::executor::{Job, WorkerSettings};
use crate::request::{CostOf, check_sent};
use crate::retry::is_keyed;
use crate::schedule::{Bounds, HostLimits, LimitRule, Schedule, ScheduleSettings};
use crate::settings::{BreakerSettings, ClientLimits, ConnectionSettings, HostPattern, HostRule};
use crate::settings::{Limiter, RateLimit, RateLimits};
use crate::transport::{self, Bandwidth, HeaderLines, Sockets, Transport};
use http::header::USER_AGENT;
use http::{HeaderName, HeaderValue};

use super::Client;
use super::error::BuildError;
use super::{oauth2, wiring};

/// Default `User-Agent`.
const NAME: &str = concat!("haul/", env!("CARGO_PKG_VERSION"));

/// Builds a [`Client`] from its limits and the defaults of its requests.
///
/// ```
/// use std::time::Duration;
/// use haul::{Client, RetryPolicy, Timeouts};
///
/// let client = Client::builder()
///     .workers(32)
///     .max_per_host(8)
///     .base_url("https://api.example.com/v1/")
///     .bearer("secret")
///     .timeouts(Timeouts::new().attempt(Duration::from_secs(10)))
///     .retry(RetryPolicy::default().max_attempts(5))
///     .require("/code", 0)
///     .build()?;
/// # Ok::<(), haul::BuildError>(())
/// ```
///
/// # Bounds of a batch
///
/// A batch reads no more of its input than it has room for, so an input of any length runs in flat memory:
///
/// ```text
///           ┌─ window: 4 for each worker, at least 1,000 requests ─┐
///           │                                                      │
///  input ─────► ready ─────► in flight ─────► finished, not taken ────► next()
///           │    ▲ │         (workers)      │ bodies: byte_budget, │
///           │    │ │             │          │ 64 MiB               │
///           └────┼─┼─────────────┼──────────┴──────────────────────┘
///                │ │ host is at  │ to be
///                │ ▼ its limit   ▼ tried again
///           ┌────┴─────────────────────────────┐
///           │ parked: max_parked, 65,536       │
///           └──────────────────────────────────┘
/// ```
///
/// - [`window`](ClientBuilder::window) full: nothing is read from the input until an outcome is taken or a request is
///   parked.
/// - [`max_parked`](ClientBuilder::max_parked): requests that cannot start now, because they wait for a retry or
///   because their host is at a limit, leave the window. So one host does not keep the requests of others out, until
///   this many are parked: then nothing is read until one of them can start.
/// - [`byte_budget`](ClientBuilder::byte_budget) spent: no request of the batch starts until a body is taken. The
///   oldest request of a [`map`](Client::map), for which all others wait, starts all the same.
///
/// [`Client::submit`] is not part of a batch: [`max_pending`](ClientBuilder::max_pending) bounds the requests that
/// wait.
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder {
    pub(super) defaults: ClientDefaults,
    /// Names that `header` was called with: a further header of such a name is added to the earlier ones.
    pub(super) named: Vec<HeaderName>,
    pub(super) limits: ClientLimits,
    pub(super) pool: WorkerSettings,
    pub(super) rate: RateLimits,
    pub(super) rate_per_host: RateLimits,
    pub(super) rate_cost: RateLimits,
    pub(super) cost_of: Option<CostOf>,
    pub(super) breaker: Option<BreakerSettings>,
    pub(super) connection: ConnectionSettings,
    pub(super) transport: Option<Arc<dyn Transport>>,
    /// Time after which an attempt without a byte counts as failed. `None`: the schedule's default.
    pub(super) hanging_after: Option<Duration>,
    pub(super) first_error: Option<BuildError>,
}

impl ClientBuilder {
    pub(super) fn new() -> ClientBuilder {
        let mut defaults = ClientDefaults::default();
        let name = HeaderValue::from_static(NAME);
        Arc::make_mut(&mut defaults.headers).insert(USER_AGENT, name);
        ClientBuilder {
            defaults,
            named: Vec::new(),
            limits: ClientLimits::default(),
            pool: WorkerSettings {
                workers: 0,
                name: "haul".to_owned(),
                stack: None,
                on_start: None,
                limiter: None,
            },
            rate: RateLimits::default(),
            rate_per_host: RateLimits::default(),
            rate_cost: RateLimits::default(),
            cost_of: None,
            breaker: None,
            connection: ConnectionSettings::default(),
            transport: None,
            hanging_after: None,
            first_error: None,
        }
    }

    /// Upper bound for the requests under way at once, each on its own thread.
    ///
    /// Default: the number of cores plus 4, at most 32. Threads wait for sockets most of the time, so hundreds or
    /// thousands are fine.
    ///
    /// If the system gives fewer descriptors, ports or threads than that takes, fewer requests are under way at once
    /// and the others wait, without losing an attempt.
    #[doc(alias = "max_workers")]
    #[doc(alias = "pool_maxsize")]
    pub fn workers(mut self, workers: usize) -> Self {
        self.limits.workers = workers;
        self
    }

    /// Upper bound for the size of a body, in bytes after decompression.
    ///
    /// A larger body fails its request with class [`BodyTooLarge`](crate::ErrorType::BodyTooLarge), before the body is
    /// read if its `Content-Length` says so. Default 10 MiB, and none for a body that is
    /// [saved](crate::Request::save_to) to a file.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.defaults.body_limit = Some(bytes);
        self
    }

    /// Name of the worker threads, to which a number is added. Default `haul`.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pool.name = prefix.into();
        if self.pool.name.contains('\0') {
            self.keep_first_error("thread_name_prefix", "it holds a NUL");
        }
        self
    }

    /// Size of the stack of each worker thread, in bytes.
    ///
    /// Default: the platform's, mostly 2 MiB; only the used part takes memory.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.pool.stack = Some(bytes);
        self
    }

    /// Function that runs on each worker thread before its first request.
    ///
    /// If it fails or panics, that is logged once, and every waiting and every later request fails with class
    /// [`Io`](crate::ErrorType::Io).
    #[doc(alias = "initializer")]
    pub fn on_worker_start<E>(
        mut self,
        f: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self
    where
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.pool.on_start = Some(Arc::new(move || f().map_err(Into::into)));
        self
    }

    /// Limits the requests that start in a time, retries and redirects included. Default: no limit.
    ///
    /// A second call adds a limit for another window, as servers state them: both hold. The shortest window is paced,
    /// with its [burst](RateLimit::burst); the longer ones are never exceeded, even by that burst. The longer windows
    /// count whole requests: a limit of 2.5 in a minute allows two. To count them, up to 64 slices of such a window are
    /// kept, so that a request may count for a 63rd of the window longer. Two limits for one window are refused by
    /// [`build`](Self::build).
    ///
    /// ```
    /// use haul::{Client, RateLimit};
    ///
    /// // At its full pace for half a minute; then it waits until the first of these were a minute ago.
    /// let client = Client::builder()
    ///     .rate(RateLimit::per_second(10).burst(5))
    ///     .rate(RateLimit::per_minute(300))
    ///     .build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    pub fn rate(mut self, rate: RateLimit) -> Self {
        self.rate.add(rate);
        self
    }

    /// Limits the requests that start to each [`Host`](crate::Host) in a time.
    ///
    /// Each host has the limit for itself, which otherwise works as [`rate`](Self::rate) does for all together.
    /// Default: no limit.
    #[doc(alias = "DOWNLOAD_DELAY")]
    pub fn rate_per_host(mut self, rate: RateLimit) -> Self {
        self.rate_per_host.add(rate);
        self
    }

    /// Takes the starts that rates allow from a [`Limiter`](crate::settings::Limiter).
    ///
    /// Clients on many machines may share it. [`rate`](Self::rate), [`rate_per_host`](Self::rate_per_host) and the rates
    /// of host rules are then those of all clients together. Where several rates are set, the one with the shortest
    /// time is asked for, and this client keeps the others by itself. A host without a rate is asked for too, so that a
    /// pause reaches every client. Default: this client keeps its rates by itself.
    pub fn limiter(mut self, limiter: Arc<dyn Limiter>) -> Self {
        self.pool.limiter = Some(limiter);
        self
    }

    /// Upper bound for the bytes of bodies that are received in a second, over all requests together.
    ///
    /// Counted as they come over the wire, without heads. A short burst is possible: the bytes of a tenth of a second.
    /// Limits of time go on while a body waits for its turn, so that an attempt with a limit may time out. Default: no
    /// bound. Zero is refused by [`build`](Self::build).
    ///
    /// ```
    /// let client = haul::Client::builder().bandwidth(2 << 20).build()?;
    /// # Ok::<(), haul::BuildError>(())
    /// ```
    #[doc(alias = "limit-rate")]
    pub fn bandwidth(mut self, bytes_per_second: u64) -> Self {
        match bytes_per_second {
            0 => self.keep_first_error("bandwidth", "a number above zero is expected"),
            rate => self.defaults.bandwidth = Some(Arc::new(Bandwidth::new(rate))),
        }
        self
    }

    /// Circuit breaker for each host, which stops requests to a host that keeps failing for a while.
    ///
    /// These requests end at once with class [`BreakerOpen`](crate::ErrorType::BreakerOpen). Default: none.
    #[doc(alias = "circuit_breaker")]
    pub fn breaker(mut self, breaker: BreakerSettings) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Adds limits and defaults for some hosts.
    ///
    /// A pattern is written as `api.example.com`, `*.example.com`, `https://api.example.com:8443`, `https://*`. If
    /// several rules match, the most specific one that has a setting decides it.
    #[doc(alias = "mount")]
    pub fn host_rule(mut self, pattern: impl AsRef<str>, rule: HostRule) -> Self {
        match (pattern.as_ref().parse::<HostPattern>(), rule.check()) {
            (Ok(pattern), Ok(())) => drop(self.defaults.hosts.insert(pattern, rule)),
            (Err(wrong), _) => self.keep_first_error("host_rule", wrong.to_string()),
            (_, Err(reason)) => {
                self.keep_first_error("host_rule", format!("{:?}: {reason}", pattern.as_ref()))
            }
        }
        self
    }

    /// Makes attempts with this transport in place of sockets.
    ///
    /// It supplies recorded or invented responses, delays and failures. The interface of transports may change in minor
    /// releases: see [`unversioned`](crate::unversioned). Settings of connections (proxies, TLS, addresses, idle
    /// connections) then have no effect.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    #[cfg(test)]
    pub(crate) fn hanging_after(mut self, time: Duration) -> Self {
        self.hanging_after = Some(time);
        self
    }

    /// Builds the client. No thread starts yet.
    ///
    /// # Errors
    /// When a setting is not valid, or contradicts another; the error names the setting.
    pub fn build(mut self) -> Result<Client, BuildError> {
        if let Some(wrong) = &self.first_error {
            return Err(wrong.clone());
        }
        let wrong = |setting| move |reason| BuildError { setting, reason };
        self.limits
            .check()
            .map_err(|(setting, reason)| wrong(setting)(reason.to_owned()))?;
        self.defaults
            .timeouts
            .check_for_client()
            .map_err(wrong("timeouts"))?;
        for (setting, rates) in [("rate", &self.rate), ("rate_per_host", &self.rate_per_host)] {
            rates.check().map_err(wrong(setting))?;
        }
        self.rate_cost.check_counted().map_err(wrong("rate_cost"))?;
        check_sent(&self.defaults.headers).map_err(wrong("header"))?;
        if let Some(breaker) = &self.breaker {
            breaker.check().map_err(wrong("breaker"))?;
        }
        self.defaults.retry.check().map_err(wrong("retry"))?;
        let connection = std::mem::take(&mut self.connection);
        let settings = wiring::prepare(connection, self.limits.workers)?;
        Ok(self.assemble(settings))
    }

    /// Builds a client with every setting at its default, which cannot fail.
    pub(super) fn default_client() -> Client {
        let builder = ClientBuilder::new();
        let settings = wiring::default_transport(builder.limits.workers);
        builder.assemble(settings)
    }

    fn assemble(mut self, settings: transport::TransportSettings) -> Client {
        self.defaults.keyed = is_keyed(&self.defaults.headers);
        let defaults = &mut self.defaults;
        let rules = defaults.hosts.values();
        defaults.tokens.number(rules, oauth2::fetcher);
        self.defaults.lines = HeaderLines::of(&self.defaults.headers, &self.defaults.without);
        self.defaults.costs = self.costs();
        let workers = self.limits.workers;
        self.pool.workers = workers;
        let sockets = || Arc::new(Sockets::new(settings)) as Arc<dyn Transport>;
        let transport = match self.transport {
            Some(own) => own.over_sockets(sockets()).unwrap_or(own),
            None => sockets(),
        };
        let clock = transport.clock().map_or(Clock::System, Clock::Virtual);
        let usual = ScheduleSettings::new(workers);
        let limiter = self.pool.limiter.as_deref();
        let schedule = Schedule::<Box<Job>>::new(ScheduleSettings {
            rate: self.rate,
            rate_cost: self.rate_cost,
            host: HostLimits {
                in_flight: self.limits.max_per_host,
                budget: self.defaults.retry.budget,
                rate: self.rate_per_host,
                granted: limiter.is_some(),
                breaker: self.breaker,
            },
            rules: self.defaults.hosts.map(|rule| LimitRule {
                in_flight: rule.in_flight,
                rate: rule.rate.clone(),
                breaker: rule.breaker,
                budget: rule.retry.as_ref().map(|policy| policy.budget),
            }),
            seed: match clock {
                Clock::Virtual(_) => 0,
                _ => fastrand::u64(..),
            },
            shared_rests: limiter.is_some_and(Limiter::gives_rests),
            hanging_after: self.hanging_after.unwrap_or(usual.hanging_after),
            ..usual
        })
        .with_costs(|job| job.owed);
        let bounds = Bounds {
            window: self.limits.window(),
            max_parked: self.limits.max_parked,
            bytes: self.limits.byte_budget,
            max_delay: None,
            delivered: false,
            ordered: false,
        };
        Client::start(
            Engine {
                transport,
                tokens: TokenStore::new(&self.defaults.tokens),
                defaults: self.defaults,
                digest_sessions: DigestSessions::default(),
            },
            clock,
            self.pool,
            schedule,
            bounds,
            self.limits.max_pending,
        )
    }

    pub(super) fn keep_first_error(&mut self, setting: &'static str, reason: impl Into<String>) {
        self.first_error.get_or_insert(BuildError {
            setting,
            reason: reason.into(),
        });
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("workers", &self.limits.workers)
            .field("max_per_host", &self.limits.max_per_host)
            .field("timeouts", &self.defaults.timeouts)
            .field("retry", &self.defaults.retry)
            .finish_non_exhaustive()
    }
}
