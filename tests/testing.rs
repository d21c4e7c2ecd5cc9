//! Tests without a server: scripts, the virtual clock, cassettes, and outcomes made by hand.

#[path = "testing/by_hand.rs"]
mod by_hand;
#[path = "testing/cassette.rs"]
mod cassette;
#[path = "testing/script.rs"]
mod script;
#[path = "testing/virtual_time.rs"]
mod virtual_time;
