//! Longer texts on how to use this crate.

#[doc = include_str!("coming_from_python.md")]
pub mod coming_from_python {}

#[doc = include_str!("testing_without_a_server.md")]
pub mod testing_without_a_server {}
