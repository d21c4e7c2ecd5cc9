//! Values that a URL gives the name of a file.

use percent_encoding::percent_decode_str;

use super::safe::{UNNAMED, halves, safe_part};
use crate::url::{self, Base};

/// Parts of a URL, decoded.
#[derive(Clone, Debug, Default)]
pub(super) struct UrlParts {
    scheme: String,
    host: String,
    port: String,
    /// Segments of the path, each safe as a name. There is at least one.
    path: Vec<String>,
    query: String,
}

impl UrlParts {
    /// Reads a URL. One that cannot be read has no parts: its request fails.
    pub(super) fn of(text: &str, base: Option<&Base>) -> UrlParts {
        let parsed = match base {
            Some(base) => base.resolve(text),
            None => url::parse(text),
        };
        let Ok(url) = parsed else {
            return UrlParts {
                path: vec![UNNAMED.to_owned()],
                ..UrlParts::default()
            };
        };
        let host = url.host();
        let uri = url.uri();
        UrlParts {
            scheme: uri.scheme_str().unwrap_or_default().to_owned(),
            host: host.as_ref().map_or("", |host| host.bare_name()).to_owned(),
            port: host.map_or(0, |host| host.port()).to_string(),
            path: path_of(uri.path()),
            query: decoded(uri.query().unwrap_or_default()),
        }
    }

    pub(super) fn path(&self) -> String {
        self.path.join("/")
    }

    pub(super) fn last_part(&self) -> &str {
        self.path.last().map_or(UNNAMED, String::as_str)
    }

    /// Returns the value of another name than `path`.
    pub(super) fn value(&self, name: &str) -> String {
        match name {
            "scheme" => &self.scheme,
            "host" => &self.host,
            "port" => &self.port,
            "query" => &self.query,
            "name" => self.last_part(),
            "stem" => halves(self.last_part()).0,
            _ => "",
        }
        .to_owned()
    }
}

/// Returns the ending of the last part of a URL's path, without its dot. `None`: it has none that is one.
pub(super) fn ending(path: &str) -> Option<String> {
    let last = path.rsplit('/').next()?;
    let last = decoded(last);
    let (_, end) = halves(&last);
    let end = end.strip_prefix('.')?;
    let is_ending = (1..=10).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric());
    is_ending.then(|| end.to_ascii_lowercase())
}

/// Splits a path into its segments, each safe as a name.
fn path_of(path: &str) -> Vec<String> {
    let mut segments: Vec<&str> = path.split('/').collect();
    let last = segments.pop().unwrap_or_default();
    let folders = segments.into_iter().filter(|segment| !segment.is_empty());
    folders
        .chain([last])
        .map(|segment| safe_part(&decoded(segment)))
        .collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
