//! Matchers: the calls that an answer of a script is for.

use std::fmt;
use std::sync::Arc;

use super::calls::RecordedCall;
use crate::host::Host;
use crate::redact::Redaction;
use crate::url;
use http::Method;
use serde::Serialize;
use serde_json::Value;

/// Description of the requests that an answer of a [`Script`](super::Script) is for.
///
/// A URL is a path (`/items/1`, on any host) or absolute (`https://api.example.com/items/1`). With a query
/// (`/items?page=2`) the request's query must have the same parameters, in any order; without one the request may have
/// any. A closure is a matcher too: `|call: &Call| call.url().ends_with('7')`.
///
/// ```
/// use haul::testing::{Script, any, get, post, status};
///
/// let script = Script::new()
///     .on(get("/items?page=2").header("authorization", "Bearer t"), status(200))
///     .on(post("/items").json(serde_json::json!({"name": "pen"})), status(201))
///     .on(any(), status(404));
/// ```
#[derive(Clone)]
#[must_use = "a matcher does nothing until a script has it"]
pub struct Matcher {
    conditions: Vec<Condition>,
}

/// Property that a request must have.
#[derive(Clone)]
enum Condition {
    Method(Method),
    /// Scheme, host and port, as `https://example.com:8443`.
    Origin(String),
    Path(String),
    /// All parameters of the query, sorted.
    Query(Vec<(String, String)>),
    Parameter(String, String),
    Header(String, String),
    Body(Vec<u8>),
    Json(Value),
    Closure(Arc<dyn Fn(&RecordedCall) -> bool + Send + Sync>),
}

/// Matches GET requests to this URL.
pub fn get(url: impl AsRef<str>) -> Matcher {
    of(Method::GET, url.as_ref())
}

/// Matches POST requests to this URL.
pub fn post(url: impl AsRef<str>) -> Matcher {
    of(Method::POST, url.as_ref())
}

/// Matches PUT requests to this URL.
pub fn put(url: impl AsRef<str>) -> Matcher {
    of(Method::PUT, url.as_ref())
}

/// Matches PATCH requests to this URL.
pub fn patch(url: impl AsRef<str>) -> Matcher {
    of(Method::PATCH, url.as_ref())
}

/// Matches DELETE requests to this URL.
pub fn delete(url: impl AsRef<str>) -> Matcher {
    of(Method::DELETE, url.as_ref())
}

/// Matches HEAD requests to this URL.
pub fn head(url: impl AsRef<str>) -> Matcher {
    of(Method::HEAD, url.as_ref())
}

/// Matches requests of this method to this URL.
///
/// # Panics
/// If the method is no token (RFC 9110 section 9.1).
#[track_caller]
pub fn request(method: impl AsRef<str>, url: impl AsRef<str>) -> Matcher {
    let method = method.as_ref();
    match Method::from_bytes(method.as_bytes()) {
        Ok(method) => of(method, url.as_ref()),
        Err(_) => panic!("{method:?} is no method"),
    }
}

/// Matches every request.
pub fn any() -> Matcher {
    Matcher {
        conditions: Vec::new(),
    }
}

fn of(method: Method, url: &str) -> Matcher {
    any().with(Condition::Method(method)).url(url)
}

impl Matcher {
    fn with(mut self, condition: Condition) -> Matcher {
        self.conditions.push(condition);
        self
    }

    /// Requires this URL: see [`Matcher`].
    pub fn url(mut self, url: impl AsRef<str>) -> Matcher {
        let text = url.as_ref();
        let absolute = match text.starts_with('/') {
            true => format!("http://host{text}"),
            false => text.to_owned(),
        };
        // Compared in the form in which it is sent. A text that is no URL matches no request.
        let Ok(parsed) = url::parse(&absolute) else {
            return self.with(Condition::Path(text.to_owned()));
        };
        if !text.starts_with('/') {
            self = self.with(Condition::Origin(origin(parsed.uri())));
        }
        self = self.with(Condition::Path(parsed.uri().path().to_owned()));
        match parsed.uri().query() {
            Some(query) => self.with(Condition::Query(parameters(query))),
            None => self,
        }
    }

    /// Requires a header with this value. A header that is sent in several lines matches by any of them.
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Matcher {
        self.with(Condition::Header(name.into(), value.into()))
    }

    /// Requires a parameter of the query with this value, beside any others.
    pub fn query(self, name: impl Into<String>, value: impl Into<String>) -> Matcher {
        self.with(Condition::Parameter(name.into(), value.into()))
    }

