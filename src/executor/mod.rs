//! Threads, the lock and the waiting: workers that poll the schedule and run attempts.

mod attempt;
mod job;
mod judge;
mod owner;
mod prepare;
mod shared;
mod workers;

pub(crate) use attempt::Engine;
pub(crate) use job::{Job, Receiver};
pub(crate) use owner::Owner;
pub(crate) use prepare::{Defaults, target};
pub(crate) use shared::{Executor, Feed, Pool, Taken};
pub(crate) use workers::panicked;
