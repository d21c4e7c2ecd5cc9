//! Secrets that a template puts into requests: they are shown neither in tags and ids nor in names of files.

use std::borrow::Cow;

use http::HeaderName;

use super::json::{JsonPiece, JsonPlace};
use super::secret_places::{PieceNames, is_shown, last_part, overlap, path_of, places};
use super::{TemplateRow, TemplateValue};
use super::{ValueForm, row};
use crate::record::json_values::{ValuePath, replace_all};
use crate::record::shown_names::shown_names;
use crate::redact::{MASK, OwnSecrets, Redaction, SecretValue};
use crate::request::Request;

/// Upper bound for the length of a value that is a secret only where it stands alone, in bytes. A shorter one may be a
/// part of other words by chance.
const SHORT: usize = 5;

/// Upper bound for the length of a value that is no secret elsewhere than under its own name, in bytes.
const SHORTEST: usize = 3;

/// Placeholders of a template whose values are secret.
#[derive(Clone, Debug, Default)]
pub(in crate::record) struct TemplateSecrets {
    redaction: Redaction,
    /// Names of the placeholders whose values are secret.
    names: Vec<String>,
    /// Names of the placeholders whose values are URLs, or parts of URLs, with secrets in them.
    urls: Vec<String>,
    /// Names of the secret placeholders in the URL, where no name tells that they are secret.
    in_url: Vec<String>,
    /// Names of the secret placeholders in the body.
    in_body: Vec<String>,
    /// Headers and parameters that are secret because a placeholder in them is.
    own: OwnSecrets,
}

impl TemplateSecrets {
    /// Finds the secrets of a template, by the names that are secret.
    pub(super) fn of(template: &[JsonPiece], redaction: &Redaction) -> TemplateSecrets {
        let mut secrets = TemplateSecrets {
            redaction: redaction.clone(),
            ..TemplateSecrets::default()
        };
        for (piece, place) in places(template) {
            secrets.find_in(piece, place);
        }
        for (piece, place) in places(template) {
            secrets.follow(piece, place);
        }
        secrets
    }

