//! Places of placeholders in a template, and names of the values that they show.

use std::borrow::Cow;

use super::json::{JsonPiece, JsonPlace};
use super::{Placeholder, Template, TemplatePiece};
use crate::redact::Redaction;

/// Returns the keys and indexes that lead to the value of a name.
pub(super) fn path_of(name: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let (is_pointer, name) = match name.strip_prefix('/') {
        Some(rest) => (true, rest),
        None => (false, name),
    };
    let whole = (!is_pointer).then_some(Cow::from(name));
    let parts = is_pointer.then(|| name.split('/'));
    let parts = parts.into_iter().flatten();
    let parts = parts.map(|part| Cow::from(part.replace("~1", "/").replace("~0", "~")));
    whole.into_iter().chain(parts)
}

/// True if the value of one name is that of the other, or a part of it.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let mut pairs = path_of(one).zip(path_of(other));
    pairs.all(|(one, other)| one.eq_ignore_ascii_case(&other))
}

/// Returns the last part of a JSON pointer, and other names as they are.
pub(super) fn last_part(name: &str) -> &str {
    match name.starts_with('/') {
        true => name.rsplit('/').next().unwrap_or(name),
        false => name,
    }
}

/// Names of the placeholders of a piece.
#[derive(Clone, Copy)]
pub(super) enum PieceNames<'t> {
    Text(&'t Template),
    Value(&'t str),
}

impl<'t> PieceNames<'t> {
    pub(super) fn names(self) -> impl Iterator<Item = &'t str> {
        let (template, value) = match self {
            PieceNames::Text(template) => (Some(template), None),
            PieceNames::Value(name) => (None, Some(name)),
        };
        template.into_iter().flat_map(Template::names).chain(value)
    }
}

pub(super) fn places(template: &[JsonPiece]) -> impl Iterator<Item = (PieceNames<'_>, &JsonPlace)> {
    template.iter().filter_map(|piece| match piece {
        JsonPiece::Text(template, place) => Some((PieceNames::Text(template), place)),
        JsonPiece::Value(name, place) => Some((PieceNames::Value(name), place)),
        JsonPiece::Url(template) => Some((PieceNames::Text(template), &JsonPlace::Url)),
        JsonPiece::Written(_) => None,
    })
}

/// True if the value of a placeholder of a URL is shown where the URL is shown with its secrets masked.
pub(super) fn is_shown(url: &Template, number: usize, redaction: &Redaction) -> bool {
    /// Text that stands for the value: it can be a part of a host, a port, or any other part of a URL.
    const STAND_IN: &str = "60417";
    let (mut text, mut places) = (String::new(), 0);
    for piece in &url.pieces {
        match piece {
            TemplatePiece::Text(written) => text.push_str(&written.replace(STAND_IN, "")),
            TemplatePiece::Place(_) => {
                text.push_str(if places == number { STAND_IN } else { "1" });
                places += 1;
            }
        }
    }
    redaction.shown(&text).contains(STAND_IN)
}

impl Template {
    /// True if the text begins with this placeholder.
    pub(super) fn begins_with(&self, place: &Placeholder) -> bool {
        matches!(self.pieces.first(), Some(TemplatePiece::Place(first)) if std::ptr::eq(first, place))
    }
}
