//! Entries that are written down as lines, each of which is read again without the input that it came from.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::entry::{EntryRead, InputEntry, TextKind};
use super::lines::is_kept;
use super::recognize::format_of;
use super::{InputFormat, InputOptions};
use crate::record::InvalidLine;
use crate::url::Mistake;

/// Entry of an input as a line of JSON: all that its request and the key of a bad one are made of.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEntry<'a> {
    /// Text of the entry. Empty: it is in `base64`, or there is none.
    #[serde(borrow)]
    haul_entry: Cow<'a, str>,
    /// Bytes of an entry that is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
    /// Keys of the request that the columns of a row give, for a template.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    row_keys: Option<Cow<'a, str>>,
    /// Link to a sitemap in an index.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    sitemap: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    invalid: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invalid_at: Option<u64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    invalid_text: Option<Cow<'a, str>>,
}

impl InputEntry<'_> {
    /// Returns a line, without a line feed, that is read as this entry: its request has the same key.
    ///
    /// A line of a list stands as it is if it is recognised as such, also alone. Any other entry, such as a row of a
    /// table, an element of a JSON array or a line that is not UTF-8, becomes JSON with the key `haul_entry`. A list of
    /// such lines is read as one, whatever [format](InputOptions::format) is named.
    ///
    /// ```
    /// use haul::record::{InputFormat, InputOptions, InputReader};
    ///
    /// let options = InputOptions::new().format(InputFormat::Json);
    /// let mut array = InputReader::open(r#"["https://example.com/", 42]"#.as_bytes(), &options)?;
    /// array.next_entry();
    /// let line = array.next_entry().unwrap().to_line().into_owned();
    /// let mut again = InputReader::open(std::io::Cursor::new(line), &options)?;
    /// let entry = again.next_entry().unwrap();
    /// assert_eq!(entry.bytes(), b"42");
    /// assert!(entry.text().is_err());
    /// # Ok::<(), haul::record::InvalidInput>(())
    /// ```
    pub fn to_line(&self) -> Cow<'_, [u8]> {
        if self.place == TextKind::Line && self.text.is_ok() && stands_alone(self.bytes) {
            return self.bytes.into();
        }
        let wrong = self.text.as_ref().err();
        let text = std::str::from_utf8(self.bytes).ok();
        let kept = KeptEntry {
            haul_entry: text.unwrap_or_default().into(),
            base64: text.is_none().then(|| STANDARD.encode(self.bytes)),
            row_keys: self.row_keys.as_deref().map(Cow::Borrowed),
            sitemap: self.sitemap.as_deref().map(Cow::Borrowed),
            invalid: wrong.map(|wrong| wrong.to_string().into()),
            invalid_at: wrong.and_then(InvalidLine::position),
            invalid_text: wrong.and_then(|wrong| wrong.text()).map(Cow::Borrowed),
        };
        let written = serde_json::to_vec(&kept).expect("an entry is always valid JSON");
        written.into()
    }
}

/// Reads the entry that a line holds, and puts its text in place of the line. `None`: the line holds none, and stays.
pub(super) fn unpacked(line: &mut Vec<u8>, number: u64) -> Option<EntryRead> {
    if !is_kept(line) {
        return None;
    }
    let kept: KeptEntry<'_> = serde_json::from_slice(line).ok()?;
    let text = match &kept.base64 {
        Some(base64) => STANDARD.decode(base64).ok()?,
        None => kept.haul_entry.into_owned().into_bytes(),
    };
    let wrong = kept.invalid.map(|reason| {
        InvalidLine::from(Mistake {
            reason: reason.into_owned().into(),
            position: kept.invalid_at,
            shown: kept.invalid_text.map(|shown| shown.into()),
        })
    });
    let read = EntryRead {
        sitemap: kept.sitemap.map(Cow::into_owned),
        row_keys: kept.row_keys.map(Cow::into_owned),
        ..EntryRead::new(number, wrong, TextKind::Kept)
    };
    *line = text;
    Some(read)
}

/// True if an input that has only this line is a list of it, and the line may stand anywhere in a list.
fn stands_alone(line: &[u8]) -> bool {
    let begins = line.first().is_some_and(u8::is_ascii_alphanumeric)
        && memchr::memmem::find(line, b"://").is_some()
        || line.starts_with(b"{\"");
    let is_plain = !line
        .iter()
        .any(|byte| byte.is_ascii_control() && *byte != b'\t');
    let found = || format_of(line, &InputOptions::new());
    begins && is_plain && !is_kept(line) && found().is_ok_and(|it| it.format == InputFormat::Lines)
}

#[cfg(test)]
#[path = "kept_tests.rs"]
mod tests;
