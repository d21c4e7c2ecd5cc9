//! Upper bound for the bytes of bodies that a client receives in a second.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::transport::Call;
use crate::transport::http1::decode::BodyRead;

/// Longest wait between two looks at the slot through which the attempt is cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// Smallest piece that is read at once, in bytes.
const LEAST: u64 = 512;

/// Token bucket for the bytes of all bodies of a client. It holds the tokens of a tenth of a second.
///
/// Tokens are taken after the bytes have been read, and a reader then waits until its debt is paid. The lock is held only
/// to reckon, never during a wait.
#[derive(Debug)]
pub(crate) struct Bandwidth {
    /// Bytes in a second, at least 1.
    rate: u64,
    /// Time at which all bytes that were read so far are paid. `None`: no byte was read.
    paid: Mutex<Option<Instant>>,
}

impl Bandwidth {
    /// Makes a bucket that is full.
    pub(crate) fn new(rate: u64) -> Bandwidth {
        Bandwidth {
            rate: rate.max(1),
            paid: Mutex::new(None),
        }
    }

    /// Takes tokens for bytes that were read. Returns the time for which the reader has to wait.
    fn take(&self, bytes: usize, now: Instant) -> Duration {
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let full = now.checked_sub(Duration::from_millis(100)).unwrap_or(now);
        let at = paid.map_or(full, |paid| paid.max(full)) + cost;
        *paid = Some(at);
        at.saturating_duration_since(now)
    }

    /// Returns the number of bytes to read at once: those of about a twentieth of a second.
    fn piece(&self) -> usize {
        usize::try_from((self.rate / 20).max(LEAST)).unwrap_or(usize::MAX)
    }
}

/// Body that is read no faster than the bandwidth of the client allows.
pub(in crate::transport) struct PacedBody<'c, R> {
    body: R,
    call: &'c Call<'c>,
    bandwidth: &'c Bandwidth,
}

impl<'c, R> PacedBody<'c, R> {
    pub(in crate::transport) fn new(
        body: R,
        call: &'c Call<'c>,
        bandwidth: &'c Bandwidth,
    ) -> PacedBody<'c, R> {
        PacedBody {
            body,
            call,
            bandwidth,
        }
    }
}

impl<R: Read> Read for PacedBody<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.bandwidth.piece());
        let read = self.body.read(&mut into[..most])?;
        let wait = self.bandwidth.take(read, self.call.clock.now());
        if read > 0 && !wait.is_zero() {
            pause(self.call, wait)?;
        }
        Ok(read)
    }
}

impl<R: BodyRead> BodyRead for PacedBody<'_, R> {
    fn is_framed(&self) -> bool {
        self.body.is_framed()
    }
}

/// Error of a body whose attempt ended while the body waited for its turn.
#[derive(Debug)]
pub(super) struct PauseCut;

impl fmt::Display for PauseCut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the attempt ended while the body waited")
    }
}

impl std::error::Error for PauseCut {}

/// Waits for this time. A cancel or the end of the attempt ends the wait; the exchange then ends as after a read.
fn pause(call: &Call<'_>, time: Duration) -> io::Result<()> {
    if call.clock.as_virtual().is_some() {
        return call.wait(time).map_err(|_| io::Error::other(PauseCut));
    }
    let until = call.clock.now().checked_add(time);
    let until = [until, call.limits().0].into_iter().flatten().min();
    // A socket stands in the slot of the attempt, so that a cancel wakes no waiter.
    let (lock, condvar) = (Mutex::new(()), Condvar::new());
    let mut guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
    while !call.is_cancelled() {
        let now = call.clock.now();
        match until.map(|until| until.saturating_duration_since(now)) {
            Some(left) if !left.is_zero() => {
                let look = now.checked_add(left.min(LOOK));
                guard = call.clock.wait(&condvar, guard, look);
            }
            _ => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_together_get_the_rate() {
        let bandwidth = Bandwidth::new(1000);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        // The bucket holds the bytes of a tenth of a second.
        assert_eq!(bandwidth.take(100, at(0)), Duration::ZERO);
        assert_eq!(bandwidth.take(50, at(0)), Duration::from_millis(50));
        assert_eq!(bandwidth.take(50, at(0)), Duration::from_millis(100));
        assert_eq!(bandwidth.take(100, at(50)), Duration::from_millis(150));
        assert_eq!(bandwidth.take(0, at(200)), Duration::ZERO);
        // A second without readers fills the bucket, and no more.
        assert_eq!(bandwidth.take(200, at(5000)), Duration::from_millis(100));
    }

    #[test]
    fn any_number_of_readers_receives_no_more_than_the_rate() {
        let mut random = fastrand::Rng::with_seed(7);
        let bandwidth = Bandwidth::new(10_000);
        let start = Instant::now();
        let mut readers = [Duration::ZERO; 8];
        let mut bytes = 0;
        for _ in 0..10_000 {
            let reader = random.usize(..8);
            let first = readers.iter().min().copied().unwrap_or_default();
            let now = readers[reader].max(first);
            let read = random.usize(1..=bandwidth.piece());
            readers[reader] = now + bandwidth.take(read, start + now);
            bytes += read;
        }
        let end = readers.iter().max().unwrap().as_secs_f64();
        let most = 10_000.0 * (end + 0.1) + 1.0;
        assert!(bytes as f64 <= most, "{bytes} bytes in {end} s");
    }
}
