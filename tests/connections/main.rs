//! Connections over loopback sockets: the addresses they go to, TLS, proxies, and the time that they are kept.

mod addresses;
mod keep_alive;
#[cfg(feature = "rustls")]
mod proxies;
#[cfg(feature = "rustls")]
mod proxy_failures;
#[cfg(all(feature = "rustls", feature = "socks"))]
mod socks;
#[cfg(feature = "rustls")]
mod tls;

use std::net::IpAddr;

use haul::{ClientBuilder, ErrorType, Outcome, StopReason};
use test_support::error;

/// Builder of a client with quick retries, to which every name resolves to this machine.
fn builder() -> ClientBuilder {
    test_support::builder(4).resolve("*", None, [loopback()])
}

fn loopback() -> IpAddr {
    IpAddr::from([127, 0, 0, 1])
}

/// Class of the failure, its attempts, and the reason why there was no further one.
#[track_caller]
fn verdict(outcome: &Outcome) -> (ErrorType, u32, Option<StopReason>) {
    let error = error(outcome);
    (error.error_type(), outcome.attempts(), error.stop_reason())
}

/// Message of the failure.
#[track_caller]
fn message(outcome: &Outcome) -> String {
    error(outcome).to_string()
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
