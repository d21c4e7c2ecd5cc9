//! Everything that a user can configure, as plain values that check themselves.

pub(crate) mod addresses;
pub(crate) mod basic;
mod breaker;
mod budget;
mod connection;
mod hooks;
mod host_pattern;
mod host_rule;
mod host_table;
mod limits;
pub(crate) mod netrc;
pub(crate) mod proxy;
mod rate;
mod redirects;
mod retry;
mod statuses;
mod timeouts;
mod tls;

pub use addresses::{AddressPolicy, CustomPolicy, IpFamily};
pub use breaker::BreakerSettings;
pub use budget::RetryBudget;
pub(crate) use connection::{ConnectionSettings, KeepAlive, StaticAddresses};
pub(crate) use hooks::{BeforeAttempt, OnRetry};
pub use hooks::{HookResult, Outgoing, Retrying};
pub(crate) use host_pattern::HostPattern;
pub use host_rule::HostRule;
pub(crate) use host_table::HostTable;
pub(crate) use limits::ClientLimits;
pub use proxy::ProxySettings;
pub use rate::RateLimit;
pub(crate) use rate::RateLimits;
pub use redirects::{RedirectPolicy, Redirecting};
pub(crate) use retry::RetryMethods;
pub use retry::{ClassLimits, Finding, Jitter, Judgement, RetryPolicy};
pub use statuses::{InvalidStatusSet, StatusSet};
pub use timeouts::Timeouts;
#[cfg(feature = "rustls")]
pub(crate) use tls::Roots;
pub use tls::{TlsSettings, TlsVersion};
