//! Worker threads, the lock and the waiting: workers poll the schedule and run attempts.

mod calls;
mod cpu;
mod current_worker;
mod feed;
mod handle;
mod hedge;
mod job;
mod limits;
mod permit;
mod roster;
mod shared;
mod shortage;
mod start;
mod tokens;
mod virtual_time;
mod work;
mod workers;

pub(crate) use calls::{BatchNews, TakenOutcomes};
pub(crate) use cpu::CpuPermits;
pub(crate) use current_worker::begin_return;
pub(crate) use feed::{FedRequest, FeedProgress, Unpushed};
pub(crate) use handle::HandleWatcher;
pub use handle::{Handle, TimedOut};
pub(crate) use job::{Job, Receiver};
pub(crate) use permit::JobPermit;
pub(crate) use shared::{Executor, WorkerSettings};
pub(crate) use start::new;
pub(crate) use work::{RunningHedge, RunningJob, TokenWork, Work};

#[cfg(test)]
mod tests;
