//! What runs when.

mod breaker;
mod rate;
