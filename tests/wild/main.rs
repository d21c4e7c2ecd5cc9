//! Responses as real servers send them, over loopback sockets: `tests/wild/README.md` describes the cases.

#![cfg(unix)]

mod certificates;
mod conversation;
mod curl;
mod differences;
mod prefixes;
mod run;
mod server;
mod ways;
