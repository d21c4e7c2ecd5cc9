//! Attempts to connect for which the system has no timeout: to a socket of a server that stands still.

use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use redis::{Connection, RedisResult};

/// Attempt that took longer than its caller waited, if there is one. It goes on meanwhile.
#[derive(Default)]
pub(super) struct SlowDial(Option<Receiver<RedisResult<Connection>>>);

impl SlowDial {
    /// Connects, or waits for the attempt before if that still goes on: there is one at a time.
    ///
    /// # Errors
    /// A timeout if it takes longer than this time.
    pub(super) fn connect(
        &mut self,
        connect: impl FnOnce() -> RedisResult<Connection> + Send + 'static,
        longest: Duration,
    ) -> RedisResult<Connection> {
        let attempt = match self.0.take() {
            Some(attempt) => attempt,
            None => begin(connect)?,
        };
        match attempt.recv_timeout(longest) {
            Ok(ended) => ended,
            Err(_) => {
                self.0 = Some(attempt);
                Err(io::Error::from(io::ErrorKind::TimedOut).into())
            }
        }
    }
}

/// Begins to connect on a thread of its own.
fn begin(
    connect: impl FnOnce() -> RedisResult<Connection> + Send + 'static,
) -> io::Result<Receiver<RedisResult<Connection>>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = thread::Builder::new().name("haul-connect".to_owned());
    thread.spawn(move || {
        // The caller may have given up.
        let _ = sender.send(connect());
    })?;
    Ok(receiver)
}
