//! Tests without a server.
//!
//! Scripted answers, a clock that takes no time, recorded exchanges, and outcomes made by hand.
//!
//! A [`Script`] is a transport that answers as a test says. Everything above it (retries, redirects, rates, limits,
//! hooks, batches, records) works as it does over sockets:
//!
//! ```
//! use std::time::Duration;
//!
//! use haul::testing::{Script, get, json, status};
//! use haul::{Client, ErrorType};
//!
//! let script = Script::new()
//!     .on(get("/items/1"), json(200, serde_json::json!({"name": "pen"})))
//!     .on(get("/items/2"), status(503))
//!     .fail(ErrorType::Connect)
//!     .then(json(200, serde_json::json!({"name": "ink"}))).delay(Duration::from_secs(2))
//!     .virtual_clock();
//! let client = Client::builder()
//!     .base_url("http://shop.example")
//!     .transport(script.clone())
//!     .build()?;
//!
//! assert_eq!(client.get("/items/1").success().unwrap().value()?["name"], "pen");
//! // A 503, a refused connection and the waits before each retry: all of it in no time.
//! let outcome = client.get("/items/2");
//! assert_eq!((outcome.status(), outcome.attempts()), (Some(200), 3));
//! assert!(outcome.total() > Duration::from_secs(2));
//!
//! let urls: Vec<_> = script.calls().iter().map(|call| call.url().to_owned()).collect();
//! assert_eq!(urls.len(), 4);
//! assert_eq!(urls[0], "http://shop.example/items/1");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [Testing](crate::guide::testing) is the guide to all of it.

mod answer;
mod calls;
mod cassette;
mod matcher;
mod script;

pub use crate::response::ResponseBuilder;
pub use answer::{Answer, bytes, fail, json, status, text};
pub use calls::RecordedCall as Call;
pub use cassette::{Cassette, CassetteError};
pub use matcher::{Matcher, any, delete, get, head, patch, post, put, request};
pub use script::Script;
