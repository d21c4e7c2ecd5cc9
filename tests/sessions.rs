//! Features of a session of `requests`, over loopback sockets: TLS, proxies, addresses, connections.

mod support;

#[path = "sessions/addresses.rs"]
mod addresses;
#[cfg(feature = "rustls")]
#[path = "sessions/authority.rs"]
mod authority;
#[path = "sessions/connections.rs"]
mod connections;
#[cfg(feature = "rustls")]
#[path = "sessions/gateway.rs"]
mod gateway;
#[cfg(feature = "rustls")]
#[path = "sessions/proxies.rs"]
mod proxies;
#[cfg(feature = "rustls")]
#[path = "sessions/secure.rs"]
mod secure;
#[cfg(all(feature = "rustls", feature = "socks"))]
#[path = "sessions/socks.rs"]
mod socks;
#[cfg(all(feature = "rustls", feature = "socks"))]
#[path = "sessions/socks_gateway.rs"]
mod socks_gateway;
#[cfg(feature = "rustls")]
#[path = "sessions/tls.rs"]
mod tls;

use std::net::IpAddr;
use std::time::Duration;

use haul::{Client, ClientBuilder, ErrorType, Outcome, RetryPolicy, StopReason};

/// Builder with the default policy, but short waits, and without a budget that other tests' failures could spend. Every
/// name resolves to this machine.
fn builder() -> ClientBuilder {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None);
    Client::builder()
        .workers(4)
        .retry(policy)
        .resolve("*", None, [loopback()])
}

fn loopback() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

/// Class of the failure, its attempts, and the reason why there was no further one.
#[track_caller]
fn verdict(outcome: &Outcome) -> (ErrorType, u32, Option<StopReason>) {
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    (error.error_type(), outcome.attempts(), error.stop_reason())
}

/// Message of the failure.
#[track_caller]
fn message(outcome: &Outcome) -> String {
    let error = outcome.error().unwrap_or_else(|| panic!("{outcome:?}"));
    error.to_string()
}

/// Text of the success.
#[track_caller]
fn text(outcome: &Outcome) -> String {
    let response = outcome.success().unwrap_or_else(|| panic!("{outcome:?}"));
    response.text().into_owned()
}

/// Reason why `build` refuses these settings: the setting and the message.
#[track_caller]
fn refusal(builder: ClientBuilder) -> (String, String) {
    match builder.build() {
        Ok(_) => panic!("it was built"),
        Err(error) => (error.setting().to_owned(), error.to_string()),
    }
}
