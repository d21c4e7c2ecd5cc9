//! A connected socket that knows until when it may block.

use std::error::Error as StdError;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::platform::{self, Idle};
use crate::transport::cancel::activity::Activity;

/// Why nothing more comes or goes on a connection.
#[derive(Debug)]
pub(in crate::transport) enum Broken {
    TimedOut(Limit),
    Io(io::Error),
    /// The TLS layer gave up.
    Tls {
        /// Will end the same way next time.
        permanent: bool,
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Io(error)
    }
}

/// Which limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Limit {
    Connect,
    Attempt,
    Read,
}

/// Until when an attempt may block.
#[derive(Clone, Copy, Debug)]
pub(in crate::transport) struct Limits {
    until: Option<Instant>,
    which: Limit,
    /// For each single wait.
    each: Option<Duration>,
}

impl Limits {
    /// The limits of the whole attempt.
    pub(in crate::transport) fn attempt(until: Option<Instant>, each: Option<Duration>) -> Limits {
        Limits {
            until,
            which: Limit::Attempt,
            each,
        }
    }

    /// The limits while connecting: whichever ends first.
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

    /// What is left at `now` of a wait that began at `began`. `None` is for ever.
    pub(in crate::transport) fn left(
        &self,
        began: Instant,
        now: Instant,
    ) -> Result<Option<Duration>, Broken> {
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
            return Err(Broken::TimedOut(which));
        }
        Ok(Some(left))
    }
}

#[derive(Debug)]
pub(in crate::transport) struct Wire {
    socket: Arc<TcpStream>,
    pub(in crate::transport) limits: Limits,
    /// The time limits set on the socket.
    read_armed: Option<Duration>,
    write_armed: Option<Duration>,
    pub(in crate::transport) sent: u64,
    pub(in crate::transport) received: u64,
    /// Told of waits for the host. `None`: no other thread asks for it.
    pub(in crate::transport) watch: Option<Arc<Activity>>,
}

impl Wire {
    pub(in crate::transport) fn new(socket: Arc<TcpStream>, limits: Limits) -> Wire {
        Wire {
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

    /// Waits for input: the number of bytes, zero at the end of the stream; `WouldBlock` once `patience` is over.
    pub(in crate::transport) fn read_within(
        &mut self,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, Broken> {
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
                    return Err(Broken::Io(io::ErrorKind::WouldBlock.into()));
                }
                left = Some(left.map_or(rest, |l| l.min(rest)));
            }
            if let Some(wanted) = rearm(self.read_armed, left) {
                self.socket
                    .set_read_timeout(Some(wanted))
                    .map_err(Broken::Io)?;
                self.read_armed = Some(wanted);
            }
            match (&*self.socket).read(into) {
                Ok(n) => {
                    self.received += n as u64;
                    self.goes_on();
                    return Ok(n);
                }
                Err(e) if is_interruption(&e) => now = Instant::now(),
                Err(e) => return Err(Broken::Io(e)),
            }
        }
    }

    /// Writes all of it. The first try does not wait: as long as the kernel has room, no limit needs to be set.
    pub(in crate::transport) fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), Broken> {
        match platform::write_now(&self.socket, bytes) {
            Ok(n) => {
                self.sent += n as u64;
                bytes = &bytes[n..];
            }
            Err(e) if is_interruption(&e) => {}
            Err(e) => return Err(Broken::Io(e)),
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
                    .map_err(Broken::Io)?;
                self.write_armed = Some(wanted);
            }
            match (&*self.socket).write(bytes) {
                Ok(0) => return Err(Broken::Io(io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    self.sent += n as u64;
                    bytes = &bytes[n..];
                    began = None;
                }
                Err(e) if is_interruption(&e) => {}
                Err(e) => return Err(Broken::Io(e)),
            }
        }
        self.goes_on();
        Ok(())
    }

    /// Writes what fits, and waits for room until input comes. Returns the number of bytes written, and false if input
    /// came before there was room for all of them.
    pub(in crate::transport) fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), Broken> {
        let mut written = 0;
        let mut began = None;
        while written < bytes.len() {
            match platform::write_now(&self.socket, &bytes[written..]) {
                Ok(0) => return Err(Broken::Io(io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    self.sent += n as u64;
                    written += n;
                    began = None;
                    continue;
                }
                Err(e) if is_interruption(&e) => {}
                Err(e) => return Err(Broken::Io(e)),
            }
            let now = Instant::now();
            if began.is_none()
                && let Some(activity) = &self.watch
            {
                activity.waits(now);
            }
            let left = self.limits.left(*began.get_or_insert(now), now)?;
            // The wait may set a time limit of its own.
            self.read_armed = None;
            if platform::wait_for_room(&self.socket, left).map_err(Broken::Io)? {
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

    /// What the idle socket has to say.
    pub(in crate::transport) fn peek(&self) -> Idle {
        platform::peek(&self.socket)
    }

    /// Reads what is there without waiting.
    #[cfg(feature = "rustls")]
    pub(in crate::transport) fn read_now(&mut self, into: &mut [u8]) -> io::Result<usize> {
        platform::read_now(&self.socket, into)
    }
}

/// The limit to set on a socket, if the one set will not do. One that is between half and all of what is left will: the
/// loop around it looks at the clock and sets a new one when it has passed. So a limit of 30 s is set once for many
/// exchanges, and still holds to the millisecond.
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
    // Zero would be refused, and less than what a kernel counts in be rounded to it.
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
    fn what_is_left_names_the_limit_that_ends_first() {
        let start = Instant::now();
        let limits = Limits::attempt(Some(start + 10 * SECOND), Some(2 * SECOND));
        let left = |began, now| limits.left(start + began, start + now);
        assert_eq!(left(SECOND, SECOND).unwrap(), Some(2 * SECOND));
        assert_eq!(left(9 * SECOND, 9 * SECOND).unwrap(), Some(SECOND));
        assert!(matches!(
            left(SECOND, 3 * SECOND),
            Err(Broken::TimedOut(Limit::Read))
        ));
        assert!(matches!(
            left(9 * SECOND, 10 * SECOND),
            Err(Broken::TimedOut(Limit::Attempt))
        ));
        let connect = Limits::connect(start, Some(SECOND), Some(start + 10 * SECOND));
        assert!(matches!(
            connect.left(start, start + SECOND),
            Err(Broken::TimedOut(Limit::Connect))
        ));
        let never = Limits::connect(start, None, None);
        assert_eq!(never.left(start, start + 1000 * SECOND).unwrap(), None);
    }
}
