//! Connections of the server: each reads requests and writes responses until a response or the client ends it.

use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::answer::End;
use super::server::Shared;
use super::{Answer, Seen};

/// A connection of the server. Dropping it removes it from the list of open connections.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) stream: Arc<TcpStream>,
    pub(super) number: usize,
    pub(super) host: usize,
}

impl Connection {
    pub(super) fn serve(self) {
        let served = panic::catch_unwind(AssertUnwindSafe(|| self.exchange_all()));
        if served.is_err() {
            self.shared.state().panics += 1;
        }
    }

    fn exchange_all(&self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        let mut reader = BufReader::new(&*self.stream);
        for nth in 1.. {
            let Some(mut seen) = Seen::read(&mut reader, &*self.stream)? else {
                break;
            };
            seen.connection = self.number;
            seen.nth_on_connection = nth;
            seen.host = self.host;
            let seen = self.shared.arrive(seen);
            let in_flight = InFlight(&self.shared, seen.host);
            let answer = self.shared.scenario.respond(&seen);
            self.shared.pause(answer.delay);
            if !answer.delay.is_zero() && self.shared.is_closing() {
                break;
            }
            let waits = answer.gate.as_ref();
            if !waits.is_none_or(|gate| gate.pass(|| self.shared.is_closing())) {
                break;
            }
            self.write(&answer, seen.method == "HEAD", in_flight)?;
            if answer.end == End::Reset {
                reset_on_close(&self.stream);
            }
            if answer.end != End::KeepAlive || !seen.keeps_alive() {
                break;
            }
        }
        Ok(())
    }

    fn write(&self, answer: &Answer, to_head: bool, in_flight: InFlight<'_>) -> io::Result<()> {
        let mut stream = &*self.stream;
        let (mut head, body) = answer.wire(to_head);
        let Some((size, pause)) = answer.pace else {
            drop(in_flight);
            head.extend(body);
            return stream.write_all(&head);
        };
        stream.write_all(&head)?;
        let mut in_flight = Some(in_flight);
        let mut pieces = body.chunks(size).peekable();
        while let Some(piece) = pieces.next() {
            self.shared.pause(pause);
            if pieces.peek().is_none() {
                in_flight.take();
            }
            stream.write_all(piece)?;
        }
        Ok(())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // The list holds the last other owner of the socket: when that entry and `self` are dropped, the socket closes.
        let listed = self.shared.state().open.remove(&self.number);
        drop(listed);
        self.shared.changed.notify_all();
    }
}

/// A request that has arrived and is not answered yet.
struct InFlight<'a>(&'a Shared, usize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

/// Makes the end of the connection a reset instead of an orderly close.
#[cfg(unix)]
fn reset_on_close(stream: &TcpStream) {
    let _ = rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO));
}

/// Does nothing: without the socket option the close stays orderly, which is another failure of the same class.
#[cfg(not(unix))]
fn reset_on_close(_: &TcpStream) {}
