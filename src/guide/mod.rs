//! Longer texts on how to use this crate.

#[doc = include_str!("adaptive.md")]
pub mod adaptive {}

#[doc = include_str!("coming_from_python.md")]
pub mod coming_from_python {}
