//! `--dry-run`: what would be sent, line by line.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};

use haul::{Client, Preview, Request, Tag};
use serde::Serialize;

use crate::failure::{Failure, Status};
use crate::input::Input;
use crate::stdout::{Stream, unwritten};
use crate::unfit::Unfit;
use crate::voice::Voice;

/// A request as it would be sent, secrets masked. Keys that mean the same have the names that they have in records.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    method: &'a str,
    url: &'a str,
    headers: BTreeMap<&'a str, Vec<&'a str>>,
    /// Absent if the length of the body is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<&'a Tag>,
}

impl<'a> Shown<'a> {
    fn new(request: &'a Request, preview: &'a Preview) -> Shown<'a> {
        let mut headers: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, value) in preview.headers() {
            headers.entry(name).or_default().push(value);
        }
        let path = request.saves_to();
        Shown {
            id: request.get_id(),
            method: preview.method().as_str(),
            url: preview.url(),
            headers,
            body_bytes: preview.body_bytes(),
            output_file: path.map(|path| path.to_string_lossy().into_owned()),
            tag: request.written_tag(),
        }
    }
}

/// Prints the requests, and says of each line that could not be sent why.
pub(crate) fn print(mut input: Input, client: &Client, voice: &Voice) -> Result<Status, Failure> {
    let mut out = BufWriter::new(Stream::stdout());
    let mut status = Status::Fine;
    let mut write = || {
        while let Some(read) = input.next_line() {
            let bad = match read {
                Ok(request) => match client.preview(request.clone()) {
                    Ok(preview) => {
                        serde_json::to_writer(&mut out, &Shown::new(&request, &preview))?;
                        out.write_all(b"\n")?;
                        continue;
                    }
                    Err(error) => {
                        let url = client.redaction().url(request.url());
                        Unfit::request(&error).message(&request, &url)
                    }
                },
                Err(bad) => bad.message(),
            };
            voice.error(&bad);
            status = Status::Unsuccessful;
        }
        out.flush()
    };
    match write() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&e)),
        Err(_) => Ok(Status::Fine),
        Ok(()) => match input.refusal().failure() {
            Some(failure) => Err(failure),
            None => Ok(status),
        },
    }
}
