//! Decisions after an attempt: retry after a wait, follow a redirect, or stop. Values in, decisions out: no function
//! here sleeps, logs, reads a clock or draws a random number of its own.

mod announced;
mod attempt_facts;
mod backoff;
mod decimal;
mod failure_class;
mod policy;
pub(crate) mod rate_limit;
pub(crate) mod redirect;
pub(crate) mod retry_after;

pub(crate) use announced::AnnouncedWaits;
pub(crate) use attempt_facts::{AttemptFacts, is_keyed};
pub(crate) use backoff::backoff;
pub(crate) use policy::{
    AttemptCounts, Decision, decide, free_replay, is_harmless, redirect_delay,
};
