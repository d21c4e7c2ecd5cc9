//! Requests and their parts: a [`Tag`], the [`Chunk`]s of a body, with `multipart` forms.
//!
//! [`Request`] is at the root of the crate too.

#[cfg(not(feature = "multipart"))]
mod absent;
mod body;
mod cost;
mod digested;
mod download;
mod extension;
mod file_there;
mod from;
mod headers;
mod method;
#[cfg(feature = "multipart")]
mod multipart;
mod options;
mod page;
mod place;
mod receive;
mod resumed;
mod save;
mod session;
mod sitemap;
mod stream;
mod tag;

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use crate::redact::escape::Escaped;
use http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::rejection::Rejection;
use crate::response::Response;
use crate::settings::{RetryPolicy, StatusSet, Timeouts};
use crate::url::Mistake;

#[cfg(not(feature = "multipart"))]
pub(crate) use absent::FormBody;
pub(crate) use body::LineBody;
pub(crate) use cost::{CostOf, RequestCosts};
pub(crate) use digested::add_part;
pub(crate) use download::{DownloadOptions, hexadecimal, parse_sha256};
pub(crate) use headers::{check_removal, check_sent};
#[cfg(feature = "multipart")]
pub(crate) use multipart::FormBody;
#[cfg(feature = "multipart")]
pub use multipart::{Multipart, Part};
pub(crate) use options::{BadLine, Options, RejectionRule};
pub(crate) use page::{PageChain, PageFacts};
pub(crate) use place::InputPlace;
pub use receive::Chunk;
pub(crate) use receive::{BodyReceiver, BodyUse, PanicPayload, call_shared};
pub(crate) use resumed::{AnnouncedAttempt, AttemptRefusal, IntentLog, JournalFacts};
pub(crate) use save::{
    NamedFile, SaveLog, SaveNamer, SaveTo, continued_name, is_part_name, part_name, state_name,
};
pub(crate) use stream::{BodyPieces, BodyReader, Piece, PieceSource, Reader, RequestContent};
pub use tag::Tag;

/// A request: method, URL, headers, body, and settings in place of the client's defaults.
///
/// Building never fails. A mistake (a header name, a body that cannot be serialised) is kept and comes back as the
/// request's outcome, of class [`InvalidRequest`](crate::ErrorType::InvalidRequest): a bad request never ends a batch.
///
/// A URL alone is a GET request, so a list of URLs is a list of requests.
///
/// URLs are parsed as in browsers (the WHATWG URL Standard): blanks and other characters are escaped as far as the
/// standard says and no further, international host names are sent in their `xn--` form, dot segments are resolved, a
/// fragment is not sent. The zone of an IPv6 address (`http://[fe80::1%25eth0]/`, or with a bare `%`) chooses the
/// network interface and is not sent either.
///
/// ```
/// use haul::Request;
///
/// let simple: Request = "https://example.com/items/1".into();
/// let full = Request::post("https://example.com/items")
///     .header("x-trace", "7")
///     .query("dry_run", "true")
///     .json(&serde_json::json!({"name": "pen"}))
///     .bearer("secret")
///     .idempotent(true)
///     .id("item-7");
/// assert_eq!(full.method(), "POST");
/// ```
#[derive(Clone)]
#[must_use = "nothing is sent until a client is given the request"]
pub struct Request {
    /// Shared with the head of the response.
    url: Arc<str>,
    content: Option<Box<Content>>,
    options: Option<Box<Options>>,
    resumed: Option<Box<JournalFacts>>,
    place: Option<InputPlace>,
    /// Position in the input, plus 1. `None`: the batch counts its requests itself.
    number: Option<NonZeroU64>,
}

/// Method, headers and body of a request that is more than a URL.
#[derive(Clone)]
struct Content {
    method: Method,
    headers: Vec<HeaderEdit>,
    body: RequestContent,
    /// File that the bytes of the body were read from. `None`: no file, or not known.
    body_file: Option<Arc<str>>,
    /// Form in which a line of input gave the body. `None`: with its bytes, or the request was not read from a line.
    line_body: Option<LineBody>,
}

/// Header of the request's own. `None` in place of a value leaves the client's header out.
pub(crate) type HeaderEdit = (HeaderName, Option<HeaderValue>);

