//! Calls to an engine that are made again until it answers.

use std::thread;
use std::time::{Duration, Instant};

use super::engine::{EngineError, ErrorCause, FleetEngine};
use crate::redact::escape::log_line;

/// Shortest and longest pause between two calls.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Time for which loaders, collectors and workers make a call again that the server does not answer, or to which it
/// answers that it is not ready. Then they end.
pub(super) const LONGEST_AWAY: Duration = Duration::from_secs(600);

/// Time without a call after which the next one that fails is the first of its series: the process was stopped.
const LONGEST_GAP: Duration = Duration::from_secs(60);

/// Series of calls that failed one after the other: the times of the first and the last one. `None`: the last call did
/// not fail.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FailedCalls(Option<(Instant, Instant)>);

impl FailedCalls {
    /// Notes a call that failed. Returns for how long all calls have failed.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        let goes_on = |last| now.saturating_duration_since(last) <= LONGEST_GAP;
        let begin = match self.0 {
            Some((begin, last)) if goes_on(last) => begin,
            _ => now,
        };
        self.0 = Some((begin, now));
        now.saturating_duration_since(begin)
    }

    pub(super) fn succeeded(&mut self) {
        self.0 = None;
    }
}

/// Message about a call that failed and is made again.
pub(super) fn asked_again(error: &EngineError) -> String {
    format!("{error} (asked again for up to ten minutes)")
}

/// Time between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Patience with a server that does not answer, or that answers that it is not ready.
#[derive(Default)]
struct Patience {
    pause: Duration,
    failed: FailedCalls,
}

impl Patience {
    /// Notes a call that failed. Returns the time to wait before the next one.
    ///
    /// # Errors
    /// The error, if another call is of no use.
    fn pause_after(&mut self, error: EngineError, now: Instant) -> Result<Duration, EngineError> {
        let is_patient = matches!(error, EngineError::Away(_) | EngineError::Busy(_));
        if !is_patient {
            return Err(error);
        }
        if self.failed.failed(now) >= LONGEST_AWAY {
            return Err(EngineError::Away(format!(
                "{error} (asked again for ten minutes)"
            )));
        }
        if self.pause.is_zero() {
            log_line!(Warn, "{}", asked_again(&error));
        }
        self.pause = (self.pause * 2).clamp(PAUSES.0, PAUSES.1);
        Ok(self.pause)
    }
}

/// First steps on a server, before a run is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstSteps {
    /// True if steps are taken again while the server is not ready.
    pub(super) waits: bool,
    /// True if the server has answered. One that never did is not waited for: its address may be wrong.
    pub(super) has_answered: bool,
}

impl FirstSteps {
    /// Takes a step that does no harm when it is taken twice.
    pub(super) fn take<T>(
        mut self,
        mut step: impl FnMut() -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut patience = Patience::default();
        loop {
            let error = match step() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            self.has_answered |= matches!(error, EngineError::Busy(_));
            if !self.waits || !self.has_answered {
                return Err(error);
            }
            let until = Instant::now() + patience.pause_after(error, Instant::now())?;
            while let Some(left) = until.checked_duration_since(Instant::now()) {
                thread::park_timeout(left);
            }
        }
    }
}

/// Engine whose steps are repeated while it does not answer. Each step must do no harm when it is taken twice.
pub(super) struct PatientEngine<S> {
    engine: Box<dyn FleetEngine>,
    stop: S,
    patience: Patience,
}

impl<S: FnMut() -> bool> PatientEngine<S> {
    pub(super) fn new(engine: Box<dyn FleetEngine>, stop: S) -> PatientEngine<S> {
        PatientEngine {
            engine,
            stop,
            patience: Patience::default(),
        }
    }

    /// True if the caller is to stop.
    pub(super) fn is_stopped(&mut self) -> bool {
        (self.stop)()
    }

    /// Reason of the last step's error.
    pub(super) fn take_cause(&mut self) -> Option<ErrorCause> {
        self.engine.take_cause()
    }

    /// Takes a step once.
    pub(super) fn once<T>(
        &mut self,
        step: impl FnOnce(&mut dyn FleetEngine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let answer = step(&mut *self.engine);
        if answer.is_ok() {
            self.patience = Patience::default();
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
        let pause = self.patience.pause_after(error, now)?;
        Ok(self.wait(pause))
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
            for seconds in (0..600).step_by(50) {
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
        for seconds in (700..1300).step_by(50) {
            let waited = engine.wait_after_at(busy(), begin + SECOND * seconds);
            assert_eq!(waited, Ok(false), "{seconds}");
        }
        assert!(engine.wait_after_at(busy(), begin + SECOND * 1300).is_err());
    }

    #[test]
    fn the_time_for_which_a_process_was_stopped_does_not_count() {
        let (mut engine, begin) = (impatient(), Instant::now());
        let busy = || EngineError::Busy("full".to_owned());
        assert_eq!(engine.wait_after_at(busy(), begin), Ok(false));
        let waited = engine.wait_after_at(busy(), begin + SECOND * 700);
        assert_eq!(waited, Ok(false), "it was asked twice");
    }

    /// Takes first steps on a server that answers with these errors. Returns the end, and how often it was asked.
    fn first_steps(
        waits: bool,
        errors: &[fn(String) -> EngineError],
    ) -> (Result<(), EngineError>, usize) {
        let steps = FirstSteps {
            waits,
            has_answered: false,
        };
        let mut asked = 0;
        let end = steps.take(|| {
            asked += 1;
            match errors.get(asked - 1) {
                Some(error) => Err(error("h: no".to_owned())),
                None => Ok(()),
            }
        });
        (end, asked)
    }

    #[test]
    fn a_server_that_is_not_ready_at_the_start_is_asked_again_if_that_is_wanted() {
        use EngineError::{Away, Busy, Refused};

        let no = || "h: no".to_owned();
        assert_eq!(first_steps(true, &[Busy, Away]), (Ok(()), 3));
        assert_eq!(first_steps(false, &[Busy]), (Err(Busy(no())), 1));
        assert_eq!(first_steps(true, &[Away]), (Err(Away(no())), 1));
        assert_eq!(first_steps(true, &[Busy, Refused]), (Err(Refused(no())), 2));
    }
}
