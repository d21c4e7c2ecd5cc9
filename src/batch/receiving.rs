//! Waits on channels that may end at an instant.

use std::time::Instant;

use crossbeam_channel::{Receiver, RecvTimeoutError, Select};

/// Receives a message, waiting until `until` at most. `None`: without a limit.
pub(super) fn recv_until<M>(
    from: &Receiver<M>,
    until: Option<Instant>,
) -> Result<M, RecvTimeoutError> {
    match until {
        Some(until) => from.recv_deadline(until),
        None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

/// Waits until a channel of `select` has a message, or until `until` has passed. `None`: without a limit.
pub(super) fn ready_until(select: &mut Select<'_>, until: Option<Instant>) {
    match until {
        Some(until) => drop(select.ready_deadline(until)),
        None => drop(select.ready()),
    }
}

/// Returns the earliest of the given instants. `None`: none is given.
pub(super) fn earliest<const N: usize>(instants: [Option<Instant>; N]) -> Option<Instant> {
    instants.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crossbeam_channel::unbounded;

    use super::*;

    #[test]
    fn a_limit_that_has_passed_still_gives_the_message_that_is_there() {
        let (to, from) = unbounded();
        let past = Instant::now();
        assert_eq!(
            recv_until(&from, Some(past)),
            Err(RecvTimeoutError::Timeout)
        );
        to.send(1).unwrap();
        assert_eq!(recv_until(&from, Some(past)), Ok(1));
    }

    #[test]
    fn a_channel_without_a_sender_ends_a_wait_without_a_limit() {
        let (to, from) = unbounded::<u8>();
        drop(to);
        assert_eq!(recv_until(&from, None), Err(RecvTimeoutError::Disconnected));
    }

    #[test]
    fn the_earliest_instant_is_found_among_missing_ones() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        assert_eq!(earliest([None, Some(later), Some(now)]), Some(now));
        assert_eq!(earliest([None, None]), None);
    }
}
