//! Lines of a queue: requests as lines of input, with the place that they were read from.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::record::InputLines;
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

/// Writes a request as a line of a queue. The error says why it is not fit to be sent, beside a line that names it.
pub(super) fn write(request: &Request) -> (Vec<u8>, Option<String>) {
    let text = request.to_line();
    if text.len() <= LONGEST {
        return (with_place(request, text), None);
    }
    let reason = format!(
        "it takes {} bytes as a line (at most {LONGEST} fit into a queue)",
        text.len()
    );
    let mut named = Request::unreadable(request.url(), &*reason);
    if let Some(id) = request.request_id().filter(|id| id.len() <= LONGEST / 4) {
        named = named.id(id);
    }
    (with_place(request, named.to_line()), Some(reason))
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
        Err(wrong) => lines.stand_in(text, wrong),
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
