//! Threads, the lock and the waiting: workers that poll the schedule and run attempts.

mod calls;
pub(crate) mod cpu;
pub(crate) mod current_worker;
mod feed;
mod handle;
pub(crate) mod job;
mod owner;
mod shared;
mod shortage;
mod start;
mod workers;

pub(crate) use calls::{Found, Taken};
pub(crate) use cpu::Turns;
pub(crate) use current_worker::soon_back;
pub(crate) use feed::{Fed, Feed, Unpushed};
pub(crate) use handle::Watcher;
pub use handle::{Handle, TimedOut};
pub(crate) use job::{Job, Receiver};
pub(crate) use owner::Owner;
pub(crate) use shared::{Executor, Pool};
pub(crate) use start::new;
pub(crate) use workers::panicked;
