//! Support for haul's tests: a client with quick retries, folders, certificates, a TLS server, proxies, and above all a
//! loopback HTTP/1.1 server. The server responds as a test tells it to, breaks off where a test wants it to, and
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

mod answer;
mod authority;
mod client;
mod connection;
pub mod corpus;
mod folder;
mod gate;
mod proxy;
#[cfg(unix)]
mod redis_server;
mod scenario;
mod seen;
mod served_file;
mod server;
mod socks_proxy;
mod tls_server;
mod unreachable;

pub use answer::{Answer, Script};
pub use authority::{Authority, Signed};
pub use client::{builder, client, error, quick_retries, server, urls};
pub use folder::Folder;
pub use gate::{Gate, PATIENCE};
pub use proxy::ProxyServer;
#[cfg(unix)]
pub use redis_server::{RedisServer, free_port};
pub use scenario::Scenario;
pub use seen::Seen;
pub use served_file::{ServedFile, bytes};
pub use server::Server;
pub use tls_server::{Handshake, TlsServer, TlsStream, read_head};
#[cfg(target_os = "linux")]
pub use unreachable::BlackHole;
pub use unreachable::refused;
