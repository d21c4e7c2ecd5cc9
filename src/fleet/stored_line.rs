//! Lines of a queue: requests as lines of input, with the place that they were read from.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::record::{InputLines, InvalidLine};
use crate::request::Request;

/// Longest line of a queue, in bytes. A request that takes more is not sent.
pub(super) const LONGEST: usize = 64 << 10;

/// Request as the queue keeps it.
#[derive(Serialize, Deserialize)]
struct StoredLine<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    source: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(borrow)]
    request: &'a RawValue,
}

/// Line of a queue, and how far it is the request.
pub(super) struct WrittenLine {
    pub(super) line: Vec<u8>,
    /// Reason why the request is not fit to be sent. The line names it then.
    pub(super) fault: Option<String>,
    /// Names of secrets that the line does not hold: headers, and parameters after a `?`.
    pub(super) left_out: Vec<String>,
}

/// Writes a request as a line of a queue. `saves_files`: true if lines may name the files of their bodies.
pub(super) fn write(request: &Request, saves_files: bool) -> WrittenLine {
    let text = request.to_line();
    let left_out = left_out(&text);
    let is_value = |name: &&String| name.starts_with('{');
    let fault = if text.len() > LONGEST {
        Some(format!(
            "it takes {} bytes as a line (at most {LONGEST} fit into a queue)",
            text.len()
        ))
    } else if let Some(name) = left_out.iter().find(is_value) {
        Some(format!(
            "the queue does not hold the secret value of {name}, and no worker can give it (haul without a fleet sends such a line)"
        ))
    } else if request.saves_to().is_some() && !saves_files {
        Some(NO_FILES.to_owned())
    } else {
        None
    };
    if text.len() <= LONGEST {
        return WrittenLine {
            line: with_place(request, text),
            fault,
            left_out,
        };
    }
    let mut named = Request::unreadable(request.url(), fault.clone().unwrap_or_default());
    if let Some(id) = request.request_id().filter(|id| id.len() <= LONGEST / 4) {
        named = named.id(id);
    }
    WrittenLine {
        line: with_place(request, named.to_line()),
        fault,
        left_out,
    }
}

/// Reason of a line with an `output_file` in a run that saves no files.
const NO_FILES: &str = "output_file: the run saves no files (load it under a new name with --output-files, and give each worker an --output-dir)";

/// Returns the names of the secrets that a line was written without.
fn left_out(text: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default)]
        redacted: Vec<String>,
    }
    // Few lines have secrets, and only these are read again.
    if !text.contains("\"redacted\":") {
        return Vec::new();
    }
    let named = serde_json::from_str(text).map(|named: Named| named.redacted);
    named.unwrap_or_default()
}

fn with_place(request: &Request, text: String) -> Vec<u8> {
    let text = RawValue::from_string(text).expect("a request is always valid JSON");
    let line = StoredLine {
        source: request.source().map(Cow::Borrowed),
        line: request.line(),
        request: &text,
    };
    serde_json::to_vec(&line).expect("texts and numbers are JSON")
}

/// Reads a line of a queue. A line that cannot be read becomes a request that says so.
pub(super) fn read(line: &[u8], fault: Option<&str>, lines: &mut InputLines) -> Request {
    let unreadable = |reason: String| Request::unreadable("", reason);
    let stored: StoredLine<'_> = match serde_json::from_slice(line) {
        Ok(stored) => stored,
        Err(error) => return unreadable(format!("not a line of a queue: {error}")),
    };
    let text = stored.request.get();
    let request = match lines.read(text) {
        Ok(read) => read.request,
        // The loader's reason says more than that of a worker, which may have other settings.
        Err(wrong) => {
            let reason = fault.map(|reason| InvalidLine::new(reason.to_owned()));
            lines.stand_in(text, reason.unwrap_or(wrong))
        }
    };
    let request = match fault {
        Some(reason) if request.invalid().is_none() => request.spoiled(reason.to_owned()),
        _ => request,
    };
    match (stored.source, stored.line) {
        (Some(source), Some(number)) => request.read_at(Arc::<str>::from(&*source), number),
        _ => request,
    }
}
