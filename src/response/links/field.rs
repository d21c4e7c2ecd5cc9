//! Values of a `Link` header field, parsed as RFC 8288 appendix B.2 and B.3 say.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Value of a `Link` field: a target, and parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkValue {
    pub(super) target: String,
    /// Names in lower case, and values without quotes. The name of a value that was encoded by RFC 8187 (`title*`) is
    /// there with its value as written, and without the asterisk with the decoded value, before all others.
    pub(super) params: Vec<(String, String)>,
}

impl LinkValue {
    /// Returns the first value of the parameter of this name, which is in lower case.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let found = self.params.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| &**value)
    }

    /// Returns the relations in lower case. A link without one has the empty relation.
    pub(super) fn relations(&self) -> impl Iterator<Item = String> {
        let text = self.param("rel").unwrap_or_default();
        let mut words = text.split_ascii_whitespace().map(str::to_ascii_lowercase);
        let first = words.next().unwrap_or_default();
        [first].into_iter().chain(words)
    }
}

/// Returns the values of a field, one after the other. Text between commas that begins with no target is left out.
pub(super) fn parse(field: String) -> impl Iterator<Item = LinkValue> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let mut rest = Rest(field.get(at..)?.trim_start_matches(blank_or_comma));
            if rest.0.is_empty() {
                return None;
            }
            let value = rest.link_value();
            at = field.len() - rest.0.len();
            if value.is_some() {
                return value;
            }
        }
    })
}

fn blank_or_comma(c: char) -> bool {
    is_blank(c) || c == ','
}

/// True for optional white space (RFC 9110 §5.6.3).
fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// Part of a field that was not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Reads a value up to the comma behind it. `None`: the text up to there is no value.
    fn link_value(&mut self) -> Option<LinkValue> {
        let target = self.target();
        // The parameters are read in any case, since a comma in a quoted one ends no value.
        let mut params = Vec::new();
        loop {
            self.skip(is_blank);
            match self.0.chars().next() {
                None | Some(',') => break,
                Some(';') => self.skip(|c| c == ';'),
                Some(_) => params.extend(self.param()),
            }
        }
        Some(LinkValue {
            target: target?.trim_matches(is_blank).to_owned(),
            params: with_decoded(params),
        })
    }

    /// Reads the target between angle brackets. `None`: there is none. A bracket that is not closed takes the rest of
    /// the field with it.
    fn target(&mut self) -> Option<&'a str> {
        let rest = self.0.strip_prefix('<')?;
        let (target, rest) = match rest.split_once('>') {
            Some((target, rest)) => (Some(target), rest),
            None => (None, ""),
        };
        self.0 = rest;
        target
    }

    /// Reads a parameter. `None`: it has no name.
    fn param(&mut self) -> Option<(String, String)> {
        let name = self.take(|c| matches!(c, '=' | ';' | ',') || is_blank(c));
        self.skip(is_blank);
        let mut value = Cow::from("");
        if let Some(rest) = self.0.strip_prefix('=') {
            self.0 = rest.trim_start_matches(is_blank);
            value = match self.0.strip_prefix('"') {
                Some(rest) => {
                    self.0 = rest;
                    self.quoted().into()
                }
                None => {
                    let value = self.take(|c| matches!(c, ';' | ','));
                    value.trim_end_matches(is_blank).into()
                }
            };
        }
        (!name.is_empty()).then(|| (name.to_ascii_lowercase(), value.into_owned()))
    }

    /// Reads the rest of a quoted string, up to its closing quote or the end.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        let mut chars = self.0.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => text.extend(chars.next()),
                c => text.push(c),
            }
        }
        self.0 = chars.as_str();
        text
    }

    fn take(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let at = self.0.find(end).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(at);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) {
        self.0 = self.0.trim_start_matches(skipped);
    }
}

/// Puts the decoded values of parameters such as `title*` in front, so that they count before the plain ones.
fn with_decoded(params: Vec<(String, String)>) -> Vec<(String, String)> {
    let decoded = params.iter().filter_map(|(name, value)| {
        let name = name.strip_suffix('*').filter(|name| !name.is_empty())?;
        Some((name.to_owned(), decoded(value)?))
    });
    let mut all: Vec<_> = decoded.collect();
    // A relation, a target's anchor and such have no encoded form (RFC 8288 §3.4.2).
    all.retain(|(name, _)| !matches!(&**name, "rel" | "anchor" | "rev"));
    all.extend(params);
    all
}

/// Decodes a value of RFC 8187 in UTF-8: `UTF-8'en'%e2%82%ac%20rates`. `None`: the value is not of this form.
fn decoded(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, text) = rest.split_once('\'')?;
    let utf8 = charset.eq_ignore_ascii_case("utf-8");
    let decoded = utf8.then(|| percent_decode_str(text).decode_utf8().ok())?;
    decoded.map(Cow::into_owned)
}
