//! Responses as real servers send them, over loopback sockets: `tests/wild/README.md` describes the cases.

#![cfg(unix)]

// Other tests use the rest of this module.
#[allow(dead_code)]
#[path = "sessions/authority.rs"]
mod authority;
#[path = "wild/certificates.rs"]
mod certificates;
#[path = "wild/conversation.rs"]
mod conversation;
#[path = "wild/corpus.rs"]
mod corpus;
#[path = "wild/curl.rs"]
mod curl;
#[path = "wild/differences.rs"]
mod differences;
#[path = "wild/prefixes.rs"]
mod prefixes;
#[path = "wild/run.rs"]
mod run;
#[path = "wild/server.rs"]
mod server;
#[path = "wild/ways.rs"]
mod ways;
