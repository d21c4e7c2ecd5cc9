//! Attempts: prepare, sign, exchange, judge, decide. An attempt runs on the thread of its caller, and gets its
//! surroundings as an argument.

mod again;
mod clock;
mod conclude;
mod context;
mod exchange;
mod failure;
mod health;
mod hedge;
mod hooks;
mod judge;
mod next;
mod panic;
mod prepare;
mod preview;
mod race;
mod redirect;
mod run;
mod scope;
mod settings;
mod shortage;
mod stage;
mod state;
mod target;

pub(crate) use clock::Clock;
#[cfg(test)]
pub(crate) use clock::manual;
pub(crate) use context::Engine;
pub(crate) use hedge::HedgeScope;
pub(crate) use next::{AttemptEnd, cancelled};
pub(crate) use panic::panicked;
pub use preview::Preview;
pub(crate) use race::HedgeRace;
pub(crate) use run::AttemptSubject;
pub(crate) use scope::{AttemptPermit, AttemptScope, Compute};
pub(crate) use settings::ClientDefaults;
pub(crate) use state::{Attempts, shown_wait};
pub(crate) use target::{KeptUrl, RequestTarget, resolve};