impl Request {
    /// Makes a request with any method.
    ///
    /// A standard method may be written in lower case and is sent in upper case; any other is sent as it is written.
    /// `CONNECT` is refused: the outcome is of class [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    ///
    /// ```
    /// use haul::Request;
    ///
    /// assert_eq!(Request::new("patch", "https://example.com/").method(), "PATCH");
    /// assert_eq!(Request::new("purge", "https://example.com/").method(), "purge");
    /// ```
    pub fn new(method: impl AsRef<str>, url: impl Into<String>) -> Request {
        let (method, invalid) = match method::parse(method.as_ref()) {
            Ok(method) => (method, None),
            Err(reason) => (Method::GET, Some(reason)),
        };
        let mut request = Request::get(url);
        if method != Method::GET {
            request.content_mut().method = method;
        }
        match invalid {
            Some(reason) => request.spoiled(reason),
            None => request,
        }
    }

    /// Makes a GET request.
    pub fn get(url: impl Into<String>) -> Request {
        Request {
            url: url.into().into(),
            content: None,
            options: None,
            resumed: None,
            place: None,
            number: None,
        }
    }

    /// Makes a HEAD request.
    pub fn head(url: impl Into<String>) -> Request {
        Request::new("HEAD", url)
    }

    /// Makes a POST request.
    pub fn post(url: impl Into<String>) -> Request {
        Request::new("POST", url)
    }

    /// Makes a PUT request.
    pub fn put(url: impl Into<String>) -> Request {
        Request::new("PUT", url)
    }

    /// Makes a PATCH request.
    pub fn patch(url: impl Into<String>) -> Request {
        Request::new("PATCH", url)
    }

    /// Makes a DELETE request.
    pub fn delete(url: impl Into<String>) -> Request {
        Request::new("DELETE", url)
    }

