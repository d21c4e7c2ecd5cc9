//! `--dry-run`: prints the requests that would be sent, line by line.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::thread;

use haul::request::Tag;
use haul::{Client, Preview, Request};
use serde::Serialize;

use crate::failure::{CommandError, Status};
use crate::input::ListReader;
use crate::messages::Messages;
use crate::report::stopped_early;
use crate::run_limit::{self, RunLimit};
use crate::stdout::{OutputStream, unwritten};
use crate::unfit::{ShownMistake, UnreadableLine};

/// A request as it would be sent, with secrets masked. Keys have the names that they have in records.
#[derive(Serialize)]
struct ShownRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    method: &'a str,
    url: &'a str,
    headers: BTreeMap<&'a str, Vec<&'a str>>,
    /// Length of the body in bytes. `None`: it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a Tag>,
}

impl<'a> ShownRequest<'a> {
    fn new(request: &'a Request, preview: &'a Preview) -> ShownRequest<'a> {
        let mut headers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, value) in preview.headers() {
            headers.entry(name).or_default().push(value);
        }
        let path = request.saves_to();
        ShownRequest {
            id: request.request_id(),
            method: preview.method().as_str(),
            url: preview.url(),
            headers,
            body_bytes: preview.body_bytes(),
            output_file: path.map(|path| path.to_string_lossy().into_owned()),
            tag: request.written_tag(),
        }
    }
}

/// Number of lines that are read ahead of the printing.
const AHEAD: usize = 64;

/// Prints the requests, and the reason of each line that could not be sent.
pub(crate) fn print(
    input: ListReader,
    client: &Client,
    limit: &RunLimit,
    messages: &Messages,
) -> Result<Status, CommandError> {
    limit.reads();
    let refusal = input.refusal();
    let lines = read_apart(input)?;
    let mut out = BufWriter::new(OutputStream::stdout());
    let mut status = Status::Fine;
    let mut write = || {
        while let Some(read) = next(&lines, &mut out, limit)? {
            let bad = match read {
                Ok(request) => match client.preview(request.clone()) {
                    Ok(preview) => {
                        serde_json::to_writer(&mut out, &ShownRequest::new(&request, &preview))?;
                        out.write_all(b"\n")?;
                        continue;
                    }
                    Err(error) => {
                        let url = client.redaction().url(request.url());
                        ShownMistake::request(&error).message(&request, &url, messages.lists())
                    }
                },
                Err(bad) => bad.message(messages.lists()),
            };
            messages.error(&bad);
            status = Status::Unsuccessful;
        }
        out.flush()
    };
    match write() {
        Err(e) if e.kind() == io::ErrorKind::TimedOut => {
            messages.note(&stopped_early(run_limit::REASON));
            Ok(Status::Stopped)
        }
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&e)),
        Err(_) => Ok(Status::Fine),
        Ok(()) => match refusal.failure() {
            Some(failure) => Err(failure),
            None => Ok(status),
        },
    }
}

/// Reads the lines on a thread of their own: a line that is slow to arrive may hold back neither the printing nor the
/// end of the run.
fn read_apart(
    mut input: ListReader,
) -> Result<Receiver<Result<Request, UnreadableLine>>, CommandError> {
    let (to, lines) = sync_channel(AHEAD);
    let read = move || {
        while let Some(line) = input.next_line() {
            if to.send(line).is_err() {
                return;
            }
        }
    };
    thread::Builder::new()
        .name("haul-input".to_owned())
        .spawn(read)
        .map_err(|e| CommandError::unwritten(format!("no thread to read the input: {e}")))?;
    Ok(lines)
}

/// Returns the next line; `None` after the last one. Printed lines are flushed before a wait. The error is of kind
/// `TimedOut` when the run has taken too long.
fn next<T>(lines: &Receiver<T>, out: &mut impl Write, limit: &RunLimit) -> io::Result<Option<T>> {
    match lines.try_recv() {
        Ok(line) => return Ok(Some(line)),
        Err(TryRecvError::Disconnected) => return Ok(None),
        Err(TryRecvError::Empty) => out.flush()?,
    }
    let Some(left) = limit.left() else {
        return Ok(lines.recv().ok());
    };
    match lines.recv_timeout(left) {
        Ok(line) => Ok(Some(line)),
        Err(RecvTimeoutError::Disconnected) => Ok(None),
        Err(RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
    }
}
