//! Tests without a server: scripts, the virtual clock, cassettes, and outcomes made by hand.

mod by_hand;
mod cassette;
mod cassette_bodies;
mod hedging;
mod same_again;
mod script;
mod virtual_time;