    /// Adds a query parameter, percent-encoded, after those in the URL.
    #[doc(alias = "params")]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.options_mut().query.push((name.into(), value.into()));
        self
    }

    /// Sets time limits of each attempt, in place of the client's.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Request {
        let own = &mut self.options_mut().timeouts;
        *own = timeouts.or(*own);
        self
    }

    /// Sets the retry policy, in place of the client's.
    ///
    /// Pass a clone of one `Arc` to share it between requests.
    #[doc(alias = "retries")]
    pub fn retry(mut self, policy: impl Into<Arc<RetryPolicy>>) -> Request {
        let policy = policy.into();
        if let Err(reason) = policy.check() {
            return self.spoiled(format!("retry policy: {reason}"));
        }
        self.options_mut().retry = Some(policy);
        self
    }

    /// Allows a single attempt, without retries.
    pub fn no_retry(self) -> Request {
        self.retry(RetryPolicy::none())
    }

    /// Sets the statuses that count as success, in place of the client's (100 to 399 by default).
    #[doc(alias = "raise_for_status")]
    pub fn accept(mut self, statuses: impl Into<StatusSet>) -> Request {
        self.options_mut().accept = Some(statuses.into());
        self
    }

    /// True: a body that is not JSON is a failure of class [`Decode`](crate::ErrorType::Decode).
    pub fn expect_json(mut self, expect: bool) -> Request {
        self.options_mut().expect_json = Some(expect);
        self
    }

    /// True: repeating this request is safe, whatever its method.
    pub fn idempotent(mut self, idempotent: bool) -> Request {
        self.options_mut().idempotent = idempotent;
        self
    }

    /// Upper bound for the redirects that are followed; 0: none, and the 3xx is the response.
    ///
    /// The client's default is 10.
    #[doc(alias = "allow_redirects")]
    pub fn max_redirects(mut self, most: u32) -> Request {
        self.options_mut().max_redirects = Some(most);
        self
    }

    /// Upper bound for the size of the body, in bytes after decompression. The client's default is 10 MiB.
    pub fn body_limit(mut self, bytes: u64) -> Request {
        self.options_mut().body_limit = Some(bytes);
        self
    }

    /// Requires that the JSON body holds `value` at `pointer` (RFC 6901), else the outcome is rejected.
    ///
    /// The rejection has code = the value found, message = the first of `/msg`, `/message`, `/error`. A body that is
    /// not JSON fails as [`Decode`](crate::ErrorType::Decode); HEAD and 204 are exempt. A code of more than 64 KiB is
    /// left out (null). No value is made of the rest of the body, however large it is.
    ///
    /// A pointer begins with `/`, or is empty and leads to the whole body. In a name, `~0` is a `~` and `~1` a `/`. Any
    /// other text makes the request invalid.
    ///
    /// ```
    /// let request = haul::Request::get("https://api.example.com/pay").require("/code", 0);
    /// ```
    pub fn require(mut self, pointer: impl Into<String>, value: impl Into<Value>) -> Request {
        match RejectionRule::require(pointer.into(), value.into()) {
            Ok(rule) => self.options_mut().rules.push(rule),
            Err(mistake) => {
                let reason = format!("require: {mistake}").into();
                // The position in the pointer is none in the line or the URL of the request.
                let position = None;
                return self.spoiled(Mistake {
                    reason,
                    position,
                    ..mistake
                });
            }
        }
        self
    }

    /// Adds a predicate that sees each accepted response and may reject it.
    ///
    /// It runs on the worker; a panic in it ends the request with class [`Panic`](crate::ErrorType::Panic). Predicates
    /// look at bodies of 32 KiB or more on as many workers at a time as there are cores. [`Response::pointer`] looks
    /// into a body without making a value of all of it.
    ///
    /// ```
    /// use haul::{Rejection, Request};
    ///
    /// let request = Request::get("https://api.example.com/pay").reject_if(|response| {
    ///     let code = response.pointer("/code").ok()??;
    ///     (code != 0).then(|| Rejection::new(code, "refused"))
    /// });
    /// ```
    pub fn reject_if(
        mut self,
        rule: impl Fn(&Response) -> Option<Rejection> + Send + Sync + 'static,
    ) -> Request {
        self.options_mut()
            .rules
            .push(RejectionRule::RejectIf(Arc::new(rule)));
        self
    }

    /// Sets the caller's own name for this request, kept in its outcome and record.
    #[doc(alias = "custom_id")]
    pub fn id(mut self, id: impl Into<String>) -> Request {
        self.options_mut().id = Some(id.into());
        self
    }

    /// Sets a tag: any value that the caller wants to find again in the outcome and record.
    pub fn tag(self, tag: impl Into<Value>) -> Request {
        self.tagged(Tag::from(tag.into()))
    }

    /// Sets a tag with the text that it is written back as: see [`Tag::parse`].
    ///
    /// For a tag without such a text see [`tag`](Request::tag).
    pub fn tagged(mut self, tag: Tag) -> Request {
        self.options_mut().tag = Some(tag);
        self
    }

    /// Returns the method.
    pub fn method(&self) -> &Method {
        static GET: Method = Method::GET;
        self.content
            .as_ref()
            .map_or(&GET, |content| &content.method)
    }

    /// Returns the URL as given. It may hold userinfo: use `Debug` to show a request.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn shared_url(&self) -> &Arc<str> {
        &self.url
    }

    /// Returns the caller's own name for this request. `None`: it has none.
    pub fn request_id(&self) -> Option<&str> {
        self.options()?.id.as_deref()
    }

    /// Returns the value of the request's tag. `None`: it has no tag.
    pub fn tag_value(&self) -> Option<&Value> {
        self.written_tag().map(Tag::value)
    }

    /// Returns the tag of the request, as it was written. `None`: it has no tag.
    pub fn written_tag(&self) -> Option<&Tag> {
        self.options()?.tag.as_ref()
    }

    pub(crate) fn options(&self) -> Option<&Options> {
        self.options.as_deref()
    }

    /// True if the request is a GET with a URL and nothing else.
    pub(crate) fn is_simple(&self) -> bool {
        self.content.is_none() && self.options.is_none() && self.resumed.is_none()
    }

    /// Returns the mistake that was made in building the request. `None`: no mistake.
    pub(crate) fn invalid(&self) -> Option<&Mistake> {
        self.options()?.invalid.as_ref()
    }

    fn content_mut(&mut self) -> &mut Content {
        self.content.get_or_insert_with(|| {
            Box::new(Content {
                method: Method::GET,
                headers: Vec::new(),
                body: RequestContent::EMPTY,
                body_file: None,
                line_body: None,
            })
        })
    }

    fn options_mut(&mut self) -> &mut Options {
        self.options.get_or_insert_default()
    }

    pub(crate) fn spoiled(mut self, mistake: impl Into<Mistake>) -> Request {
        self.options_mut()
            .invalid
            .get_or_insert_with(|| mistake.into());
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), Escaped(self.shown_url()))?;
        if let Some(id) = self.request_id() {
            write!(f, " (id {})", Escaped(id))?;
        }
        Ok(())
    }
}
