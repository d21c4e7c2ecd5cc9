//! Thread that asks the caller's limiter for starts, and hands its answers to the schedule.
//!
//! The thread starts with the first demand and ends with the executor. It holds no lock and keeps no executor alive while
//! the limiter's code runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use crate::redact::escape::log_line;
use crate::schedule::{LimiterNews, SlotAnswer, SlotDemand};
use crate::settings::{Limiter, PermittedStarts, WantedStarts};

use super::shared::Executor;
use crate::attempt::panicked;

/// Time after which a limiter that panicked is asked again.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// The caller's limiter, and the way to its thread.
pub(super) struct LimiterThread {
    limiter: Arc<dyn Limiter>,
    to_thread: OnceLock<Sender<LimiterNews>>,
}

impl LimiterThread {
    pub(super) fn new(limiter: Arc<dyn Limiter>) -> LimiterThread {
        LimiterThread {
            limiter,
            to_thread: OnceLock::new(),
        }
    }

    /// Hands demands and pauses to the thread, which is started by the first call.
    pub(super) fn tell(&self, executor: &Arc<Executor>, news: Vec<LimiterNews>) {
        let to_thread = self.to_thread.get_or_init(|| {
            let (sender, receiver) = crossbeam_channel::unbounded();
            let (limiter, executor) = (Arc::clone(&self.limiter), Arc::downgrade(executor));
            let name = "haul-limits".to_owned();
            let started = thread::Builder::new()
                .name(name)
                .spawn(move || serve(&*limiter, &executor, &receiver));
            if let Err(error) = started {
                log_line!(
                    Error,
                    "no thread for the limiter, so nothing is started: {error}"
                );
            }
            sender
        });
        for news in news {
            // The thread outlives the executor, unless the system refused it.
            let _ = to_thread.send(news);
        }
    }
}

fn serve(limiter: &dyn Limiter, executor: &Weak<Executor>, news: &Receiver<LimiterNews>) {
    for news in news {
        match news {
            LimiterNews::Pause { host, until } => {
                let Some(executor) = executor.upgrade() else {
                    return;
                };
                let pause = until.saturating_duration_since(executor.clock.now());
                drop(executor);
                let told = || limiter.pause(&host, pause);
                if let Err(panic) = catch_unwind(AssertUnwindSafe(told)) {
                    log_line!(Error, "the limiter: {}", panicked(&*panic).message());
                }
            }
            LimiterNews::Wanted(demand) => {
                let answer = ask(limiter, &demand);
                let Some(executor) = executor.upgrade() else {
                    return;
                };
                executor.with(|state, now| {
                    let answer = match answer {
                        PermittedStarts::Granted { after, count } => SlotAnswer::Granted {
                            at: now.checked_add(after).unwrap_or(now),
                            count: count.clamp(1, demand.count),
                        },
                        PermittedStarts::Later { after, pause } => SlotAnswer::Later {
                            at: now.checked_add(after).unwrap_or(now),
                            pauses: pause,
                        },
                    };
                    state.schedule.answer(demand.host.as_ref(), answer, now);
                });
            }
        }
    }
}

fn ask(limiter: &dyn Limiter, demand: &SlotDemand) -> PermittedStarts {
    let wanted = WantedStarts {
        host: demand.host.clone(),
        count: demand.count,
        rate: demand.rate,
    };
    catch_unwind(AssertUnwindSafe(|| limiter.permit(&wanted))).unwrap_or_else(|panic| {
        log_line!(Error, "the limiter: {}", panicked(&*panic).message());
        PermittedStarts::Later {
            after: AFTER_PANIC,
            pause: false,
        }
    })
}
