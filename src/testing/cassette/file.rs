//! Format of a recorded exchange.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::CassetteError;
use super::masking::is_json;
use crate::error::ErrorType;
use crate::timing::Phase;

/// Name of the file by which a directory of recorded exchanges is known.
pub(super) const MARK: &str = "haul-exchanges.json";

/// Version of the format, in that file.
pub(super) const VERSION: u64 = 1;

/// Size in bytes from which on a body has a file of its own.
const LARGE: usize = 16 * 1024;

/// A recorded exchange.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExchangeFile {
    pub(super) request: RequestPart,
    /// Response. `None`: no head came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<ResponsePart>,
    /// Failure. `None`: the response came whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<FailurePart>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestPart {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: HeaderFields,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<FileBody>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponsePart {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: HeaderFields,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<FileBody>,
    /// True if the body is the beginning of a longer one, or was not read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) truncated: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailurePart {
    pub(super) class: ErrorType,
    pub(super) phase: Phase,
    pub(super) message: String,
    /// True if the next attempt would fail in the same way.
    #[serde(default)]
    pub(super) permanent: bool,
    /// Bytes of the request that were sent.
    #[serde(default)]
    pub(super) sent_bytes: u64,
}

/// Headers by name. A header of several lines has a list.
pub(super) type HeaderFields = BTreeMap<String, HeaderLinesOf>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum HeaderLinesOf {
    One(String),
    Several(Vec<String>),
}

/// Body of a request or response. An empty body is left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileBody {
    /// JSON, in its own text.
    Json(Box<RawValue>),
    Text(String),
    Base64(String),
    /// Name of a file in the same directory.
    File(String),
}

impl FileBody {
    /// Makes the body of these bytes. A large one is put into a file by `keep`, which returns its name.
    pub(super) fn of<E>(
        bytes: &[u8],
        keep: impl FnOnce(&[u8]) -> Result<String, E>,
    ) -> Result<Option<FileBody>, E> {
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() > LARGE {
            return keep(bytes).map(|name| Some(FileBody::File(name)));
        }
        Ok(Some(match std::str::from_utf8(bytes) {
            Ok(text) if is_json(text) && text.trim() == text => {
                match RawValue::from_string(text.to_owned()) {
                    Ok(raw) => FileBody::Json(raw),
                    Err(_) => FileBody::Text(text.to_owned()),
                }
            }
            Ok(text) => FileBody::Text(text.to_owned()),
            Err(_) => FileBody::Base64(STANDARD.encode(bytes)),
        }))
    }

    /// Returns the bytes of the body in the directory of its exchange.
    pub(super) fn bytes(&self, directory: &Path) -> Result<Vec<u8>, CassetteError> {
        match self {
            FileBody::Json(raw) => Ok(raw.get().as_bytes().to_owned()),
            FileBody::Text(text) => Ok(text.as_bytes().to_owned()),
            FileBody::Base64(text) => STANDARD
                .decode(text)
                .map_err(|error| CassetteError::new(directory, format!("a base64 body: {error}"))),
            FileBody::File(name) => {
                let path = directory.join(name);
                if Path::new(name).components().count() != 1 {
                    let reason = "a body is a file in the directory of its exchange";
                    return Err(CassetteError::new(&path, reason));
                }
                std::fs::read(&path).map_err(|error| CassetteError::io(&path, error))
            }
        }
    }
}

/// Returns headers as they are written, with the text that `shown` gives for a value.
pub(super) fn fields(
    headers: &HeaderMap,
    shown: impl Fn(&HeaderName, &HeaderValue) -> String,
) -> HeaderFields {
    let mut fields = HeaderFields::new();
    for name in headers.keys() {
        let lines = headers.get_all(name).iter();
        let mut lines: Vec<String> = lines.map(|value| shown(name, value)).collect();
        let lines = match lines.len() {
            1 => HeaderLinesOf::One(lines.remove(0)),
            _ => HeaderLinesOf::Several(lines),
        };
        fields.insert(name.as_str().to_owned(), lines);
    }
    fields
}

/// Returns headers as they are sent. The error names one that cannot be.
pub(super) fn headers(fields: &HeaderFields) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, lines) in fields {
        let lines = match lines {
            HeaderLinesOf::One(line) => std::slice::from_ref(line),
            HeaderLinesOf::Several(lines) => lines,
        };
        for line in lines {
            let parsed = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_bytes(line.as_bytes()),
            );
            let (Ok(name), Ok(value)) = parsed else {
                return Err(format!("the header {name:?} is none that HTTP allows"));
            };
            headers.append(name, value);
        }
    }
    Ok(headers)
}
