//! A loopback HTTP/1.1 server for tests: it responds as a test tells it to, breaks off where a test wants it to, and
//! remembers its requests in order.
//!
//! ```ignore
//! let server = Scenario::new()
//!     .on("/healthy", Answer::json(r#"{"code": 0}"#))
//!     .on("/flaky", Answer::status(503).times(2).then(Answer::text("at last")))
//!     .on("/cut/*", Answer::text("hello").cut_after(2))
//!     .start();
//! client.get(server.url("/flaky"));
//! assert_eq!(server.requests_to("/flaky"), 3);
//! ```

// Each test crate compiles this module and uses a part of it.
#![allow(dead_code, unused_imports, unreachable_pub)]

mod answer;
mod connection;
mod gate;
mod scenario;
mod seen;
mod server;

pub use answer::{Answer, Script};
pub use gate::Gate;
pub use scenario::Scenario;
pub use seen::Seen;
#[cfg(target_os = "linux")]
pub use server::BlackHole;
pub use server::{Server, refused};
