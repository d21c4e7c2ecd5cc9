//! Connected socket with limits on how long it may block.

use std::error::Error as StdError;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::platform::{self, Idle};
use crate::transport::cancel::activity::Activity;

/// Reason why a connection carries no more bytes.
#[derive(Debug)]
pub(in crate::transport) enum WireError {
    TimedOut(Limit),
    Io(io::Error),
    /// The TLS layer failed.
    Tls {
        /// True if the next attempt will end the same way.
        permanent: bool,
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl From<io::Error> for WireError {
    fn from(error: io::Error) -> WireError {
        WireError::Io(error)
    }
}

/// Time limit that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Limit {
    Connect,
    Attempt,
    Read,
}

/// Time limits within which an attempt may block.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct Limits {
    until: Option<Instant>,
    which: Limit,
    /// Limit for each single wait. `None`: no limit.
    each: Option<Duration>,
}

impl Limits {
    /// Returns the limits of the whole attempt.
    pub(in crate::transport) fn attempt(until: Option<Instant>, each: Option<Duration>) -> Limits {
        Limits {
            until,
            which: Limit::Attempt,
            each,
        }
    }

    /// Returns the limits while connecting: of the two, the one that ends first.
    pub(in crate::transport) fn connect(
        start: Instant,
        connect: Option<Duration>,
        until: Option<Instant>,
    ) -> Limits {
        let connected_by = connect.and_then(|limit| start.checked_add(limit));
        match (connected_by, until) {
            (Some(by), Some(until)) if until <= by => Limits::attempt(Some(until), None),
            (Some(by), _) => Limits {
                until: Some(by),
                which: Limit::Connect,
                each: None,
            },
            (None, until) => Limits::attempt(until, None),
        }
    }

    /// Returns the time left at `now` of a wait that began at `began`. `None`: no limit.
    pub(in crate::transport) fn left(
        &self,
        began: Instant,
        now: Instant,
    ) -> Result<Option<Duration>, WireError> {
        let whole = self.until.map(|u| u.saturating_duration_since(now));
        let each = self
            .each
            .map(|e| e.saturating_sub(now.saturating_duration_since(began)));
        let (left, which) = match (whole, each) {
            (Some(whole), Some(each)) if each < whole => (each, Limit::Read),
            (None, Some(each)) => (each, Limit::Read),
            (Some(whole), _) => (whole, self.which),
            (None, None) => return Ok(None),
        };
        if left.is_zero() {
            return Err(WireError::TimedOut(which));
        }
        Ok(Some(left))
    }
}

#[derive(Debug)]
pub(in crate::transport) struct SocketWire {
    socket: Arc<TcpStream>,
    pub(in crate::transport) limits: Limits,
    /// Time limits that are set on the socket.
    read_armed: Option<Duration>,
    write_armed: Option<Duration>,
    pub(in crate::transport) sent: u64,
    pub(in crate::transport) received: u64,
    /// Record of waits for the host. `None`: no other thread reads it.
    pub(in crate::transport) watch: Option<Arc<Activity>>,
}

impl SocketWire {
    pub(in crate::transport) fn new(socket: Arc<TcpStream>, limits: Limits) -> SocketWire {
        SocketWire {
            socket,
            limits,
            read_armed: None,
            write_armed: None,
            sent: 0,
            received: 0,
            watch: None,
        }
    }

    pub(in crate::transport) fn socket(&self) -> &Arc<TcpStream> {
        &self.socket
    }

    /// Waits for input. Returns the number of bytes, zero at the end of the stream. `WouldBlock`: `patience` has
    /// passed.
    pub(in crate::transport) fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, WireError> {
        let began = Instant::now();
        let mut now = began;
        if let Some(activity) = &self.watch {
            activity.waits(began);
        }
        loop {
            let mut left = self.limits.left(began, now)?;
            if let Some(patience) = patience {
                let rest = patience.saturating_sub(now.saturating_duration_since(began));
                if rest.is_zero() {
                    return Err(WireError::Io(io::ErrorKind::WouldBlock.into()));
                }
                left = Some(left.map_or(rest, |l| l.min(rest)));
            }
            if let Some(wanted) = rearm(self.read_armed, left) {
                self.socket
                    .set_read_timeout(Some(wanted))
                    .map_err(WireError::Io)?;
                self.read_armed = Some(wanted);
            }
            match (&*self.socket).read(into) {
                Ok(n) => {
                    self.received += n as u64;
                    self.goes_on();
                    return Ok(n);
                }
                Err(e) if is_interruption(&e) => now = Instant::now(),
                Err(e) => return Err(WireError::Io(e)),
            }
        }
    }

