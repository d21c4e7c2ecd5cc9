//! TLS by rustls, with one configuration for all connections, so that sessions are resumed.

use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

#[cfg(test)]
use ::rustls::RootCertStore;
use ::rustls::pki_types::ServerName;
use ::rustls::{AlertDescription, ClientConfig, ClientConnection, Error};

use super::{config, permanent};
use crate::settings::TlsSettings;
use crate::transport::connection::carrier::TlsCarrier;
use crate::transport::connection::wire::{SocketWire, WireError};

/// Initial size of the buffer of encrypted input, and the upper bound to which it grows.
const START: usize = 4 * 1024;
const WIDE: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Tls {
    /// Configuration, made for the first `https` request: a program that makes none does not pay for reading the roots.
    config: OnceLock<Result<Arc<ClientConfig>, String>>,
}

/// TLS side of one connection.
#[derive(Debug)]
pub(in crate::transport) struct Session {
    connection: ClientConnection,
    /// Encrypted input that was not given to rustls yet, which takes no more than 4 KiB at a time.
    input: Vec<u8>,
    start: usize,
    end: usize,
    /// Encrypted output, of which `written` bytes have been written.
    output: Vec<u8>,
    written: usize,
}

impl Tls {
    /// Creates a TLS layer that trusts these certificates alone.
    #[cfg(test)]
    pub(in crate::transport) fn trusting(roots: RootCertStore) -> Tls {
        Tls {
            config: OnceLock::from(Ok(config::trusting(roots))),
        }
    }

    /// Creates a TLS layer with these settings and reads their files. Without settings the work is left until it is
    /// needed.
    pub(crate) fn of(settings: &TlsSettings) -> Result<Tls, String> {
        if *settings == TlsSettings::default() {
            return Ok(Tls::default());
        }
        let config = config::configure(settings)?;
        Ok(Tls {
            config: OnceLock::from(Ok(config)),
        })
    }

    fn config(&self) -> Result<Arc<ClientConfig>, WireError> {
        let usual = || config::configure(&TlsSettings::default());
        self.config.get_or_init(usual).clone().map_err(permanent)
    }

