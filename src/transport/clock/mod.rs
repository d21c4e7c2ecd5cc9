//! Source of time for workers, their attempts and their callers.

mod virtual_clock;

use std::sync::{Condvar, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

pub(in crate::transport) use self::virtual_clock::DelayGuard;
pub use self::virtual_clock::VirtualClock;
pub(crate) use self::virtual_clock::{ClockUser, WorkLeft, WorkerWait};

/// Source of time: workers, attempts and callers read time and wait through it alone.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that moves only while no worker has anything to do.
    Virtual(VirtualClock),
    /// A clock that a test sets.
    #[cfg(test)]
    Manual(std::sync::Arc<manual::ManualClock>),
}

/// The system's clock, for calls that no worker makes.
pub(crate) static SYSTEM_CLOCK: Clock = Clock::System;

impl Clock {
    /// Returns the present instant.
    pub(crate) fn now(&self) -> Instant {
        match self {
            Clock::System => Instant::now(),
            Clock::Virtual(clock) => clock.now(),
            #[cfg(test)]
            Clock::Manual(clock) => clock.now(),
        }
    }

    /// Returns the present calendar time.
    pub(crate) fn system_now(&self) -> SystemTime {
        match self {
            Clock::System => SystemTime::now(),
            Clock::Virtual(clock) => clock.system_now(),
            #[cfg(test)]
            Clock::Manual(clock) => clock.system_now(),
        }
    }

    /// Returns the CPU time of the calling thread. `None`: the system does not tell it.
    pub(crate) fn thread_time(&self) -> Option<Duration> {
        super::connection::platform::thread_time()
    }

    /// Waits until the condition variable is notified, or until `until`. `None`: until it is notified. May return
    /// early, except from a wait without a limit.
    pub(crate) fn wait<'a, T>(
        &self,
        condvar: &Condvar,
        guard: MutexGuard<'a, T>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        let Some(until) = until else {
            return condvar.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        let wait = |guard, time: Duration| {
            let waited = condvar.wait_timeout(guard, time);
            waited.unwrap_or_else(PoisonError::into_inner)
        };
        match self {
            Clock::System => wait(guard, until.saturating_duration_since(Instant::now())).0,
            Clock::Virtual(clock) => {
                let left = until.saturating_duration_since(clock.now());
                wait(guard, left.min(clock.patience())).0
            }
            // No thread notifies the condition variable when a test sets the clock, so the time is checked
            // periodically.
            #[cfg(test)]
            Clock::Manual(clock) => {
                let mut guard = guard;
                while clock.now() < until {
                    let (again, timed_out) = wait(guard, manual::PERIOD);
                    guard = again;
                    if !timed_out.timed_out() {
                        break;
                    }
                }
                guard
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod manual {
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant, SystemTime};

    /// Period in which waiting threads look at a clock that a test sets.
    pub(super) const PERIOD: Duration = Duration::from_millis(1);

    /// A clock that stands still until a test moves it.
    #[derive(Debug)]
    pub(crate) struct ManualClock {
        start: (Instant, SystemTime),
        elapsed: Mutex<Duration>,
    }

    impl ManualClock {
        pub(crate) fn new() -> ManualClock {
            ManualClock {
                start: (Instant::now(), SystemTime::now()),
                elapsed: Mutex::default(),
            }
        }

        /// Moves the clock forward.
        pub(crate) fn advance(&self, by: Duration) {
            *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }

        fn elapsed(&self) -> Duration {
            *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
        }

        pub(crate) fn now(&self) -> Instant {
            self.start.0 + self.elapsed()
        }

        pub(crate) fn system_now(&self) -> SystemTime {
            self.start.1 + self.elapsed()
        }
    }
}
