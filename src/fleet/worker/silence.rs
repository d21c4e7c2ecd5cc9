//! Questions that are left out while a server does not answer, so that no start waits for each of them.

use std::time::{Duration, Instant};

/// Time between two questions, as a multiple of the time that the last one took in vain: a fifth of the time is spent
/// on questions.
const PAUSE: u32 = 4;

/// Shortest and longest time between two questions.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// Silence of a server: since a question was not answered, the next ones are left out for a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerSilence {
    /// Time of the next question. `None`: the last one was answered.
    until: Option<Instant>,
}

impl ServerSilence {
    /// True if a question is to be left out.
    pub(super) fn leaves_out(self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Notes a question without an answer. `sent`: time at which it was sent.
    pub(super) fn was_unanswered(&mut self, sent: Instant, now: Instant) {
        let took = now.saturating_duration_since(sent);
        let pause = took.saturating_mul(PAUSE).clamp(PAUSES.0, PAUSES.1);
        self.until = now.checked_add(pause);
    }

    /// Notes a question that was answered.
    pub(super) fn was_answered(&mut self) {
        self.until = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_to_a_silent_server_take_a_fifth_of_the_time() {
        let (begin, took) = (Instant::now(), Duration::from_millis(500));
        let mut silence = ServerSilence::default();
        assert!(!silence.leaves_out(begin));
        let (mut now, mut asked) = (begin, Duration::ZERO);
        while now < begin + Duration::from_secs(100) {
            if silence.leaves_out(now) {
                now += Duration::from_millis(1);
                continue;
            }
            let sent = now;
            now += took;
            asked += took;
            silence.was_unanswered(sent, now);
        }
        assert_eq!(asked, Duration::from_secs(20));
        silence.was_answered();
        assert!(!silence.leaves_out(now));
    }

    #[test]
    fn a_server_that_refuses_connections_is_asked_again_soon() {
        let now = Instant::now();
        let mut silence = ServerSilence::default();
        silence.was_unanswered(now, now);
        assert!(silence.leaves_out(now + Duration::from_millis(49)));
        assert!(!silence.leaves_out(now + Duration::from_millis(50)));
    }
}
