//! Longer texts on how to use this crate.

#[doc = include_str!("announced_limits.md")]
pub mod announced_limits {}

#[doc = include_str!("coming_from_python.md")]
pub mod coming_from_python {}
