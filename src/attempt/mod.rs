//! Attempts: prepare, sign, exchange, judge, decide. An attempt runs on the thread of its caller, and gets its
//! surroundings as an argument.

mod again;
mod challenged;
mod conclude;
mod context;
mod digest_auth;
mod download;
mod download_state;
mod exchange;
mod failure;
mod file_check;
mod health;
mod hedge;
mod hooks;
mod judge;
mod next;
mod or_get;
mod or_other_scheme;
mod panic;
mod prepare;
mod preview;
mod race;
mod redirect;
mod renew;
mod run;
mod scope;
mod settings;
mod shortage;
mod stage;
mod state;
mod target;
mod token_fetch;
mod token_scope;
mod token_sources;
mod token_store;
mod token_use;

#[cfg(test)]
pub(crate) use crate::transport::clock::manual;
pub(crate) use crate::transport::{Clock, ClockUser, WorkLeft};
pub(crate) use context::Engine;
pub(crate) use digest_auth::DigestSessions;
pub(crate) use hedge::HedgeScope;
pub(crate) use next::{AttemptEnd, cancelled};
pub(crate) use panic::panicked;
pub use preview::Preview;
pub(crate) use race::HedgeRace;
#[cfg(test)]
pub(crate) use race::{RaceEnd, RaceSteps};
pub(crate) use run::AttemptSubject;
pub(crate) use scope::{AttemptPermit, AttemptScope, Compute};
pub(crate) use settings::ClientDefaults;
pub(crate) use state::{Attempts, shown_wait};
pub(crate) use target::{KeptUrl, RequestTarget, resolve};
pub(crate) use token_sources::TokenSources;
pub(crate) use token_store::{FetchedToken, TokenStore};
