//! Settings of a client, and what is contradictory in them.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use crate::executor::{Defaults, Engine, Pool};
use crate::request::check_sent;
use crate::retry::is_keyed;
use crate::schedule::{Bounds, HostLimits, LimitRule, Schedule, Settings};
use crate::settings::HostPattern;
use crate::settings::HostRule;
use crate::settings::{BreakerSettings, RateLimit, RateLimits, Timeouts};
use crate::transport::{self, Lines, Sockets, Transport};
use http::header::USER_AGENT;
use http::{HeaderName, HeaderValue};

use super::Client;
use super::error::BuildError;
use super::wiring::ConnectionSettings;

/// Sends itself under this name unless told otherwise.
const NAME: &str = concat!("haul/", env!("CARGO_PKG_VERSION"));

/// Builds a [`Client`]: what it allows at once, and the defaults of its requests.
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
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder {
    pub(super) defaults: Defaults,
    /// Names that `header` was called with: a further header of such a name is added to those there are.
    pub(super) named: Vec<HeaderName>,
    pub(super) pool: Pool,
    pub(super) max_per_host: usize,
    pub(super) window: Option<usize>,
    pub(super) max_parked: usize,
    pub(super) max_pending: usize,
    pub(super) byte_budget: u64,
    pub(super) rate: RateLimits,
    pub(super) rate_per_host: RateLimits,
    pub(super) breaker: Option<BreakerSettings>,
    pub(super) connection: ConnectionSettings,
    pub(super) transport: Option<Arc<dyn Transport>>,
    /// When an attempt without a byte counts as failed. `None`: by the schedule's own time.
    pub(super) hanging_after: Option<Duration>,
    pub(super) wrong: Option<BuildError>,
}

/// As many threads as Linux can number.
const MOST_WORKERS: usize = 1 << 22;

/// Python's default: `min(32, available_parallelism + 4)`.
fn default_workers() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores + 4).min(32)
}

impl ClientBuilder {
    pub(super) fn new() -> ClientBuilder {
        let mut defaults = Defaults::default();
        let name = HeaderValue::from_static(NAME);
        Arc::make_mut(&mut defaults.headers).insert(USER_AGENT, name);
        ClientBuilder {
            defaults,
            named: Vec::new(),
            pool: Pool {
                workers: default_workers(),
                name: "haul".to_owned(),
                stack: None,
                on_start: None,
            },
            max_per_host: usize::MAX,
            window: None,
            max_parked: 1 << 16,
            max_pending: 1 << 20,
            byte_budget: 64 << 20,
            rate: RateLimits::default(),
            rate_per_host: RateLimits::default(),
            breaker: None,
            connection: ConnectionSettings::default(),
            transport: None,
            hanging_after: None,
            wrong: None,
        }
    }

    /// How many requests are under way at once, each on a thread of its own. Default: the number of cores plus 4, at
    /// most 32. Threads wait for sockets most of the time, so hundreds or thousands are fine.
    ///
    /// If the system gives fewer descriptors, ports or threads than that takes, fewer requests are under way at once and
    /// the others wait, without losing an attempt.
    #[doc(alias = "max_workers")]
    #[doc(alias = "pool_maxsize")]
    pub fn workers(mut self, workers: usize) -> Self {
        self.pool.workers = workers;
        self
    }

    /// How many requests to one [`Host`](crate::Host) are under way at once. Default: no limit but the workers.
    pub fn max_per_host(mut self, most: usize) -> Self {
        self.max_per_host = most;
        self
    }

    /// How far a batch runs ahead of its consumer: requests ready, under way, and finished but not taken. Default four
    /// times the workers, at least 1,000.
    ///
    /// Once a host lets requests wait for a response for longer than a second, reading goes on beyond the window, so that
    /// its requests do not hide those of other hosts: the requests of such hosts, and of those that have not answered,
    /// do not count as far as they are more than there are workers. At most 16 windows of requests, and bodies of a
    /// quarter of the [`byte_budget`](ClientBuilder::byte_budget), are read beyond it. A window of no more requests than
    /// there are workers is never exceeded, nor is any while all hosts answer within a second.
    #[doc(alias = "buffersize")]
    pub fn window(mut self, requests: usize) -> Self {
        self.window = Some(requests);
        self
    }

