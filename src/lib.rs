//! Batch HTTP for synchronous Rust: many requests at once, one structured [`Outcome`] for each.
//!
//! Hand it requests: it runs them on a fixed pool of plain threads over shared keep-alive connections, and gives back
//! exactly one outcome for each, as each completes. It is Python's `requests.Session` + `ThreadPoolExecutor` +
//! `as_completed`, made accountable, without an async runtime.
//!
//! ```
//! # use std::io::{BufRead, BufReader, Write};
//! # use std::net::TcpListener;
//! # // A server whose items 0 and 1 exist and cost, and whose third is none.
//! # let listener = TcpListener::bind("127.0.0.1:0")?;
//! # let base = format!("http://{}", listener.local_addr()?);
//! # std::thread::spawn(move || {
//! #     for stream in listener.incoming().flatten() {
//! #         std::thread::spawn(move || {
//! #             let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
//! #             while let Some(first) = lines.next() {
//! #                 lines.by_ref().take_while(|line| !line.is_empty()).for_each(drop);
//! #                 let (status, body) = match first.split(' ').nth(1) {
//! #                     Some("/items/0") => ("200 OK", r#"{"code": 0, "name": "pen"}"#),
//! #                     Some("/items/1") => ("200 OK", r#"{"code": 4001, "msg": "余额不足"}"#),
//! #                     _ => ("404 Not Found", "no such item"),
//! #                 };
//! #                 let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
//! #                 let _ = (&stream).write_all((head + body).as_bytes());
//! #             }
//! #         });
//! #     }
//! # });
//! use haul::{Client, State};
//!
//! let client = Client::builder()
//!     .workers(8)
//!     .base_url(&base)
//!     .require("/code", 0)
//!     .build()?;
//! let outcomes = client.as_completed(["/items/0", "/items/1", "/items/2"]);
//! let summary = outcomes.summary();
//! # let mut seen = [0; 3];
//! for outcome in outcomes {
//!     match outcome.state() {
//!         State::Success(response) => println!("{}: {}", outcome.url(), response.value()?["name"]),
//!         State::Rejected(rejection) => println!("{}: rejected: {rejection}", outcome.url()),
//!         State::Failed(error) => println!("{}: {} ({})", outcome.url(), error, error.layer()),
//!     }
//! #   match outcome.state() {
//! #       State::Success(_) => seen[0] += 1,
//! #       State::Rejected(_) => seen[1] += 1,
//! #       State::Failed(error) => { assert_eq!(error.status(), Some(404)); seen[2] += 1 }
//! #   }
//! }
//! println!("{summary}");
//! # assert_eq!(seen, [1, 1, 1]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # From the outside in
//!
//! - [`Client`]: the pool. [`get`](Client::get) and [`send`](Client::send) for one request;
//!   [`as_completed`](Client::as_completed), [`map`](Client::map) (in input order), [`channel`](Client::channel) (fed
//!   from other threads), [`follow`](Client::follow) (whose outcomes lead to further requests) and
//!   [`process`](Client::process) (your closure on the worker that received the response) for many;
//!   [`par_map`](Outcomes::par_map) for CPU work on outcomes. It is `Send + Sync + Clone` and meant to be shared;
//!   [`ClientBuilder`] sets defaults and limits.
//! - [`Request`]: the request. A URL is one; building never fails, a bad request is a failed outcome.
//! - [`Outcome`]: its result. [`State`] says success, rejected (the application refused it: [`Rejection`]) or failed
//!   ([`Error`], with its [`ErrorType`], [`Layer`], [`Phase`] and [`StopReason`]), beside attempts, timings and
//!   redirects.
//! - [`RetryPolicy`] and [`Timeouts`]: when a request is tried again, and how long each attempt may take. Values, for a
//!   client or a request.
//! - [`HostRule`], [`RateLimit`], [`Adaptive`]: settings for some hosts, rates, and limits that follow what a host takes. [`TlsSettings`], [`ProxySettings`]: settings of
//!   connections.
//! - [`testing`]: tests without a server, by scripted answers or recorded exchanges. [`unversioned`]: transports of your
//!   own, without sockets. It may change in minor releases.
//! - [`Summary`], [`JsonLines`], [`Failures`]: figures and records of a batch. [`Journal`]: results that a later run
//!   continues, also after a crash.
//!
//! The names above are the usual ones. The others are in modules: [`batch`] has the iterators over outcomes, their end,
//! their progress and how to cancel them; [`settings`] all settings, and the arguments of hooks; [`outcome`] and
//! [`request`] the parts of both; [`sink`], [`record`] and [`summary`] records and figures; [`report`] the figures of
//! finished runs; [`sse`] the parser of event streams; [`redact`] the names of headers and parameters whose values are masked. The [`guide`] has a page for
//! each subject, and [one](guide::coming_from_python) that puts haul beside Python's `requests`.
//!
//! # Guarantees
//!
//! Each accepted request has exactly one outcome, whatever fails, panics or is dropped. Limits, in all and per host,
//! hold through retries and redirects. A request that waits for its next attempt holds no thread. Every queue has a
//! bound, so input of any length runs in flat memory. No secret (credentials, cookies, userinfo of a URL, and the names
//! given to [`sensitive_header`](ClientBuilder::sensitive_header) and
//! [`sensitive_query`](ClientBuilder::sensitive_query)) appears in a `Debug`, an error text, a record or a log line.
//!
//! # Logging
//!
//! The crate logs through the [`log`](https://docs.rs/log) crate: WARN for a retry or a request that is given up, and
//! once, with the target `haul::shortage`, when requests wait because this machine has no free descriptor, port or
//! thread, and with the target `haul::lists` for lists of pages that a resumed journal does not go on with; INFO for the
//! start and end of a batch; DEBUG for an attempt.
//!
//! # Features
//!
//! `rustls` (https) and `gzip` by default; `platform-verifier` (the system's roots:
//! [`TlsSettings::platform_roots`]); `socks` (SOCKS5 proxies); `brotli`, `deflate` and `zstd` (compressed responses);
//! `charset` (text in the charset the server names); `cookies` (`cookies::CookieJar`); `multipart`
//! (`Request::multipart`: forms with files); `csv` (tables of comma-separated values); `progress` (a bar on the
//! terminal: `Outcomes::with_bar`); `sqlite` (`sink::Sqlite`, and a `Journal` named `.db`); `fleet` (`haul::fleet`: one
//! batch on many machines, over Redis or Valkey) and `fleet-cluster` (over a Redis Cluster); `cli` (the `haul` command).

