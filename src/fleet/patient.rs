//! Calls to an engine that are made again until it answers.

use std::thread;
use std::time::{Duration, Instant};

use super::engine::{EngineError, FleetEngine};
use crate::redact::escape::log_line;

/// Shortest and longest pause between two calls.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Time for which loaders, collectors and workers make a call again that the server does not answer, or to which it answers
/// that it is not ready. Then they end.
pub(super) const LONGEST_AWAY: Duration = Duration::from_secs(600);

/// Message about a call that failed and is made again.
pub(super) fn asked_again(error: &EngineError) -> String {
    format!("{error} (asked again for up to ten minutes)")
}

/// Time between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Engine whose steps are repeated while it does not answer. Each step must do no harm when it is taken twice.
pub(super) struct PatientEngine<S> {
    engine: Box<dyn FleetEngine>,
    stop: S,
    pause: Duration,
    /// Time of the first call of those that failed one after the other. `None`: the last one did not fail.
    failing_since: Option<Instant>,
}

impl<S: FnMut() -> bool> PatientEngine<S> {
    pub(super) fn new(engine: Box<dyn FleetEngine>, stop: S) -> PatientEngine<S> {
        PatientEngine {
            engine,
            stop,
            pause: Duration::ZERO,
            failing_since: None,
        }
    }

    /// True if the caller is to stop.
    pub(super) fn is_stopped(&mut self) -> bool {
        (self.stop)()
    }

    /// Takes a step once.
    pub(super) fn once<T>(
        &mut self,
        step: impl FnOnce(&mut dyn FleetEngine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let answer = step(&mut *self.engine);
        if answer.is_ok() {
            (self.failing_since, self.pause) = (None, Duration::ZERO);
        }
        answer
    }

    /// Waits before a step is taken again that failed with this error. Returns false if the caller is to stop.
    ///
    /// # Errors
    /// The error, if another call is of no use.
    pub(super) fn wait_after(&mut self, error: EngineError) -> Result<bool, EngineError> {
        self.wait_after_at(error, Instant::now())
    }

    fn wait_after_at(&mut self, error: EngineError, now: Instant) -> Result<bool, EngineError> {
        let is_patient = matches!(error, EngineError::Away(_) | EngineError::Busy(_));
        if !is_patient {
            return Err(error);
        }
        let since = *self.failing_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= LONGEST_AWAY {
            return Err(EngineError::Away(format!(
                "{error} (asked again for ten minutes)"
            )));
        }
        if self.pause.is_zero() {
            log_line!(Warn, "{}", asked_again(&error));
        }
        self.pause = (self.pause * 2).clamp(PAUSES.0, PAUSES.1);
        Ok(self.wait(self.pause))
    }

    /// Takes a step until it has an answer. `None`: the caller is to stop.
    pub(super) fn call<T>(
        &mut self,
        mut step: impl FnMut(&mut dyn FleetEngine) -> Result<T, EngineError>,
    ) -> Result<Option<T>, EngineError> {
        loop {
            match self.once(&mut step) {
                Ok(answer) => return Ok(Some(answer)),
                Err(error) => {
                    if !self.wait_after(error)? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Waits for this time. Returns false if the caller is to stop.
    pub(super) fn wait(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            if self.is_stopped() {
                return false;
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return true;
            };
            if left.is_zero() {
                return true;
            }
            thread::park_timeout(left.min(LOOK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::memory::MemoryEngine;

    const SECOND: Duration = Duration::from_secs(1);

    /// Engine whose caller does not want to wait, so that no time passes.
    fn impatient() -> PatientEngine<impl FnMut() -> bool> {
        PatientEngine::new(Box::new(MemoryEngine::default()), || true)
    }

    #[test]
    fn a_server_that_is_not_ready_is_asked_for_as_long_as_one_that_is_away() {
        for error in [EngineError::Away, EngineError::Busy] {
            let (mut engine, begin) = (impatient(), Instant::now());
            let error = error("redis://h: LOADING".to_owned());
            for seconds in [0, 1, 300, 599] {
                let waited = engine.wait_after_at(error.clone(), begin + SECOND * seconds);
                assert_eq!(waited, Ok(false), "{seconds}");
            }
            let ended = engine.wait_after_at(error, begin + LONGEST_AWAY);
            let text = "redis://h: LOADING (asked again for ten minutes)";
            assert_eq!(ended, Err(EngineError::Away(text.to_owned())));
        }
    }

    #[test]
    fn the_time_counts_from_the_first_call_that_fails_after_one_that_did_not() {
        let (mut engine, begin) = (impatient(), Instant::now());
        let busy = || EngineError::Busy("full".to_owned());
        assert_eq!(engine.wait_after_at(busy(), begin), Ok(false));
        assert!(engine.once(|_| Ok(())).is_ok());
        for seconds in [700, 1299] {
            let waited = engine.wait_after_at(busy(), begin + SECOND * seconds);
            assert_eq!(waited, Ok(false), "{seconds}");
        }
        assert!(engine.wait_after_at(busy(), begin + SECOND * 1300).is_err());
    }
}
