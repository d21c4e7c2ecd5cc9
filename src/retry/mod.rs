//! What an attempt leads to: again, after which wait, elsewhere, or not at all. Values in, decisions out: nothing here
//! sleeps, logs, reads a clock or draws a random number of its own.

mod backoff;
mod evidence;
mod policy;
pub(crate) mod redirect;
pub(crate) mod retry_after;

pub(crate) use evidence::{Evidence, is_keyed};
pub(crate) use policy::{Decision, Tally, decide, free_replay, is_harmless, redirect_delay};
