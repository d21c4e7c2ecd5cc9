//! Secret parameters of a URL, found in its query and its fragment.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{MASK, Redaction};

/// Characters that end a parameter or begin another one. Some programs put `;` between parameters, and a URL that is
/// the value of a parameter begins its own with `?`.
const BETWEEN: [char; 4] = ['&', ';', '?', '#'];

/// The parameters of a URL whose values are secret.
pub(super) struct Parameters<'a> {
    redaction: &'a Redaction,
    url: &'a str,
}

/// A secret parameter.
struct SecretParameter {
    /// Position after the parameter's name.
    name_end: usize,
    /// Position after the parameter's value.
    end: usize,
}

impl<'a> Parameters<'a> {
    pub(super) fn new(redaction: &'a Redaction, url: &'a str) -> Parameters<'a> {
        Parameters { redaction, url }
    }

    /// Returns the URL with the values of secret parameters masked. `None`: there are none.
    pub(super) fn masked(&self) -> Option<String> {
        let mut found = self.first()?;
        let (mut text, mut shown) = (String::with_capacity(self.url.len()), 0);
        loop {
            text += &self.url[shown..found.name_end];
            text += "=";
            text += MASK;
            shown = found.end;
            match self.at(shown) {
                Some(next) => found = next,
                None => break,
            }
        }
        Some(text + &self.url[shown..])
    }

    /// Returns the URL without secret parameters, and their names. `None`: there are none. A parameter whose value is a
    /// URL with a secret parameter is left out as a whole. A fragment is not sent, so secrets in it are masked.
    pub(super) fn left_out(&self) -> Option<(String, Vec<String>)> {
        self.first()?;
        let (front, fragment) = self
            .url
            .split_at(self.url.find('#').unwrap_or(self.url.len()));
        let fragment = self.of(fragment).masked().unwrap_or(fragment.to_owned());
        let Some((path, query)) = front.split_once('?') else {
            return Some((format!("{front}{fragment}"), Vec::new()));
        };
        let (mut names, mut kept) = (Vec::new(), Vec::new());
        for pair in query.split('&') {
            match self.of(&format!("?{pair}")).first() {
                Some(_) => names.push(read(name_of(pair)).into_owned()),
                None => kept.push(pair),
            }
        }
        let mark = if kept.is_empty() { "" } else { "?" };
        let url = format!("{path}{mark}{}{fragment}", kept.join("&"));
        Some((url, names))
    }

    fn of<'b>(&'b self, url: &'b str) -> Parameters<'b> {
        Parameters {
            redaction: self.redaction,
            url,
        }
    }

    fn first(&self) -> Option<SecretParameter> {
        self.at(self.url.find(['?', '#'])?)
    }

    /// Returns the first secret parameter after the character of [`BETWEEN`] at `between`, or after a later one.
    /// `None`: there is none.
    fn at(&self, mut between: usize) -> Option<SecretParameter> {
        loop {
            // Each character of `BETWEEN` is one byte long.
            let start = between + 1;
            let rest = self.url.get(start..)?;
            let name = name_of(rest);
            let name_end = start + name.len();
            let has_value = self.url[name_end..].starts_with('=');
            // A fragment without a value is a position in a document.
            let is_place = !has_value && self.url[between..].starts_with('#');
            if !is_place && self.redaction.is_secret_query(&read(name)) {
                let value = &self.url[name_end..];
                let length = value.find(['&', '#']).unwrap_or(value.len());
                let end = name_end + if has_value { length } else { 0 };
                return Some(SecretParameter { name_end, end });
            }
            between = name_end + self.url[name_end..].find(BETWEEN)?;
        }
    }
}

/// Returns the name at the beginning of a text, as it is written.
fn name_of(text: &str) -> &str {
    let ends = |c| c == '=' || BETWEEN.contains(&c);
    &text[..text.find(ends).unwrap_or(text.len())]
}

/// Returns a name as it is compared: without the tabs and line breaks that a parsed URL does not have, and
/// percent-decoded.
fn read(name: &str) -> Cow<'_, str> {
    let dropped = ['\t', '\n', '\r'];
    if !name.contains('%') && !name.contains(dropped) {
        return name.into();
    }
    let name = name.replace(dropped, "");
    let name = percent_decode_str(&name).decode_utf8_lossy();
    name.into_owned().into()
}