// docs.rs shows the feature that an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
pub mod batch;
mod client;
#[cfg(feature = "cookies")]
pub mod cookies;
#[cfg(not(feature = "cookies"))]
mod cookies;
mod digest;
mod error;
mod executor;
#[cfg(feature = "fleet")]
pub mod fleet;
pub mod guide;
mod host;
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals;
mod key;
pub mod outcome;
pub mod record;
pub mod redact;
mod rejection;
pub mod report;
pub mod request;
mod response;
mod retry;
mod schedule;
pub mod settings;
pub mod sink;
mod slab;
mod spill;
pub mod sse;
pub mod summary;
pub mod testing;
mod timing;
mod transport;
pub mod unversioned;
mod url;

pub use attempt::Preview;
pub use batch::Outcomes;
pub use client::{BuildError, Client, ClientBuilder, Shutdown};
pub use error::{Error, ErrorType, Layer, StopReason};
pub use executor::Handle;
pub use host::Host;
/// Types of the `http` crate that appear in this crate's interface.
pub use http;
pub use outcome::{Outcome, State};
pub use rejection::Rejection;
pub use request::Request;
pub use response::Response;
pub use settings::{
    Adaptive, HostRule, ProxySettings, RateLimit, RetryPolicy, Timeouts, TlsSettings,
};
pub use sink::{Failures, Journal, JsonLines, Sink};
pub use summary::Summary;
pub use timing::Phase;

// README.md's blocks are compiled as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