    /// Number of requests of a batch that may wait for a retry, or behind a host's limit, beside the window. Those that
    /// are read beyond it because a host is slow count too. Default 65,536.
    pub fn max_parked(mut self, requests: usize) -> Self {
        self.max_parked = requests;
        self
    }

    /// How many requests may wait before [`Client::submit`] refuses more. Default 1,048,576.
    pub fn max_pending(mut self, requests: usize) -> Self {
        self.max_pending = requests;
        self
    }

    /// How many bytes of bodies a batch may hold finished but not taken, before it starts no more. Default 64 MiB.
    pub fn byte_budget(mut self, bytes: u64) -> Self {
        self.byte_budget = bytes;
        self
    }

    /// The largest body taken, in bytes after decompression; a larger one fails its request with class
    /// [`BodyTooLarge`](crate::ErrorType::BodyTooLarge), before its body is read if its `Content-Length` says so. Default
    /// 10 MiB, and none for a body that is [saved](crate::Request::save_to) to a file.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.defaults.body_limit = Some(bytes);
        self
    }

    /// What worker threads are called, a number added. Default `haul`.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.pool.name = prefix.into();
        if self.pool.name.contains('\0') {
            self.spoil("thread_name_prefix", "it holds a NUL");
        }
        self
    }

    /// The stack of each worker thread, in bytes. Default: the platform's, mostly 2 MiB, of which only what is used
    /// takes memory.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.pool.stack = Some(bytes);
        self
    }

    /// Runs on each worker thread before its first request. Where it fails or panics, that is logged once, and every
    /// request that waits and every later one fails with class [`Io`](crate::ErrorType::Io).
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

    /// Starts at most so many requests in a time, retries and redirects included. Default: no limit.
    ///
    /// A second call adds a limit for another window, as servers state them: both hold. The shortest window is paced,
    /// with its [burst](RateLimit::burst); the longer ones are never exceeded, that burst included. They hold whole
    /// requests: of 2.5 in a minute, two. To count them, up to 64 slices of such a window are kept, so that a request
    /// may count for a 63rd of the window longer. Two limits for one window are refused by [`build`](Self::build).
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

    /// Starts at most so many requests to each [`Host`](crate::Host) in a time, as [`rate`](Self::rate) does for all
    /// together. Default: no limit.
    #[doc(alias = "DOWNLOAD_DELAY")]
    pub fn rate_per_host(mut self, rate: RateLimit) -> Self {
        self.rate_per_host.add(rate);
        self
    }

    /// Stops asking a host that keeps failing for a while: requests to it end at once with class
    /// [`BreakerOpen`](crate::ErrorType::BreakerOpen). Default: never.
    #[doc(alias = "circuit_breaker")]
    pub fn breaker(mut self, breaker: BreakerSettings) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Limits and defaults for some hosts: `api.example.com`, `*.example.com`, `https://api.example.com:8443`,
    /// `https://*`. Of several that match, the most specific that says something of a matter decides it.
    #[doc(alias = "mount")]
    pub fn host_rule(mut self, pattern: impl AsRef<str>, rule: HostRule) -> Self {
        match (pattern.as_ref().parse::<HostPattern>(), rule.check()) {
            (Ok(pattern), Ok(())) => drop(self.defaults.hosts.insert(pattern, rule)),
            (Err(wrong), _) => self.spoil("host_rule", wrong.to_string()),
            (_, Err(reason)) => {
                self.spoil("host_rule", format!("{:?}: {reason}", pattern.as_ref()))
            }
        }
        self
    }

    /// Makes attempts with this transport, and not over sockets: recorded or invented responses, delays and failures. Its
    /// interface may change in minor releases: see [`unversioned`](crate::unversioned). Settings of connections (proxies,
    /// TLS, addresses, idle connections) then have no effect.
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
    /// Where a setting is not valid, or contradicts another; the error names it.
    pub fn build(mut self) -> Result<Client, BuildError> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        let none = |setting, reason: &str| {
            Err(BuildError {
                setting,
                reason: reason.to_owned(),
            })
        };
        if self.pool.workers == 0 {
            return none("workers", "at least one is needed");
        }
        if self.pool.workers > MOST_WORKERS {
            return none("workers", "no system has as many threads");
        }
        if self.max_per_host == 0 {
            return none("max_per_host", "at least one is needed");
        }
        if self.window == Some(0) {
            return none("window", "at least one is needed");
        }
        if self.max_pending == 0 {
            return none("max_pending", "at least one is needed");
        }
        if self.max_parked == 0 {
            return none(
                "max_parked",
                "at least one is needed: a request that is tried again waits there",
            );
        }
        if self.byte_budget == 0 {
            return none("byte_budget", "it is zero: no outcome could be held");
        }
        if self.byte_budget > i64::MAX as u64 {
            return none("byte_budget", "it is larger than any memory");
        }
        let own = self.defaults.timeouts.or(Timeouts::CLIENT);
        // A short limit of the whole contradicts nobody who left the other at its default.
        if own.connect != Timeouts::CLIENT.connect {
            own.check().map_err(|reason| BuildError {
                setting: "timeouts",
                reason,
            })?;
        }
        for (setting, rates) in [("rate", &self.rate), ("rate_per_host", &self.rate_per_host)] {
            rates
                .check()
                .map_err(|reason| BuildError { setting, reason })?;
        }
        check_sent(&self.defaults.headers).map_err(|reason| BuildError {
            setting: "header",
            reason,
        })?;
        if let Some(breaker) = &self.breaker {
            breaker.check().map_err(|reason| BuildError {
                setting: "breaker",
                reason,
            })?;
        }
        self.defaults.retry.check().map_err(|reason| BuildError {
            setting: "retry",
            reason,
        })?;
        let connection = std::mem::take(&mut self.connection);
        let settings = connection.prepare(self.pool.workers)?;
        Ok(self.assemble(settings))
    }

    /// A client with every setting at its default: there nothing can be wrong.
    pub(super) fn usual() -> Client {
        let builder = ClientBuilder::new();
        let settings = ConnectionSettings::usual(builder.pool.workers);
        builder.assemble(settings)
    }

    fn assemble(mut self, settings: transport::Settings) -> Client {
        self.defaults.keyed = is_keyed(&self.defaults.headers);
        self.defaults.lines = Lines::of(&self.defaults.headers, &self.defaults.without);
        let workers = self.pool.workers;
        let transport = self
            .transport
            .unwrap_or_else(|| Arc::new(Sockets::new(settings)));
        let usual = Settings::new(workers);
        let schedule = Schedule::new(Settings {
            rate: self.rate,
            host: HostLimits {
                in_flight: self.max_per_host,
                budget: self.defaults.retry.budget,
                rate: self.rate_per_host,
                breaker: self.breaker,
            },
            rules: self.defaults.hosts.map(|rule| LimitRule {
                in_flight: rule.in_flight,
                rate: rule.rate.clone(),
                breaker: rule.breaker,
                budget: rule.retry.as_ref().map(|policy| policy.budget),
            }),
            seed: fastrand::u64(..),
            hanging_after: self.hanging_after.unwrap_or(usual.hanging_after),
            ..usual
        });
        let bounds = Bounds {
            window: self
                .window
                .unwrap_or_else(|| workers.saturating_mul(4).max(1000)),
            max_parked: self.max_parked,
            bytes: self.byte_budget,
            delivered: false,
            ordered: false,
        };
        Client::start(
            Engine {
                transport,
                defaults: self.defaults,
            },
            self.pool,
            schedule,
            bounds,
            self.max_pending,
        )
    }

    pub(super) fn spoil(&mut self, setting: &'static str, reason: impl Into<String>) {
        self.wrong.get_or_insert(BuildError {
            setting,
            reason: reason.into(),
        });
    }
}