    /// True if the values of all placeholders may be shown as they are.
    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.urls.is_empty() && !self.redaction.adds_names()
    }

    /// Finds the placeholders that are secret by their name or by their place.
    fn find_in(&mut self, piece: PieceNames<'_>, place: &JsonPlace) {
        let is_secret_place = match place {
            JsonPlace::Header(name) => name.as_deref().is_none_or(|name| {
                HeaderName::from_bytes(name.as_bytes())
                    .is_ok_and(|name| self.redaction.is_secret(&name))
            }),
            JsonPlace::Param(name) => {
                let name = name.as_deref();
                name.is_none_or(|name| self.redaction.is_secret_query(name))
            }
            JsonPlace::Credentials => true,
            JsonPlace::Url | JsonPlace::Shown | JsonPlace::Body | JsonPlace::Other => false,
        };
        for name in piece.names() {
            let mut parts = path_of(name);
            if is_secret_place || parts.any(|part| self.redaction.adds_name(&part)) {
                add(&mut self.names, name);
            }
        }
        if let (JsonPlace::Url, PieceNames::Text(template)) = (place, piece) {
            for (number, place) in template.placeholders().enumerate() {
                if !is_shown(template, number, &self.redaction) {
                    add(&mut self.names, &place.name);
                }
                if place.form == ValueForm::Raw || template.begins_with(place) {
                    add(&mut self.urls, &place.name);
                }
            }
        }
    }

    /// Notes the other places into which secret placeholders are put.
    fn follow(&mut self, piece: PieceNames<'_>, place: &JsonPlace) {
        let secret: Vec<&str> = piece.names().filter(|name| self.has(name)).collect();
        if secret.is_empty() {
            return;
        }
        match place {
            JsonPlace::Url => secret.iter().for_each(|name| add(&mut self.in_url, name)),
            JsonPlace::Body => secret.iter().for_each(|name| add(&mut self.in_body, name)),
            JsonPlace::Header(Some(name)) => {
                self.own
                    .headers
                    .extend(HeaderName::from_bytes(name.as_bytes()));
            }
            JsonPlace::Param(Some(name)) => add(&mut self.own.query, name),
            JsonPlace::Header(None)
            | JsonPlace::Param(None)
            | JsonPlace::Credentials
            | JsonPlace::Shown
            | JsonPlace::Other => {}
        }
    }

    /// True if a value of this name is secret, holds a secret, or is a part of one: a key may be named by itself and by a
    /// pointer, and the whole line holds all of its keys.
    fn has(&self, name: &str) -> bool {
        let is_line = name == row::LINE && (self.redaction.adds_names() || !self.names.is_empty());
        is_line || self.names.iter().any(|other| overlap(name, other))
    }

    /// Returns the value of a name as it may be shown: a secret is masked, also within the value.
    pub(super) fn shown_value<'r>(
        &self,
        row: &TemplateRow<'r>,
        name: &str,
    ) -> Option<TemplateValue<'r>> {
        let value = row.value(name)?;
        if self.is_empty() {
            return Some(value);
        }
        let path = row.path(name);
        let hidden = Hidden::of(self, row);
        if hidden.covers(&path) {
            return Some(MASK.into());
        }
        let text = match &value {
            TemplateValue::Json(json) => json,
            TemplateValue::Text(text) if row.is_object() && path.is_empty() => text,
            TemplateValue::Text(text) => {
                let is_url = self.urls.iter().any(|url| row.path(url) == path);
                let shown: Cow<'_, str> = match is_url {
                    true => self.redaction.text(text).into(),
                    false => (&**text).into(),
                };
                let masked = hidden.within_text(&shown);
                return Some(match (masked, is_url) {
                    (Some(masked), _) => masked.into(),
                    (None, true) => shown.into_owned().into(),
                    (None, false) => value,
                });
            }
        };
        let by_value = |inner: &ValuePath, scalar: Option<&str>| {
            let path: Vec<String> = path.iter().chain(inner).cloned().collect();
            let by_path = hidden.masked(&path, scalar);
            by_path.or_else(|| hidden.within(scalar?))
        };
        let masked = replace_all(text, by_value, |key| hidden.within(key));
        match (masked, &value) {
            (None, _) => Some(value),
            (Some(json), TemplateValue::Json(_)) => Some(TemplateValue::Json(json.into())),
            (Some(text), TemplateValue::Text(_)) => Some(text.into()),
        }
    }

    /// Returns the value of a key that a row gives its request, as it may be shown. `None`: as it is.
    pub(super) fn kept(&self, row: &TemplateRow<'_>, key: &str, json: &str) -> Option<String> {
        if self.is_empty() || !is_shown_key(key) {
            return None;
        }
        let hidden = Hidden::of(self, row);
        let from = match row.is_object() {
            true => vec![key.to_owned()],
            false => Vec::new(),
        };
        let by_value = |inner: &ValuePath, scalar: Option<&str>| {
            let mut path: Vec<String> = from.iter().chain(inner).cloned().collect();
            if !row.is_object() {
                path.iter_mut().for_each(|part| part.make_ascii_lowercase());
            }
            let by_name = || {
                let last = inner.last().map_or(key, String::as_str);
                hidden.is_name(last).then(masked)
            };
            let by_path = || hidden.masked(&path, scalar);
            by_path()
                .or_else(by_name)
                .or_else(|| hidden.within(scalar?))
        };
        replace_all(json, by_value, |key| hidden.within(key))
    }

    /// Says which values the row has, for a message about one that it lacks.
    pub(in crate::record) fn keys_of(&self, row: &TemplateRow<'_>) -> String {
        if !row.is_object() {
            return "it is text, of which only {line} is a value".to_owned();
        }
        let hidden = Hidden::of(self, row);
        let shown = row
            .keys()
            .map(|key| hidden.within_text(key).unwrap_or_else(|| key.to_owned()));
        match shown_names(shown) {
            names if names.is_empty() => "it has no keys".to_owned(),
            names => format!("its keys are {names}"),
        }
    }

    /// True if the id of the row is a secret.
    pub(in crate::record) fn hide_id(&self, row: &TemplateRow<'_>) -> bool {
        let is_hidden = |key: &str| {
            let value = row.value(key)?;
            let shown = self.shown_value(row, key)?;
            let hidden = Hidden::of(self, row);
            Some(value != shown || hidden.within(&value.json().ok()?).is_some())
        };
        !self.is_empty() && (is_hidden("id") == Some(true) || is_hidden("custom_id") == Some(true))
    }

    /// Gives the request the secrets of its row that no name tells.
    pub(in crate::record) fn mark(&self, request: Request, row: &TemplateRow<'_>) -> Request {
        if self.in_url.is_empty() && self.in_body.is_empty() && self.own.is_empty() {
            return request;
        }
        let mut own = self.own.clone();
        let only_in_body = self
            .in_body
            .iter()
            .filter(|name| !self.in_url.contains(name));
        for name in self.in_url.iter().chain(only_in_body) {
            let (in_url, in_body) = (self.in_url.contains(name), self.in_body.contains(name));
            let Some(value) = row.value(name) else {
                continue;
            };
            let text = value.plain().or_else(|_| value.json());
            own.values.push(SecretValue {
                name: name.clone(),
                text: text.unwrap_or_default().into_owned(),
                in_url,
                in_body,
            });
        }
        let holds_line = |names: &[String]| names.iter().any(|name| name == row::LINE);
        if holds_line(&self.in_url) || holds_line(&self.in_body) {
            let named = row.keys().filter(|key| self.redaction.adds_name(key));
            for name in named.chain(self.names.iter().map(String::as_str)) {
                if let Some(text) = row
                    .value(name)
                    .and_then(|value| value.plain().ok()?.into_owned().into())
                {
                    own.values.push(SecretValue {
                        name: name.to_owned(),
                        text,
                        in_url: true,
                        in_body: true,
                    });
                }
            }
        }
        own.values
            .sort_by_key(|value| std::cmp::Reverse(value.text.len()));
        request.with_own_secrets(own)
    }
}

