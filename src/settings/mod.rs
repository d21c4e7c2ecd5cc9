//! Settings of clients, hosts and requests as plain values, and the arguments of hooks.
//!
//! A value does nothing by itself. [`ClientBuilder`](crate::ClientBuilder), a [`HostRule`] or a
//! [`Request`](crate::Request) takes it and checks it for contradictions; the error names the setting. Each value
//! begins at its default, and each of its methods changes one thing.

pub(crate) mod addresses;
pub(crate) mod basic;
mod breaker;
mod budget;
mod class_limits;
mod connection;
mod digest_credentials;
mod hooks;
mod host_pattern;
mod host_rule;
mod host_table;
mod judgement;
mod limiter;
mod limits;
pub(crate) mod netrc;
mod oauth2;
mod places;
pub(crate) mod proxy;
mod rate;
mod redirects;
mod retry;
mod statuses;
mod timeouts;
mod tls;
mod token;
mod written;

pub use addresses::{AddressPolicy, CustomPolicy, IpFamily};
pub use breaker::BreakerSettings;
pub use budget::RetryBudget;
pub use class_limits::ClassLimits;
pub(crate) use connection::{ConnectionSettings, KeepAlive, StaticAddresses};
pub(crate) use digest_credentials::DigestCredentials;
pub(crate) use hooks::HookError;
pub(crate) use hooks::{BeforeAttempt, OnRetry};
pub use hooks::{HookResult, Outgoing, Retrying};
pub(crate) use host_pattern::HostPattern;
pub use host_rule::HostRule;
pub(crate) use host_table::HostTable;
pub use judgement::{FinishedAttempt, Judgement, RetryAdvice};
pub use limiter::{Limiter, PermittedStarts, WantedStarts};
pub(crate) use limits::ClientLimits;
pub use oauth2::OAuth2;
pub use places::{Adaptive, PlaceLimit};
pub use proxy::ProxySettings;
pub use rate::RateLimit;
pub(crate) use rate::RateLimits;
pub use redirects::{RedirectPolicy, Redirecting};
pub(crate) use retry::RetryMethods;
pub use retry::{Jitter, RetryPolicy};
pub use statuses::{InvalidStatusSet, StatusSet};
pub use timeouts::Timeouts;
#[cfg(feature = "rustls")]
pub(crate) use tls::Roots;
pub use tls::{TlsSettings, TlsVersion};
pub(crate) use token::{FetchToken, TokenSource};
pub use token::{Token, TokenReason, TokenRequest};
pub use written::{parse_rate, parse_time};
