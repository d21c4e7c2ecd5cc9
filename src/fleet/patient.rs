//! Calls to an engine that are made again until it answers.

use std::thread;
use std::time::{Duration, Instant};

use super::engine::{EngineError, FleetEngine};
use crate::redact::escape::log_line;

/// Shortest and longest pause between two calls.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Time without an answer after which no more calls are made.
const LONGEST_AWAY: Duration = Duration::from_secs(600);

/// Time between two looks whether to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Engine whose steps are repeated while it does not answer. Each step must do no harm when it is taken twice.
pub(super) struct PatientEngine<S> {
    engine: Box<dyn FleetEngine>,
    stop: S,
    pause: Duration,
    last_answer: Instant,
}

impl<S: FnMut() -> bool> PatientEngine<S> {
    pub(super) fn new(engine: Box<dyn FleetEngine>, stop: S) -> PatientEngine<S> {
        PatientEngine {
            engine,
            stop,
            pause: Duration::ZERO,
            last_answer: Instant::now(),
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
        match &answer {
            Ok(_) => (self.last_answer, self.pause) = (Instant::now(), Duration::ZERO),
            Err(EngineError::Busy(_)) => self.last_answer = Instant::now(),
            Err(_) => {}
        }
        answer
    }

    /// Waits before a step is taken again that failed with this error. Returns false if the caller is to stop.
    ///
    /// # Errors
    /// The error, if another call is of no use.
    pub(super) fn wait_after(&mut self, error: EngineError) -> Result<bool, EngineError> {
        let is_patient = matches!(error, EngineError::Away(_) | EngineError::Busy(_));
        if !is_patient || self.last_answer.elapsed() >= LONGEST_AWAY {
            return Err(error);
        }
        if self.pause.is_zero() {
            log_line!(Warn, "{error} (asked again for ten minutes)");
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