    /// Makes the handshake with the server of this name (or address). Kept out of line: a session takes 4 KiB of stack,
    /// which connections without TLS do not need.
    #[inline(never)]
    pub(in crate::transport) fn handshake(
        &self,
        name: &str,
        wire: &mut impl TlsCarrier,
    ) -> Result<Box<Session>, WireError> {
        let name = ServerName::try_from(name.to_owned()).map_err(permanent)?;
        let connection = ClientConnection::new(self.config()?, name).map_err(permanent)?;
        let mut session = Box::new(Session {
            connection,
            input: Vec::new(),
            start: 0,
            end: 0,
            output: Vec::new(),
            written: 0,
        });
        while session.connection.is_handshaking() {
            session.flush(wire)?;
            if session.connection.wants_read() && !session.take_in(wire, None)? {
                return Err(WireError::Io(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        // The last flight of TLS 1.3 is the client's, and it goes out with the request, as one write.
        Ok(session)
    }
}

impl Session {
    pub(in crate::transport) fn write_all(
        &mut self,
        wire: &mut impl TlsCarrier,
        mut plain: &[u8],
    ) -> Result<(), WireError> {
        while !plain.is_empty() {
            let n = self
                .connection
                .writer()
                .write(plain)
                .map_err(WireError::Io)?;
            plain = &plain[n..];
            self.flush(wire)?;
        }
        // An earlier push may have left encrypted output, although all of its plain text was taken.
        self.flush(wire)
    }

    /// Waits for plain text. Returns the number of bytes, zero at the proper end of the stream. An end that the server
    /// did not announce is an error (RFC 8446 §6.1): any machine on the way could have cut the stream there.
    pub(in crate::transport) fn read(
        &mut self,
        wire: &mut impl TlsCarrier,
        into: &mut [u8],
        patience: Option<Duration>,
    ) -> Result<usize, WireError> {
        loop {
            match self.connection.reader().read(into) {
                Ok(n) => return Ok(n),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(e) => return Err(WireError::Io(e)),
            }
            self.take_in(wire, patience)?;
        }
    }

    /// Takes in the server's bytes, and waits for some if there are none. Returns false at the end of the stream.
    fn take_in(
        &mut self,
        wire: &mut impl TlsCarrier,
        patience: Option<Duration>,
    ) -> Result<bool, WireError> {
        if self.start == self.end {
            self.start = 0;
            if self.input.is_empty() || (self.end == self.input.len() && self.end < WIDE) {
                let wanted = (self.input.len() * 4).clamp(START, WIDE);
                self.input.resize(wanted, 0);
            }
            self.end = 0;
            self.end = wire.read_within(&mut self.input, patience)?;
        }
        let result = self.process();
        if result.is_err() {
            // Tells the server the reason. The connection is over, so it does not matter if the message arrives.
            let _ = self.flush(wire);
        }
        result
    }

    /// Gives rustls the bytes that were read, which are none at the end of the stream.
    fn process(&mut self) -> Result<bool, WireError> {
        let mut unread = &self.input[self.start..self.end];
        let before = unread.len();
        let n = self
            .connection
            .read_tls(&mut unread)
            .map_err(WireError::Io)?;
        self.start += before - unread.len();
        let handshaking = self.connection.is_handshaking();
        self.connection
            .process_new_packets()
            .map_err(|e| broken(e, handshaking))?;
        Ok(n > 0)
    }

    fn flush(&mut self, wire: &mut impl TlsCarrier) -> Result<(), WireError> {
        while self.connection.wants_write() {
            self.connection
                .write_tls(&mut self.output)
                .map_err(WireError::Io)?;
        }
        if self.output.is_empty() {
            return Ok(());
        }
        let result = wire.write_all(&self.output[self.written..]);
        self.output.clear();
        self.written = 0;
        result
    }

    /// Encrypts and writes some of the bytes, or goes on with bytes encrypted before, until input comes instead of
    /// room. See [`TlsCarrier::push`].
    pub(in crate::transport) fn push(
        &mut self,
        wire: &mut impl TlsCarrier,
        plain: &[u8],
    ) -> Result<(usize, bool), WireError> {
        if !self.push_output(wire)? {
            return Ok((0, false));
        }
        let n = self
            .connection
            .writer()
            .write(plain)
            .map_err(WireError::Io)?;
        Ok((n, self.push_output(wire)?))
    }

    /// Writes encrypted output until input comes. Returns true if all of it is written.
    fn push_output(&mut self, wire: &mut impl TlsCarrier) -> Result<bool, WireError> {
        while self.connection.wants_write() {
            self.connection
                .write_tls(&mut self.output)
                .map_err(WireError::Io)?;
        }
        loop {
            let (n, gone) = wire.push(&self.output[self.written..])?;
            self.written += n;
            if !gone {
                return Ok(false);
            }
            if self.written == self.output.len() {
                self.output.clear();
                self.written = 0;
                return Ok(true);
            }
        }
    }

    /// True if all input since the last exchange was messages of TLS itself, such as new session tickets, or if there
    /// was no input. Reads from the socket only if `more` is true.
    pub(in crate::transport) fn is_quiet(&mut self, wire: &mut SocketWire, more: bool) -> bool {
        let mut more = more;
        loop {
            while self.start < self.end {
                if !matches!(self.process(), Ok(true)) {
                    return false;
                }
            }
            if !more {
                break;
            }
            more = false;
            self.input.resize(START.max(self.input.len()), 0);
            self.start = 0;
            self.end = match wire.read_now(&mut self.input) {
                Ok(n) if n > 0 => n,
                _ => return false,
            };
        }
        let mut byte = [0];
        let plain = self.connection.reader().read(&mut byte);
        matches!(plain, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    pub(in crate::transport) fn shrink(&mut self) {
        if self.start == self.end && self.input.len() > START {
            self.input = Vec::new();
            self.start = 0;
            self.end = 0;
        }
        if self.output.capacity() > START {
            self.output = Vec::new();
        }
    }
}

/// Converts an error of rustls. During the handshake every error is permanent except temporary ones; later only an
/// alert of the server is permanent.
fn broken(error: Error, handshaking: bool) -> WireError {
    let permanent = match error {
        Error::AlertReceived(alert) => !matches!(
            alert,
            AlertDescription::CloseNotify
                | AlertDescription::UserCanceled
                | AlertDescription::InternalError
        ),
        Error::DecryptError | Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes => {
            false
        }
        _ => handshaking,
    };
    WireError::Tls {
        permanent,
        source: Box::new(error),
    }
}
