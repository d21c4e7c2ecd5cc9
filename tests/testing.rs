//! Tests without a server: scripts, the virtual clock, cassettes, and outcomes made by hand.

#[path = "testing/script.rs"]
mod script;
#[path = "testing/virtual_time.rs"]
mod virtual_time;
