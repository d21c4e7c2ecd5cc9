//! Secrets that one request has of its own, beside the names that are secret for all requests of a client.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Write as _;

use http::HeaderName;

use super::{MASK, presumed_authority};
use crate::url;

/// Secrets of one request, which a template has put into it.
#[derive(Clone, Default)]
pub(crate) struct OwnSecrets {
    /// Headers whose values hold a secret.
    pub(crate) headers: Vec<HeaderName>,
    /// Query parameters whose values hold a secret.
    pub(crate) query: Vec<String>,
    /// Secrets that stand in the URL or the body, where no name tells them.
    pub(crate) values: Vec<SecretValue>,
}

/// Secret text, and the places in which it stands.
#[derive(Clone)]
pub(crate) struct SecretValue {
    /// Name of the placeholder that the text was put in for.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) in_url: bool,
    pub(crate) in_body: bool,
}

/// Shows no secret.
impl fmt::Debug for OwnSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnSecrets")
            .field("headers", &self.headers)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

impl OwnSecrets {
    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.query.is_empty() && self.values.is_empty()
    }

    pub(super) fn has_header(&self, name: &HeaderName) -> bool {
        self.headers.contains(name)
    }

    pub(super) fn has_query(&self, name: &str) -> bool {
        self.query
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name))
    }

    /// Returns a URL with the secrets behind its host masked, and the names of those that were found.
    pub(super) fn mask_url<'t>(&self, text: Cow<'t, str>) -> (Cow<'t, str>, Vec<&str>) {
        let front = url::authority(&text).or_else(|| presumed_authority(&text));
        let front = front.map_or(0, |place| place.end);
        let (mut rest, mut found) = (Cow::Borrowed(&text[front..]), Vec::new());
        for value in self.values.iter().filter(|value| value.in_url) {
            for written in value.written_in_url() {
                if rest.contains(&written) {
                    rest = rest.replace(&written, MASK).into();
                    found.push(&*value.name);
                }
            }
        }
        match rest {
            Cow::Owned(rest) => (format!("{}{rest}", &text[..front]).into(), found),
            Cow::Borrowed(_) => (text, found),
        }
    }

    /// Returns a body with its secrets masked. `None`: it has none, or is no text.
    pub(super) fn mask_body(&self, body: &[u8]) -> Option<String> {
        let mut text = Cow::Borrowed(std::str::from_utf8(body).ok()?);
        for value in self.values.iter().filter(|value| value.in_body) {
            let quoted = serde_json::Value::from(&*value.text).to_string();
            let within_json = quoted[1..quoted.len() - 1].to_owned();
            for written in [within_json].into_iter().chain(value.written_in_url()) {
                if text.contains(&written) {
                    text = text.replace(&written, MASK).into();
                }
            }
        }
        match text {
            Cow::Owned(text) => Some(text),
            Cow::Borrowed(_) => None,
        }
    }
}

impl SecretValue {
    /// Returns the forms in which the text may stand in a URL, the longest first.
    fn written_in_url(&self) -> Vec<String> {
        let component: String = url::component(&self.text).collect();
        let form = component.replace("%20", "+");
        let mut visible = String::new();
        for byte in self.text.bytes() {
            match byte.is_ascii_graphic() {
                true => visible.push(char::from(byte)),
                false => {
                    let _ = write!(visible, "%{byte:02X}");
                }
            }
        }
        let mut forms = vec![component, form, visible, self.text.clone()];
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        forms.retain(|form| !form.is_empty());
        forms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &str) -> OwnSecrets {
        let value = SecretValue {
            name: "token".to_owned(),
            text: text.to_owned(),
            in_url: true,
            in_body: true,
        };
        OwnSecrets {
            values: vec![value],
            ..OwnSecrets::default()
        }
    }

    #[test]
    fn a_value_is_masked_behind_the_host_in_each_form_of_a_url() {
        for (text, url, shown) in [
            (
                "7",
                "http://127.0.0.7:7/bot7/x",
                "http://127.0.0.7:7/bot***/x",
            ),
            (
                "a/b c",
                "http://h/a%2Fb%20c?q=a%2Fb+c",
                "http://h/***?q=***",
            ),
            ("a/b c", "/x/a/b%20c#a/b c", "/x/***#***"),
            ("é", "http://h/%C3%A9", "http://h/***"),
        ] {
            let secrets = secrets(text);
            let (masked, found) = secrets.mask_url(url.into());
            assert_eq!((&*masked, found.is_empty()), (shown, false));
        }
        let secrets = secrets("x");
        let (masked, found) = secrets.mask_url("http://x.example/a".into());
        assert_eq!((&*masked, found.len()), ("http://x.example/a", 0));
    }

    #[test]
    fn a_value_is_masked_in_each_form_of_a_body() {
        for (text, body, shown) in [
            ("a\"b", r#"{"p":"a\"b"}"#, r#"{"p":"***"}"#),
            ("a b", "p=a+b&q=a%20b", "p=***&q=***"),
        ] {
            assert_eq!(
                secrets(text).mask_body(body.as_bytes()).as_deref(),
                Some(shown)
            );
        }
        assert_eq!(secrets("x").mask_body(b"abc"), None);
    }

    #[test]
    fn debug_shows_no_value() {
        assert!(!format!("{:?}", secrets("sesame")).contains("sesame"));
    }
}