    /// Requires this body.
    pub fn body(self, bytes: impl Into<Vec<u8>>) -> Matcher {
        self.with(Condition::Body(bytes.into()))
    }

    /// Requires a body that is this JSON value, however it is written.
    ///
    /// # Panics
    /// If the value cannot be written as JSON.
    #[track_caller]
    pub fn json(self, value: impl Serialize) -> Matcher {
        match serde_json::to_value(value) {
            Ok(value) => self.with(Condition::Json(value)),
            Err(error) => panic!("the value is no JSON: {error}"),
        }
    }

    /// Requires that the closure returns true.
    pub fn when(self, f: impl Fn(&RecordedCall) -> bool + Send + Sync + 'static) -> Matcher {
        self.with(Condition::Closure(Arc::new(f)))
    }

    /// Number of conditions: of several matchers that match, the one with the most decides.
    pub(super) fn weight(&self) -> usize {
        self.conditions.len()
    }

    pub(super) fn matches(&self, call: &RecordedCall) -> bool {
        let uri: Option<http::Uri> = call.url.parse().ok();
        let query = || uri.as_ref().and_then(http::Uri::query).unwrap_or_default();
        self.conditions.iter().all(|condition| match condition {
            Condition::Method(method) => call.method == method,
            Condition::Origin(wanted) => uri.as_ref().is_some_and(|uri| origin(uri) == *wanted),
            Condition::Path(path) => uri.as_ref().is_some_and(|uri| uri.path() == path),
            Condition::Query(wanted) => parameters(query()) == *wanted,
            Condition::Parameter(name, value) => parameters(query())
                .iter()
                .any(|(n, v)| (n, v) == (name, value)),
            Condition::Header(name, value) => call
                .headers
                .get_all(name)
                .iter()
                .any(|line| line.as_bytes() == value.as_bytes()),
            Condition::Body(bytes) => call.body == *bytes,
            Condition::Json(value) => call.json::<Value>().is_ok_and(|body| body == *value),
            Condition::Closure(f) => f(call),
        })
    }
}

/// Scheme, host and port of a URL.
fn origin(uri: &http::Uri) -> String {
    let Some(host) = Host::of(uri) else {
        return String::new();
    };
    match (host.scheme(), host.port()) {
        ("http", 80) | ("https", 443) => format!("{}://{}", host.scheme(), host.name()),
        (scheme, port) => format!("{scheme}://{}:{port}", host.name()),
    }
}

/// Parameters of a query, decoded and sorted.
fn parameters(query: &str) -> Vec<(String, String)> {
    let pairs = ::url::form_urlencoded::parse(query.as_bytes());
    let mut pairs: Vec<(String, String)> = pairs.into_owned().collect();
    pairs.sort();
    pairs
}

impl<F: Fn(&RecordedCall) -> bool + Send + Sync + 'static> From<F> for Matcher {
    fn from(f: F) -> Matcher {
        any().when(f)
    }
}

/// Method and URL, secrets masked, and the names of what else is required.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.conditions.is_empty() {
            return f.write_str("every request");
        }
        let (mut method, mut origin, mut path) = ("any method", "", "any path");
        let (mut query, mut others) = (String::new(), Vec::new());
        for condition in &self.conditions {
            match condition {
                Condition::Method(wanted) => method = wanted.as_str(),
                Condition::Origin(wanted) => origin = wanted,
                Condition::Path(wanted) => path = wanted,
                Condition::Query(pairs) => {
                    let mut text = ::url::form_urlencoded::Serializer::new(String::new());
                    query = text.extend_pairs(pairs).finish();
                    query.insert(0, '?');
                }
                Condition::Parameter(name, _) => others.push(format!("a parameter {name}")),
                Condition::Header(name, _) => others.push(format!("a header {name}")),
                Condition::Body(bytes) => others.push(format!("a body of {} bytes", bytes.len())),
                Condition::Json(_) => others.push("a JSON body".to_owned()),
                Condition::Closure(_) => others.push("a closure".to_owned()),
            }
        }
        let query = Redaction::USUAL.url(&format!("http://h/{query}"));
        let query = query.strip_prefix("http://h/").unwrap_or_default();
        write!(f, "{method} {origin}{path}{query}")?;
        match others.is_empty() {
            true => Ok(()),
            false => write!(f, " with {}", others.join(", ")),
        }
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Matcher({self})")
    }
}
