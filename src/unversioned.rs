//! Interfaces that may change in a minor release: transports other than this crate's own.
//!
//! **Everything in this module may change in a minor release.** A program that uses it pins haul to a minor version
//! (`haul = "~0.1.0"`).
//!
//! A [`Transport`] makes one exchange at a time: it gets a [`Call`], and returns a [`Reply`] or a [`Fault`], and, if it
//! likes, a [`WireFacts`] of the exchange. Retries, redirects, limits, hooks and outcomes stand above it and are the same
//! for every transport. So recorded or invented responses, delays and failures can be put under a
//! [`Client`](crate::Client) without a socket:
//!
//! ```
//! use haul::http::Response;
//! use haul::unversioned::{Call, ExchangeResult, Fault, Transport, WireFacts};
//! use haul::{Client, ErrorType, Phase};
//!
//! struct Recorded;
//!
//! impl Transport for Recorded {
//!     fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
//!         match call.uri().path() {
//!             "/pen" => {
//!                 let body = r#"{"name": "pen"}"#;
//!                 call.receive(Response::new(body.as_bytes())).into()
//!             }
//!             "/lost" => {
//!                 let fault = Fault::new(ErrorType::Connection, Phase::Wait, "the connection was lost");
//!                 ExchangeResult::from(fault).with_trace(WireFacts::new().connected(false).sent(120))
//!             }
//!             _ => {
//!                 let missing = Response::builder().status(404).body(&b"no such item"[..]);
//!                 call.receive(missing.expect("it is a response")).into()
//!             }
//!         }
//!     }
//! }
//!
//! let client = Client::builder()
//!     .base_url("http://items.example")
//!     .transport(Recorded)
//!     .build()?;
//! let pen = client.get("/pen");
//! assert_eq!(pen.success().expect("it is there").text(), r#"{"name": "pen"}"#);
//! let lost = client.send(haul::Request::post("http://items.example/lost"));
//! let error = lost.error().expect("the transport says so");
//! assert_eq!((error.error_type(), error.phase()), (ErrorType::Connection, Some(Phase::Wait)));
//! assert_eq!(client.get("/pencil").status(), Some(404));
//! # Ok::<(), haul::BuildError>(())
//! ```

pub use crate::transport::{
    Call, ExchangeResult, Fault, Reply, RequestBody, SentHead, Transport, VirtualClock, WireFacts,
};
