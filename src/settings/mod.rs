//! Everything that a user can configure, as plain values that check themselves.

pub(crate) mod addresses;
pub(crate) mod basic;
mod hooks;
mod host_pattern;
mod host_rule;
mod limits;
pub(crate) mod netrc;
pub(crate) mod proxy;
mod rate;
mod redirects;
mod retry;
mod statuses;
mod tls;

pub use addresses::{AddressPolicy, CustomPolicy, IpFamily};
pub(crate) use hooks::{BeforeAttempt, OnRetry};
pub use hooks::{HookResult, Outgoing, Retrying};
pub(crate) use host_pattern::{HostPattern, HostTable};
pub use host_rule::HostRule;
pub use limits::{BreakerSettings, RetryBudget, Timeouts};
pub use proxy::ProxySettings;
pub use rate::RateLimit;
pub(crate) use rate::RateLimits;
pub use redirects::{RedirectPolicy, Redirecting};
pub(crate) use retry::RetryMethods;
pub use retry::{ClassLimits, Finding, Jitter, Judgement, RetryPolicy};
pub use statuses::{InvalidStatusSet, StatusSet};
#[cfg(feature = "rustls")]
pub(crate) use tls::Roots;
pub use tls::{TlsSettings, TlsVersion};