    /// Writes all bytes. The first try does not wait: while the kernel has room, no limit needs to be set.
    pub(in crate::transport) fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), WireError> {
        match platform::write_now(&self.socket, bytes) {
            Ok(n) => {
                self.sent += n as u64;
                bytes = &bytes[n..];
            }
            Err(e) if is_interruption(&e) => {}
            Err(e) => return Err(WireError::Io(e)),
        }
        let mut began = None;
        while !bytes.is_empty() {
            let now = Instant::now();
            if began.is_none()
                && let Some(activity) = &self.watch
            {
                activity.waits(now);
            }
            let left = self.limits.left(*began.get_or_insert(now), now)?;
            if let Some(wanted) = rearm(self.write_armed, left) {
                self.socket
                    .set_write_timeout(Some(wanted))
                    .map_err(WireError::Io)?;
                self.write_armed = Some(wanted);
            }
            match (&*self.socket).write(bytes) {
                Ok(0) => return Err(WireError::Io(io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    self.sent += n as u64;
                    bytes = &bytes[n..];
                    began = None;
                }
                Err(e) if is_interruption(&e) => {}
                Err(e) => return Err(WireError::Io(e)),
            }
        }
        self.goes_on();
        Ok(())
    }

    /// Writes the bytes that fit, and waits for room until input comes. Returns the number of bytes written, and false
    /// if input came before there was room for all of them.
    pub(in crate::transport) fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), WireError> {
        let mut written = 0;
        let mut began = None;
        while written < bytes.len() {
            match platform::write_now(&self.socket, &bytes[written..]) {
                Ok(0) => return Err(WireError::Io(io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    self.sent += n as u64;
                    written += n;
                    began = None;
                    continue;
                }
                Err(e) if is_interruption(&e) => {}
                Err(e) => return Err(WireError::Io(e)),
            }
            let now = Instant::now();
            if began.is_none()
                && let Some(activity) = &self.watch
            {
                activity.waits(now);
            }
            let left = self.limits.left(*began.get_or_insert(now), now)?;
            // The wait may set a time limit of its own on the socket.
            self.read_armed = None;
            if platform::wait_for_room(&self.socket, left).map_err(WireError::Io)? {
                self.goes_on();
                return Ok((written, false));
            }
        }
        self.goes_on();
        Ok((written, true))
    }

    fn goes_on(&self) {
        if let Some(activity) = &self.watch {
            activity.goes_on();
        }
    }

    /// Returns the state of the idle socket.
    pub(in crate::transport) fn peek(&self) -> Idle {
        platform::peek(&self.socket)
    }

    /// Reads available input without waiting.
    #[cfg(feature = "rustls")]
    pub(in crate::transport) fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        platform::read_now(&self.socket, into)
    }
}

/// Returns the limit to set on a socket. `None`: no limit is needed, or the present limit will do. A present limit
/// between half and all of the time left will do: the loop around the wait looks at the clock and sets a new limit when
/// it has passed. So a limit of 30 s is set once for many exchanges, and still holds to the millisecond.
fn rearm(armed: Option<Duration>, left: Option<Duration>) -> Option<Duration> {
    let left = left?;
    if armed.is_some_and(|armed| armed <= left && armed.saturating_mul(2) >= left) {
        return None;
    }
    let wanted = if left > Duration::from_millis(200) {
        left.mul_f64(0.9)
    } else {
        left
    };
    // A limit of zero would be refused, and a limit below the kernel's clock unit would be rounded to zero.
    Some(wanted.max(Duration::from_millis(1)))
}

fn is_interruption(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_limit_is_set_anew_only_when_it_is_too_long_or_far_too_short() {
        let armed = rearm(None, Some(30 * SECOND)).unwrap();
        assert!(armed < 30 * SECOND);
        assert_eq!(rearm(Some(armed), Some(30 * SECOND)), None);
        assert_eq!(rearm(Some(armed), Some(28 * SECOND)), None);
        assert!(rearm(Some(armed), Some(SECOND)).unwrap() <= SECOND);
        assert!(rearm(Some(SECOND), Some(30 * SECOND)).unwrap() > 15 * SECOND);
        assert_eq!(rearm(Some(SECOND), None), None);
        assert_eq!(rearm(None, None), None);
    }

    #[test]
    fn the_time_left_names_the_limit_that_ends_first() {
        let start = Instant::now();
        let limits = Limits::attempt(Some(start + 10 * SECOND), Some(2 * SECOND));
        let left = |began, now| limits.left(start + began, start + now);
        assert_eq!(left(SECOND, SECOND).unwrap(), Some(2 * SECOND));
        assert_eq!(left(9 * SECOND, 9 * SECOND).unwrap(), Some(SECOND));
        assert!(matches!(
            left(SECOND, 3 * SECOND),
            Err(WireError::TimedOut(Limit::Read))
        ));
        assert!(matches!(
            left(9 * SECOND, 10 * SECOND),
            Err(WireError::TimedOut(Limit::Attempt))
        ));
        let connect = Limits::connect(start, Some(SECOND), Some(start + 10 * SECOND));
        assert!(matches!(
            connect.left(start, start + SECOND),
            Err(WireError::TimedOut(Limit::Connect))
        ));
        let never = Limits::connect(start, None, None);
        assert_eq!(never.left(start, start + 1000 * SECOND).unwrap(), None);
    }
}
