//! Recording: exchanges are made by another transport, and written.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::CassetteError;
use super::file::fields;
use super::file::{ExchangeFile, FailurePart, FileBody, MARK, RequestPart, ResponsePart, VERSION};
use super::masking::masked;
use crate::error::ErrorType;
use crate::redact::escape::log_line;
use crate::request::RequestContent;
use crate::testing::calls::RecordedCall;
use crate::transport::{
    Call, ExchangeResult, Fault, Reply, SentHead, SpareDescriptor, Transport, VirtualClock,
};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Characters of a URL that its file name shows at most.
const NAME: usize = 60;

/// Writer of exchanges into a directory.
pub(super) struct Recorder {
    directory: PathBuf,
    /// Number of the next exchange.
    next: AtomicU64,
}

/// Transport that makes exchanges over another one and records them.
pub(super) struct Recording {
    pub(super) recorder: Arc<Recorder>,
    pub(super) over: Arc<dyn Transport>,
}

impl Transport for Recording {
    fn exchange(&self, call: &Call<'_>) -> ExchangeResult {
        self.recorder.exchange(&*self.over, call)
    }

    fn preview(&self, call: &Call<'_>) -> Result<SentHead, Box<Fault>> {
        self.over.preview(call)
    }

    fn close_idle(&self) {
        self.over.close_idle();
    }

    fn clock(&self) -> Option<VirtualClock> {
        self.over.clock()
    }
}

impl Recorder {
    pub(super) fn open(directory: PathBuf) -> Result<Recorder, CassetteError> {
        let failed = |error| CassetteError::io(&directory, error);
        fs::create_dir_all(&directory).map_err(failed)?;
        let (mut is_own, mut is_empty, mut last) = (false, true, 0);
        for entry in fs::read_dir(&directory).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let name = name.to_string_lossy();
            is_own |= name == MARK;
            is_empty = false;
            last = last.max(number_of(&name).unwrap_or(0));
        }
        if !is_own && !is_empty {
            let reason = "it holds files that are not of a recording; an empty directory, or one that was recorded \
                          into before, is expected";
            return Err(CassetteError::new(&directory, reason));
        }
        if !is_own {
            let path = directory.join(MARK);
            let mark = format!("{{\"version\": {VERSION}}}\n");
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(mut file) => {
                    let written = file.write_all(mark.as_bytes());
                    written.map_err(|error| CassetteError::io(&path, error))?;
                }
                // Another program has begun to record into it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(CassetteError::io(&path, error)),
            }
        }
        Ok(Recorder {
            directory,
            next: AtomicU64::new(last + 1),
        })
    }

    pub(super) fn exchange(&self, over: &dyn Transport, call: &Call<'_>) -> ExchangeResult {
        // Numbered when it begins: of two alike the first to be asked is the first to be played.
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let recorded = match RecordedCall::of(call) {
            Ok(recorded) => recorded,
            Err(fault) => return fault.into(),
        };
        let exchanged = match call.body {
            RequestContent::Bytes(_) => over.exchange(call),
            RequestContent::Streamed(_) if call.body.is_for_once() => {
                // The reader has been read, and is read only once.
                let body = RequestContent::Bytes(recorded.body.clone());
                over.exchange(&with_body(call, &body))
            }
            RequestContent::Streamed(_) => over.exchange(call),
        };
        if let Err(error) = self.write(number, call, &recorded, &exchanged) {
            log_line!(
                Error,
                "an exchange was not recorded: {}: {error}",
                self.directory.display()
            );
        }
        exchanged
    }

    /// Writes an exchange, unless it ended for a reason of this side's.
    fn write(
        &self,
        mut number: u64,
        sent: &Call<'_>,
        call: &RecordedCall,
        exchanged: &ExchangeResult,
    ) -> io::Result<()> {
        let (reply, failure) = match &exchanged.result {
            Ok(reply) => (Some(reply), None),
            Err(fault) if fault.shortage.is_some() => return Ok(()),
            Err(fault) if fault.error_type == ErrorType::Cancelled => return Ok(()),
            Err(fault) => (
                fault.reply.as_ref(),
                Some(FailurePart {
                    class: fault.error_type,
                    phase: fault.phase,
                    message: fault.message.clone(),
                    permanent: fault.permanent,
                    sent_bytes: exchanged.trace.bytes_sent,
                }),
            ),
        };
        let slug = slug(&sent.redaction.url(&call.url));
        let (file, path, name) = loop {
            let name = format!("{number:05}-{}-{}", call.method, slug);
            let path = self.directory.join(format!("{name}.json"));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => break (file, path, name),
                // Another program records into the same directory.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    number = self.next.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => return Err(error),
            }
        };
        let written = self.write_as(&name, file, sent, call, reply, failure);
        if written.is_err() {
            // A part of an exchange could not be played back.
            let _ = fs::remove_file(&path);
        }
        written
    }

    fn write_as(
        &self,
        name: &str,
        mut file: File,
        sent: &Call<'_>,
        call: &RecordedCall,
        reply: Option<&Reply>,
        failure: Option<FailurePart>,
    ) -> io::Result<()> {
        let redaction = sent.redaction;
        let body = |headers: &HeaderMap, bytes: &[u8], of: &str| {
            FileBody::of(&masked(redaction, headers, bytes), |bytes| {
                let name = format!("{name}.{of}");
                fs::write(self.directory.join(&name), bytes).map(|()| name)
            })
        };
        let request = RequestPart {
            method: call.method.to_string(),
            url: redaction.url(&call.url),
            headers: fields(&call.headers, |name, value| {
                redaction.request_header(name, value)
            }),
            body: body(&call.headers, &call.body, "request")?,
        };
        let response = match reply {
            Some(reply) => Some(ResponsePart {
                status: reply.status,
                // A challenge holds no credential, and a replay is answered by it.
                headers: fields(&reply.headers, |name, value| match *name {
                    WWW_AUTHENTICATE => String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    _ => redaction.response_header(name, value),
                }),
                body: body(&reply.headers, &body_of(reply)?, "response")?,
                truncated: reply.truncated || sent.leaves_out_body(reply.status),
            }),
            None => None,
        };
        let mut text = serde_json::to_vec_pretty(&ExchangeFile {
            request,
            response,
            failure,
        })?;
        text.push(b'\n');
        file.write_all(&text)
    }
}

