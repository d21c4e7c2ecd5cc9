//! Threads, the lock and the waiting: workers that poll the schedule and run attempts.

mod attempt;
mod calls;
mod conclude;
mod exchange;
mod failure;
mod feed;
mod follow;
mod handle;
mod here;
mod hooks;
mod job;
mod judge;
mod owner;
mod prepare;
mod settings;
mod shared;
mod shortage;
mod start;
mod target;
mod turns;
mod workers;

pub(crate) use attempt::Engine;
pub(crate) use calls::{Found, Taken};
pub(crate) use feed::{Fed, Feed, Unpushed};
pub(crate) use handle::Watcher;
pub use handle::{Handle, TimedOut};
pub(crate) use here::soon_back;
pub(crate) use job::{Job, Receiver};
pub(crate) use owner::Owner;
pub(crate) use settings::Defaults;
pub(crate) use shared::{Executor, Pool};
pub(crate) use start::new;
pub(crate) use target::{Kept, Target, target, target_beside};
pub(crate) use turns::Turns;
pub(crate) use workers::panicked;
