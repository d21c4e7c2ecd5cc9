//! Reads a template that is JSON: placeholders stand inside its strings, and all else is kept as it is written.

use std::ops::Range;

use serde_json::value::RawValue;

use super::{InvalidTemplate, Template};
use crate::record::json_values::end_of_string;
use crate::record::known_keys::BODIES;

/// Piece of a request as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JsonPiece {
    /// JSON as it is written.
    Written(String),
    /// A string with placeholders.
    Text(Template, JsonPlace),
    /// The string under the key `url`, with placeholders.
    Url(Template),
    /// A value that is put in place of a whole string: that of this name.
    Value(String, JsonPlace),
}

/// Part of a request that a value in a template belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JsonPlace {
    Url,
    /// Id, tag or name of a file, which records show.
    Shown,
    /// Value of a header. `None`: the name is made by a placeholder.
    Header(Option<String>),
    /// Value of a query parameter, likewise.
    Param(Option<String>),
    /// Password or token of the request.
    Credentials,
    Body,
    Other,
}

/// An object that was read as a template.
pub(super) struct JsonTemplate {
    pub(super) pieces: Vec<JsonPiece>,
    /// Keys of the object itself without placeholders, each with its position.
    pub(super) keys: Vec<(String, usize)>,
}

/// Reads an object.
pub(super) fn read(json: &str) -> Result<JsonTemplate, InvalidTemplate> {
    let value = serde_json::from_str::<&RawValue>(json).map_err(|error| {
        let text = error.to_string();
        let what = text
            .rsplit_once(" at line ")
            .map_or(&*text, |(what, _)| what);
        InvalidTemplate {
            line: Some(error.line()),
            column: error.column().max(1),
            placeholder: String::new(),
            reason: format!("not JSON: {what}").into(),
        }
    })?;
    if !value.get().starts_with('{') {
        let from = json.find(value.get()).unwrap_or_default();
        return Err(mistake(
            json,
            from,
            "",
            "a request as a JSON object is expected",
        ));
    }
    let mut reader = JsonReader {
        json,
        pieces: Vec::new(),
        keys: Vec::new(),
        copied: 0,
        depth: 0,
        key: String::new(),
        inner_key: None,
    };
    reader.read_all()?;
    Ok(JsonTemplate {
        pieces: reader.pieces,
        keys: reader.keys,
    })
}

/// Makes the error of a mistake at a byte of the text.
pub(super) fn mistake(
    json: &str,
    at: usize,
    shown: &str,
    reason: impl Into<std::borrow::Cow<'static, str>>,
) -> InvalidTemplate {
    let before = &json[..at];
    let line = before.rsplit('\n').next().unwrap_or_default();
    InvalidTemplate {
        line: Some(before.matches('\n').count() + 1),
        column: line.chars().count() + 1,
        placeholder: shown.to_owned(),
        reason: reason.into(),
    }
}

struct JsonReader<'j> {
    json: &'j str,
    pieces: Vec<JsonPiece>,
    keys: Vec<(String, usize)>,
    /// Number of bytes that the pieces stand for.
    copied: usize,
    /// Number of objects and lists that are open.
    depth: usize,
    /// Last key of the object itself.
    key: String,
    /// Last key of an object right within it. `None`: there is none, or a placeholder makes it.
    inner_key: Option<String>,
}

impl JsonReader<'_> {
    /// Reads the text, which is valid JSON.
    fn read_all(&mut self) -> Result<(), InvalidTemplate> {
        let bytes = self.json.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                b'"' => {
                    let end = end_of_string(bytes, at);
                    self.read_string(at..end)?;
                    at = end;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        let rest = self.json[self.copied..].to_owned();
        self.pieces.push(JsonPiece::Written(rest));
        Ok(())
    }

    fn read_string(&mut self, place: Range<usize>) -> Result<(), InvalidTemplate> {
        let written = &self.json[place.clone()];
        let is_key = self.json[place.end..].trim_start().starts_with(':');
        let unread = |reason| mistake(self.json, place.start, "", reason);
        let text: String = serde_json::from_str(written).map_err(|_| {
            unread("a string holds an escape that stands for no character (\\ud800 to \\udfff come in pairs)")
        })?;
        if is_key && self.depth == 2 {
            self.inner_key = (!written.contains('{')).then(|| text.clone());
        }
        if is_key && self.depth == 1 {
            (self.key, self.inner_key) = (text.clone(), None);
            if !written.contains('{') {
                self.keys.push((text, place.start));
                return Ok(());
            }
        }
        // A brace that is written as an escape begins no placeholder.
        if !written.contains('{') {
            return Ok(());
        }
        let template = Template::parse(&text).map_err(|wrong| {
            let at = place.start + 1 + written_place(&written[1..], wrong.column - 1);
            mistake(self.json, at, &wrong.placeholder, wrong.reason)
        })?;
        let before = self.json[self.copied..place.start].to_owned();
        self.pieces.push(JsonPiece::Written(before));
        let part = self.place(is_key);
        self.pieces.push(match template.only_json() {
            Some(name) if !is_key => JsonPiece::Value(name.to_owned(), part),
            _ if self.depth == 1 && part == JsonPlace::Url => JsonPiece::Url(template),
            _ => JsonPiece::Text(template, part),
        });
        self.copied = place.end;
        Ok(())
    }

    /// Returns the part of the request that the current string belongs to.
    fn place(&self, is_key: bool) -> JsonPlace {
        let inner = || self.inner_key.clone();
        match &*self.key {
            "id" | "custom_id" | "tag" | "output_file" => JsonPlace::Shown,
            key if BODIES.contains(&key) => JsonPlace::Body,
            _ if is_key => JsonPlace::Other,
            "url" => JsonPlace::Url,
            "headers" => JsonPlace::Header(inner()),
            "params" => JsonPlace::Param(inner()),
            // The name of a user is no secret.
            "auth" if self.inner_key.as_deref() == Some("user") => JsonPlace::Other,
            "auth" => JsonPlace::Credentials,
            _ => JsonPlace::Other,
        }
    }
}

/// Returns the byte in a string as it is written, of a character in the text that the string stands for.
fn written_place(written: &str, character: usize) -> usize {
    let mut at = 0;
    for _ in 0..character {
        let rest = &written[at..];
        at += match rest.as_bytes() {
            [
                b'\\',
                b'u',
                b'd' | b'D',
                b'8'..=b'9' | b'a'..=b'b' | b'A'..=b'B',
                ..,
            ] => 12,
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => rest.chars().next().map_or(0, char::len_utf8),
        };
    }
    at
}
