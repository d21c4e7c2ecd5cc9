//! Thread that asks the caller's limiter for starts, and hands its answers to the schedule.
//!
//! The thread starts with the first demand and ends with the executor. It holds no lock and keeps no executor alive while
//! the limiter's code runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};

use crate::redact::escape::log_line;
use crate::schedule::{LimiterNews, SlotDemand};
use crate::settings::{Limiter, PermittedStarts, WantedStarts};

use crate::attempt::panicked;

/// Answer in place of a limiter that panicked, or that has no thread.
const LATER: PermittedStarts = PermittedStarts::Later {
    after: Duration::from_secs(1),
    pause: false,
};

/// Schedule that starts are permitted for. Each method returns `None` once there is no schedule any more.
pub(super) trait LimitedSchedule: Send {
    /// Takes the answer to a demand.
    fn answer(&self, demand: &SlotDemand, permitted: PermittedStarts) -> Option<()>;

    /// Time from now until then.
    fn time_until(&self, then: Instant) -> Option<Duration>;
}

/// The caller's limiter, and the way to its thread.
pub(super) struct LimiterThread {
    limiter: Arc<dyn Limiter>,
    /// `None`: the thread was not needed, or the system refused it.
    to_thread: Mutex<Option<Sender<LimiterNews>>>,
}

impl LimiterThread {
    pub(super) fn new(limiter: Arc<dyn Limiter>) -> LimiterThread {
        LimiterThread {
            limiter,
            to_thread: Mutex::default(),
        }
    }

    /// Hands demands and pauses to the thread, which is started by the first call. `schedule` makes its way to the
    /// schedule.
    pub(super) fn tell(
        &self,
        news: Vec<LimiterNews>,
        schedule: impl Fn() -> Box<dyn LimitedSchedule>,
    ) {
        let mut to_thread = self
            .to_thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if to_thread.is_none() {
            let (sender, receiver) = crossbeam_channel::unbounded();
            let (limiter, of_thread) = (Arc::clone(&self.limiter), schedule());
            let started = thread::Builder::new()
                .name("haul-limits".to_owned())
                .spawn(move || serve(&*limiter, &*of_thread, &receiver));
            match started {
                Ok(_) => *to_thread = Some(sender),
                Err(error) => {
                    log_line!(
                        Error,
                        "no thread for the limiter (asked again in a second): {error}"
                    );
                }
            }
        }
        match &*to_thread {
            Some(to_thread) => news.into_iter().for_each(|news| {
                // The thread outlives the executor.
                let _ = to_thread.send(news);
            }),
            None => {
                drop(to_thread);
                let schedule = schedule();
                for news in &news {
                    if let LimiterNews::Wanted(demand) = news {
                        schedule.answer(demand, LATER);
                    }
                }
            }
        }
    }
}

fn serve(limiter: &dyn Limiter, schedule: &dyn LimitedSchedule, news: &Receiver<LimiterNews>) {
    for news in news {
        let told = match news {
            LimiterNews::Pause { host, until } => schedule
                .time_until(until)
                .map(|pause| tell(|| limiter.pause(&host, pause))),
            LimiterNews::Judged {
                host,
                failing,
                rest,
            } => {
                tell(|| limiter.judge(&host, failing, rest));
                Some(())
            }
            LimiterNews::TrialEnded { host, succeeded } => {
                tell(|| limiter.trial_ended(&host, succeeded));
                Some(())
            }
            LimiterNews::Wanted(demand) => schedule.answer(&demand, ask(limiter, &demand)),
        };
        if told.is_none() {
            return;
        }
    }
}

fn tell(told: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(told)) {
        log_line!(Error, "the limiter: {}", panicked(&*panic).message());
    }
}

fn ask(limiter: &dyn Limiter, demand: &SlotDemand) -> PermittedStarts {
    let wanted = WantedStarts {
        host: demand.host.clone(),
        count: demand.count,
        rate: demand.rate,
        longer: demand.longer.clone(),
    };
    catch_unwind(AssertUnwindSafe(|| limiter.permit(&wanted))).unwrap_or_else(|panic| {
        log_line!(Error, "the limiter: {}", panicked(&*panic).message());
        LATER
    })
}
