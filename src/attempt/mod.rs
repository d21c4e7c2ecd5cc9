//! One attempt of a request: prepare, sign, exchange, judge, decide.

pub(crate) mod conclude;
pub(crate) mod engine;
pub(crate) mod exchange;
pub(crate) mod failure;
pub(crate) mod hooks;
pub(crate) mod judge;
pub(crate) mod prepare;
pub(crate) mod preview;
pub(crate) mod redirect;
pub(crate) mod settings;
pub(crate) mod shortage;
pub(crate) mod target;

pub(crate) use engine::Engine;
pub use preview::Preview;
pub(crate) use settings::Defaults;
pub(crate) use target::{Kept, target};
