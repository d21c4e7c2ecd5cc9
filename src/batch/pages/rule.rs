//! Reading of the link or cursor that a page has.

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::digest::Sha256;
use crate::redact::{Redaction, beginning};
use crate::request::Tag;
use crate::response::{Response, check_pointer, find_from_ends};
use crate::url::{self, Base};

/// Text that stands in records in place of a secret.
pub(super) const MASK: &str = "***";

/// Upper bound for the length of a text that an error shows, in bytes.
const SHOWN: usize = 100;

/// Place at which an answer names the next page.
#[derive(Clone, Debug)]
pub(super) enum PageRule {
    /// The `Link` header.
    Link,
    /// A URL at a pointer.
    Url(String),
    /// A cursor at a pointer, which becomes a query parameter.
    Param { cursor: String, param: String },
    /// A cursor at a pointer, which becomes a member of the request's JSON body.
    Member { cursor: String, member: String },
}

/// Error for a rule of [`Pages`](super::Pages) that cannot hold.
///
/// Its text has the reason, and the part of the rule that cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPages(String);

/// Link or cursor of a page.
pub(super) enum Found {
    /// A URL, or a cursor: a text or a number.
    Next(Box<RawValue>),
    /// The pointer or link is absent.
    Absent,
    /// The page says that it is the last.
    Last,
    /// The page is not as the rule expects it; the reason.
    Wrong(String),
}

/// Checks a JSON pointer to a part of a body.
pub(super) fn pointer(text: String) -> Result<String, InvalidPages> {
    if text.is_empty() {
        return Err(InvalidPages(
            "the pointer is empty, and leads to no part of the body (/next)".to_owned(),
        ));
    }
    match check_pointer(&text) {
        Ok(()) => Ok(text),
        Err(mistake) => {
            let shown = beginning(&text, SHOWN);
            let at = mistake.position.unwrap_or(1);
            Err(InvalidPages(format!("{mistake}: {shown:?} (at byte {at})")))
        }
    }
}

/// Makes the rule for a cursor that goes to a parameter, or to a member of the body.
pub(super) fn cursor(cursor: String, target: String) -> Result<PageRule, InvalidPages> {
    if target.is_empty() {
        let shown = beginning(&cursor, SHOWN);
        return Err(InvalidPages(format!(
            "the cursor needs a parameter or a member (/next=cursor, /next=/page/after): {shown:?}"
        )));
    }
    Ok(match target.starts_with('/') {
        true => PageRule::Member {
            cursor,
            member: pointer(target)?,
        },
        false => PageRule::Param {
            cursor,
            param: target,
        },
    })
}

/// Returns the text of a string, and the digits of a number.
pub(super) fn text_of(found: &RawValue) -> String {
    serde_json::from_str(found.get()).unwrap_or_else(|_| found.get().to_owned())
}

pub(super) fn raw(text: &str) -> Box<RawValue> {
    to_raw_value(text).expect("every text can be written as JSON")
}

pub(super) fn digest(text: &str) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(text);
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.finish()[..16]);
    digest
}

impl PageRule {
    /// True if an answer names the URL of the next page, and not a cursor for the first page's URL.
    pub(super) fn names_urls(&self) -> bool {
        matches!(self, PageRule::Link | PageRule::Url(_))
    }

    /// Returns the mark by which a link or cursor is known again, however a URL is spelled.
    pub(super) fn mark(&self, found: &RawValue) -> [u8; 16] {
        let text = text_of(found);
        match self.names_urls().then(|| url::parse(&text)) {
            Some(Ok(url)) => digest(&url::same_spelling(&url)),
            _ => digest(&text),
        }
    }

    /// Reads the link or cursor of a page. `while_true`: pointer to a value that must be true.
    pub(super) fn read(&self, response: &Response, while_true: Option<&str>) -> Found {
        let pointer = match self {
            PageRule::Link => None,
            PageRule::Url(pointer) => Some(&**pointer),
            PageRule::Param { cursor, .. } | PageRule::Member { cursor, .. } => Some(&**cursor),
        };
        let pointers: Vec<&str> = while_true.into_iter().chain(pointer).collect();
        let mut found = Vec::new();
        if !pointers.is_empty() {
            // An answer without content, as 204, has no further page.
            if response.bytes().is_empty() {
                return Found::Absent;
            }
            let values = response.json_text().and_then(|text| {
                let found = find_from_ends(&text, &pointers)?;
                Ok(found
                    .into_iter()
                    .map(|raw| raw.map(ToOwned::to_owned))
                    .collect())
            });
            found = match values {
                Ok(values) => values,
                Err(_) => return Found::Wrong("the body is not JSON".to_owned()),
            };
        }
        let mut found: std::vec::IntoIter<Option<Box<RawValue>>> = found.into_iter();
        if while_true.is_some() {
            match found.next().flatten() {
                None => return Found::Absent,
                Some(value) if value.get() != "true" => return Found::Last,
                Some(_) => {}
            }
        }
        let Some(pointer) = pointer else {
            return link(response);
        };
        let Some(value) = found.next().flatten() else {
            return Found::Absent;
        };
        match (value.get().as_bytes(), self) {
            (b"null" | b"false" | b"\"\"", _) => Found::Last,
            ([b'"' | b'-' | b'0'..=b'9', ..], PageRule::Url(_)) => {
                resolved(response, &text_of(&value))
            }
            ([b'"' | b'-' | b'0'..=b'9', ..], _) => Found::Next(value),
            ([b'[', ..], _) => wrong(pointer, "an array"),
            ([b'{', ..], _) => wrong(pointer, "an object"),
            _ => wrong(pointer, "true"),
        }
    }

    /// Returns the link or cursor as a record shows it.
    pub(super) fn shown(&self, found: &RawValue, redaction: &Redaction) -> Tag {
        match self {
            PageRule::Link | PageRule::Url(_) => {
                Tag::from(Value::from(&*redaction.shown(&text_of(found))))
            }
            PageRule::Param { param, .. } if redaction.is_secret_query(param) => {
                Tag::from(Value::from(MASK))
            }
            PageRule::Param { .. } | PageRule::Member { .. } => Tag::written(found.to_owned()),
        }
    }
}

fn wrong(pointer: &str, what: &str) -> Found {
    Found::Wrong(format!(
        "{what} is at {pointer} (a text or a number is expected)"
    ))
}

fn link(response: &Response) -> Found {
    match response.next_link() {
        Some(target) if target.is_empty() => Found::Last,
        Some(target) => resolved(response, &target),
        None => Found::Absent,
    }
}

/// Resolves a URL against the URL that answered.
fn resolved(response: &Response, target: &str) -> Found {
    let base = &response.head().url;
    let url = match Base::of(base) {
        Ok(base) => base.resolve(target),
        Err(_) => url::parse(target),
    };
    let url = match url {
        Ok(url) => url,
        Err(mistake) => return Found::Wrong(format!("the next page has no URL: {mistake}")),
    };
    if base.uri().scheme_str() == Some("https") && url.uri().scheme_str() == Some("http") {
        let reason = "the next page is not encrypted: it leads from https to http";
        return Found::Wrong(reason.to_owned());
    }
    Found::Next(raw(&url.uri().to_string()))
}
