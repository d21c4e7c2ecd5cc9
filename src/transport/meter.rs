//! Measurements of an attempt on the wire, phase by phase.

use std::time::Instant;

use super::WireFacts;
use crate::timing::Phase;

/// Phase of an attempt, and its measurements so far. The meter travels with the connection while ureq has that.
#[derive(Clone, Copy, Debug)]
pub(super) struct PhaseMeter {
    pub(super) trace: WireFacts,
    phase: Phase,
    since: Instant,
}

impl PhaseMeter {
    pub(super) fn start(now: Instant) -> PhaseMeter {
        PhaseMeter {
            trace: WireFacts::default(),
            phase: Phase::Resolve,
            since: now,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Ends the current phase and begins another.
    pub(super) fn enter(&mut self, phase: Phase, now: Instant) {
        let time = now.saturating_duration_since(self.since);
        self.trace.timings.add(self.phase, time);
        self.phase = phase;
        self.since = now;
    }

    /// Ends the last phase.
    pub(super) fn finish(mut self, now: Instant) -> WireFacts {
        self.enter(Phase::Total, now);
        self.trace.ended = Some(now);
        self.trace
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::timing::Timings;

    #[test]
    fn each_phase_gets_the_time_spent_in_it() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut meter = PhaseMeter::start(start);
        meter.enter(Phase::Connect, at(1));
        meter.enter(Phase::Send, at(3));
        meter.enter(Phase::Wait, at(6));
        meter.enter(Phase::Send, at(7));
        meter.enter(Phase::Wait, at(8));
        meter.enter(Phase::Receive, at(20));
        let timings = Timings::from(meter.finish(at(25)).timings);
        let ms = Duration::from_millis;
        assert_eq!(timings.resolve, ms(1));
        assert_eq!(timings.connect, ms(2));
        assert_eq!(timings.send, ms(4));
        assert_eq!(timings.wait, ms(13));
        assert_eq!(timings.receive, ms(5));
        assert_eq!(timings.until_head(), ms(20));
    }
}