/// Secrets of a row.
struct Hidden<'s> {
    secrets: &'s TemplateSecrets,
    /// Places of the secrets in the row.
    paths: Vec<Vec<String>>,
    /// Places of the URLs with secrets in them.
    urls: Vec<Vec<String>>,
    values: Vec<String>,
}

impl<'s> Hidden<'s> {
    fn of(secrets: &'s TemplateSecrets, row: &TemplateRow<'_>) -> Hidden<'s> {
        let text = |name: &String| Some(row.value(name)?.plain().ok()?.into_owned());
        let paths = |names: &[String]| names.iter().map(|name| row.path(name)).collect();
        Hidden {
            secrets,
            paths: paths(&secrets.names),
            urls: paths(&secrets.urls),
            values: secrets.names.iter().filter_map(text).collect(),
        }
    }

    /// True if the place is that of a secret, or within it.
    fn covers(&self, path: &ValuePath) -> bool {
        self.paths.iter().any(|hidden| path.starts_with(hidden))
    }

    /// Returns what takes the place of a value. `None`: it may be shown as it is.
    fn masked(&self, path: &ValuePath, scalar: Option<&str>) -> Option<String> {
        let is_named = || {
            path.iter()
                .any(|part| self.secrets.redaction.adds_name(part))
        };
        if self.covers(path) || is_named() {
            return Some(masked());
        }
        let text = scalar.filter(|json| json.starts_with('"'))?;
        let is_url = self.urls.iter().any(|url| url == path);
        let text: String = serde_json::from_str(text).ok()?;
        let shown = self.secrets.redaction.text(&text);
        (is_url && shown != text).then(|| quoted(&shown))
    }

    /// True if a key has the name of a secret, or of a further column of this name.
    fn is_name(&self, key: &str) -> bool {
        let base = key
            .strip_suffix(')')
            .and_then(|key| key.rsplit_once(" (column "));
        let base = base.map_or(key, |(base, _)| base);
        let names = &self.secrets.names;
        self.secrets.redaction.adds_name(base)
            || names
                .iter()
                .any(|name| last_part(name).eq_ignore_ascii_case(base))
    }

    /// Masks a value that is a secret of the row, or holds one. `None`: it holds none.
    fn within(&self, scalar: &str) -> Option<String> {
        let text: Cow<'_, str> = match scalar.starts_with('"') {
            true => serde_json::from_str::<String>(scalar).ok()?.into(),
            false => scalar.into(),
        };
        self.within_text(&text).map(|shown| quoted(&shown))
    }

    /// Masks a text that is a secret of the row, or holds one. `None`: it holds none.
    fn within_text(&self, text: &str) -> Option<String> {
        let mut shown = Cow::from(text);
        for value in self.values.iter().filter(|value| value.len() > SHORTEST) {
            if shown == **value {
                return Some(MASK.to_owned());
            }
            if value.len() > SHORT && shown.contains(&**value) {
                shown = shown.replace(&**value, MASK).into();
            }
        }
        (shown != text).then(|| shown.into_owned())
    }
}

fn masked() -> String {
    quoted(MASK)
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// True for the keys of a line that records show.
fn is_shown_key(key: &str) -> bool {
    row::KEPT.contains(&key)
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|other| other == name) {
        names.push(name.to_owned());
    }
}
