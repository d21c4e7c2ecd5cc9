//! Exchanges recorded to files, and played back from them.

mod file;
mod masking;
mod playing;
mod recording;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::playing::RecordedExchanges;
use self::recording::{Recorder, Recording};
use crate::error::ErrorType;
use crate::timing::Phase;
use crate::transport::{Call, ExchangeResult, Fault, Transport, VirtualClock};

/// Exchanges in a directory: one JSON file for each, which a person can read and edit.
///
/// A transport, of one of two kinds.
///
/// [`record`](Cassette::record) sends over sockets, as a client does without it, and writes each exchange: every attempt
/// and every redirect, failures too. [`replay`](Cassette::replay) opens no socket and answers from the files. An exchange
/// is found again by method, URL, body, and by how often the same was asked before; JSON bodies are compared as values,
/// and the boundary of a multipart form plays no part. A request that is not there fails with class
/// [`InvalidRequest`](crate::ErrorType::InvalidRequest), is not retried, and the message names the nearest that is.
///
/// ```no_run
/// use haul::Client;
/// use haul::testing::Cassette;
///
/// // Once, by hand:
/// let client = Client::builder().transport(Cassette::record("tests/shop")?).build()?;
/// client.get("https://shop.example/items/1");
/// // In the test, ever after:
/// let client = Client::builder().transport(Cassette::replay("tests/shop")?).build()?;
/// assert!(client.get("https://shop.example/items/1").is_success());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Files
///
/// `00001-GET-shop.example-items-1.json` holds `request` (`method`, `url`, `headers`, `body`) and `response` (`status`,
/// `headers`, `body`) or `failure` (`class`, `phase`, `message`). A body is `{"json": ..}`, `{"text": ".."}`,
/// `{"base64": ".."}`, or `{"file": ".."}` if it is larger than 16 KiB: a file beside it. It is the body after
/// decompression. `"truncated": true` beside it says that only its beginning was kept: it was larger than a limit for
/// bodies, was broken off, or was discarded. Of exchanges that are alike, the one
/// with the lowest number is played first; a file whose name begins with none comes last.
///
/// # Secrets
///
/// Secrets are written as `***` and compared so: headers, userinfo and query parameters as everywhere in haul
/// ([`redact`](crate::redact)), and the members `access_token`, `refresh_token`, `id_token`, `client_secret`, `password`
/// and the client's own [`sensitive_query`](crate::ClientBuilder::sensitive_query) names in JSON and form bodies. Other
/// bodies are written as they are: look at them before you commit them.
#[derive(Clone)]
pub struct Cassette {
    kind: CassetteKind,
    clock: Option<VirtualClock>,
}

#[derive(Clone)]
enum CassetteKind {
    Record {
        recorder: Arc<Recorder>,
        /// Transport that exchanges are made with. `None`: the client's sockets.
        over: Option<Arc<dyn Transport>>,
    },
    Replay(Arc<RecordedExchanges>),
}

/// Error of a directory of recorded exchanges: the path, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct CassetteError {
    path: PathBuf,
    reason: String,
    source: Option<io::Error>,
}

impl CassetteError {
    fn new(path: &Path, reason: impl Into<String>) -> CassetteError {
        CassetteError {
            path: path.to_owned(),
            reason: reason.into(),
            source: None,
        }
    }

    fn io(path: &Path, error: io::Error) -> CassetteError {
        CassetteError {
            path: path.to_owned(),
            reason: error.to_string(),
            source: Some(error),
        }
    }

    /// Returns the file or directory that is wrong.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Cassette {
    /// Records into this directory, which is made.
    ///
    /// It must be empty, or hold an earlier recording: the new exchanges then follow those that are there. No file is
    /// changed or removed.
    ///
    /// Several clients, and several programs, may record into one directory at the same time. If a file cannot be
    /// written, that is logged as an error, and the exchange counts all the same.
    ///
    /// # Errors
    /// If the directory cannot be made or read, or holds files that are not of a recording.
    pub fn record(directory: impl Into<PathBuf>) -> Result<Cassette, CassetteError> {
        Ok(Cassette {
            kind: CassetteKind::Record {
                recorder: Arc::new(Recorder::open(directory.into())?),
                over: None,
            },
            clock: None,
        })
    }

    /// Plays back what was recorded into this directory.
    ///
    /// # Errors
    /// If the directory or a file in it cannot be read, if a file is no recorded exchange, or if there is none.
    pub fn replay(directory: impl Into<PathBuf>) -> Result<Cassette, CassetteError> {
        Ok(Cassette {
            kind: CassetteKind::Replay(Arc::new(RecordedExchanges::read(directory.into())?)),
            clock: None,
        })
    }

    /// Records exchanges that this transport makes, in place of the client's sockets.
    ///
    /// No effect on a replay.
    #[must_use]
    pub fn over(mut self, transport: impl Transport + 'static) -> Cassette {
        if let CassetteKind::Record { over, .. } = &mut self.kind {
            *over = Some(Arc::new(transport));
        }
        self
    }

    /// Gives the client of a replay a clock of its own, so that the waits before retries take no time.
    ///
    /// See [`Script::virtual_clock`](super::Script::virtual_clock). No effect on a recording.
    #[must_use]
    pub fn virtual_clock(mut self) -> Cassette {
        if let CassetteKind::Replay(_) = &self.kind {
            self.clock.get_or_insert_default();
        }
        self
    }

    /// Returns the names of the files that were not played back. Empty for a recording.
    pub fn unused(&self) -> Vec<String> {
        match &self.kind {
            CassetteKind::Record { .. } => Vec::new(),
            CassetteKind::Replay(recorded) => recorded.unused(),
        }
    }
}

impl Transport for Cassette {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        match &self.kind {
            CassetteKind::Replay(recorded) => recorded.exchange(call),
            CassetteKind::Record { recorder, over } => match over {
                Some(over) => recorder.exchange(&**over, call),
                // The client of a recording uses the transport that `over_sockets` returns.
                None => Fault::new(
                    ErrorType::InvalidRequest,
                    Phase::Send,
                    "a recording inside of another transport needs one of its own: see Cassette::over",
                )
                .permanent()
                .into(),
            },
        }
    }

    fn over_sockets(&self, sockets: Arc<dyn Transport>) -> Option<Arc<dyn Transport>> {
        match &self.kind {
            CassetteKind::Record { recorder, over } => Some(Arc::new(Recording {
                recorder: Arc::clone(recorder),
                over: over.clone().unwrap_or(sockets),
            })),
            CassetteKind::Replay(_) => None,
        }
    }

    fn clock(&self) -> Option<VirtualClock> {
        self.clock.clone()
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            CassetteKind::Record { recorder, .. } => write!(f, "Cassette(record {recorder:?})"),
            CassetteKind::Replay(recorded) => write!(f, "Cassette(replay {recorded:?})"),
        }
    }
}