/// Returns the body of a reply, in memory or in its unfinished file.
fn body_of(reply: &Reply) -> io::Result<Vec<u8>> {
    match &reply.partial {
        Some(partial) => {
            let whole = fs::read(partial.path())?;
            let before = usize::try_from(partial.before()).unwrap_or(usize::MAX);
            Ok(whole.get(before..).unwrap_or_default().to_vec())
        }
        None => Ok(reply.body.clone()),
    }
}

/// Returns the call with another body.
fn with_body<'a>(call: &Call<'a>, body: &'a RequestContent) -> Call<'a> {
    Call {
        method: call.method,
        url: call.url,
        host: call.host,
        headers: call.headers,
        without: call.without,
        lines: call.lines,
        body,
        expect_from: call.expect_from,
        connect: call.connect,
        read: call.read,
        until: call.until,
        began: call.began,
        accept: call.accept,
        follows: call.follows,
        body_limit: call.body_limit,
        keep_encoding: call.keep_encoding,
        save: call.save,
        part: call.part,
        bandwidth: call.bandwidth,
        stream: call.stream,
        discard: call.discard,
        spare: SpareDescriptor::default(),
        fresh: call.fresh,
        cancel: call.cancel,
        clock: call.clock,
        redaction: call.redaction,
        on_connected: call.on_connected,
        on_head: call.on_head,
    }
}

/// Returns the number that a file name begins with. `None`: it begins with none.
pub(super) fn number_of(name: &str) -> Option<u64> {
    name.split_once('-')?.0.parse().ok()
}

/// Returns host and path of a URL in characters that every file system takes.
fn slug(url: &str) -> String {
    let text = url.split_once("://").map_or(url, |(_, rest)| rest);
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = text.rsplit('@').next().unwrap_or_default();
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' => c,
        _ => '-',
    };
    let slug: String = text.chars().map(plain).take(NAME).collect();
    slug.trim_matches(['-', '.']).to_owned()
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.directory.display())
    }
}
