//! Response bodies that are handed on as they come, or not kept at all.

use std::any::Any;
use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::Request;
use crate::sse::Event;
use http::Method;

/// Use that a request makes of the body of an accepted response.
#[derive(Clone, Default)]
pub(crate) enum BodyUse {
    /// The body is kept, in memory or in a file.
    #[default]
    Keep,
    /// The body is handed on as it comes.
    Stream(BodyReceiver),
    /// The body is not read, or read and dropped.
    Discard,
}

/// Closure that all clones of a request share.
type SharedClosure<F> = Arc<Mutex<F>>;

type OnChunk = dyn FnMut(Chunk<'_>) -> ControlFlow<()> + Send;
type OnEvent = dyn FnMut(&Event) -> ControlFlow<()> + Send;
type OnLine = dyn FnMut(&str) -> ControlFlow<()> + Send;

/// Closure that a body is handed on to, and the form in which it gets the body.
#[derive(Clone)]
pub(crate) enum BodyReceiver {
    Chunks(SharedClosure<OnChunk>),
    Events(SharedClosure<OnEvent>),
    Lines(SharedClosure<OnLine>),
}

impl fmt::Debug for BodyReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BodyReceiver::Chunks(_) => "Chunks",
            BodyReceiver::Events(_) => "Events",
            BodyReceiver::Lines(_) => "Lines",
        })
    }
}

/// Payload of a panic in the caller's closure.
pub(crate) type PanicPayload = Box<dyn Any + Send>;

/// Calls a shared closure. A closure that panicked in an earlier call is called again, as other hooks are.
pub(crate) fn call_shared<F: ?Sized>(
    shared: &SharedClosure<F>,
    call: impl FnOnce(&mut F) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, PanicPayload> {
    let mut closure = shared.lock().unwrap_or_else(PoisonError::into_inner);
    catch_unwind(AssertUnwindSafe(|| call(&mut closure)))
}

/// Piece of a response body, as [`Request::on_chunk`] gets it.
#[derive(Clone, Copy)]
pub struct Chunk<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) attempt: u32,
    pub(crate) is_first: bool,
}

impl<'a> Chunk<'a> {
    /// Returns the bytes, without the content coding they were sent in. They are never empty.
    ///
    /// Where a chunk ends says nothing: a line, or a character, may go on in the next one.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the number of the attempt that the chunk came in, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// True for the first chunk of an attempt: the body begins, or begins anew.
    pub fn is_first(&self) -> bool {
        self.is_first
    }
}

/// Size and attempt: the bytes may hold secrets.
impl fmt::Debug for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, attempt) = (self.bytes.len(), self.attempt);
        write!(f, "Chunk({bytes} bytes of attempt {attempt})")
    }
}

impl Request {
    /// Hands the body of an accepted response to a closure as it comes, decompressed.
    ///
    /// The closure runs on the worker, which keeps its place and its permit meanwhile: a slow closure slows down its own
    /// response and no other. [`ControlFlow::Break`] ends the request: it is a success, whose response
    /// [is truncated](crate::Response::is_truncated).
    ///
    /// - **Statuses.** Bodies of statuses that are not accepted, and of redirects that are followed, are not handed on.
    ///   They are kept as always.
    /// - **Memory.** The outcome keeps what was handed on, up to the [body limit](Request::body_limit) (10 MiB unless
    ///   set). A longer body is no failure: the response is truncated.
    /// - **Time.** The limit of an attempt ends with the response head, unless [`timeouts`](Request::timeouts) of this
    ///   request set it. Then the limit for a single read holds: 30 s without a byte unless set, here, on the client or
    ///   for the host. The deadlines of the retry policy and of the batch hold to the end.
    /// - **Retries.** A body that is cut short is a failed attempt, which the retry policy repeats as any other. The body
    ///   then begins anew: [`Chunk::is_first`] and [`Chunk::attempt`] say so. With [`no_retry`](Request::no_retry) each
    ///   byte comes once.
    /// - **Clones** of the request share the closure, behind a lock: calls wait for each other, so the closure must not
    ///   wait for the outcome of a clone.
    /// - **Panics** end the request with class [`Panic`](crate::ErrorType::Panic).
    ///
    /// Of `on_chunk`, [`on_event`](Request::on_event), [`on_line`](Request::on_line) and
    /// [`discard_body`](Request::discard_body) the last one set holds. Together with [`save_to`](Request::save_to),
    /// [`require`](Request::require) or [`expect_json`](Request::expect_json), which need the whole body, the request is
    /// of class [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    ///
    /// use haul::{Client, Request};
    ///
    /// let request = Request::get("https://example.com/large.csv").on_chunk(|chunk| {
    ///     if chunk.is_first() {
    ///         println!("attempt {}", chunk.attempt());
    ///     }
    ///     println!("{} bytes", chunk.bytes().len());
    ///     ControlFlow::Continue(())
    /// });
    /// let outcome = Client::new().send(request);
    /// println!("the first byte came after {:?}", outcome.first_byte());
    /// ```
    #[doc(alias = "stream")]
    #[doc(alias = "iter_content")]
    pub fn on_chunk(
        self,
        closure: impl FnMut(Chunk<'_>) -> ControlFlow<()> + Send + 'static,
    ) -> Request {
        self.streaming(BodyReceiver::Chunks(Arc::new(Mutex::new(closure))))
    }

    /// Hands each event of an event stream (`text/event-stream`) to a closure, when it has come whole.
    ///
    /// Time limits, memory, clones and panics are those of [`on_chunk`](Request::on_chunk). The events are read by the
    /// rules of [`sse::Parser`](crate::sse::Parser), whatever content type the response has. An event that is larger than
    /// the [body limit](Request::body_limit) fails the request with class
    /// [`BodyTooLarge`](crate::ErrorType::BodyTooLarge).
    ///
    /// haul does not connect again by itself: once a first event was handed on, a stream that breaks off is a failure
    /// that is not tried again. Its outcome keeps what came. A program that goes on from there sends the last
    /// [id](crate::sse::Event::id) as the header `Last-Event-ID`.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    ///
    /// use haul::{Client, Request};
    ///
    /// let request = Request::post("https://api.example.com/chat")
    ///     .json(&serde_json::json!({"prompt": "Hello", "stream": true}))
    ///     .on_event(|event| {
    ///         println!("{}", event.data());
    ///         match event.data() {
    ///             "[DONE]" => ControlFlow::Break(()),
    ///             _ => ControlFlow::Continue(()),
    ///         }
    ///     });
    /// let outcome = Client::new().send(request);
    /// assert!(outcome.is_success());
    /// ```
    #[doc(alias = "EventSource")]
    #[doc(alias = "sse")]
    pub fn on_event(
        self,
        closure: impl FnMut(&Event) -> ControlFlow<()> + Send + 'static,
    ) -> Request {
        self.streaming(BodyReceiver::Events(Arc::new(Mutex::new(closure))))
    }

    /// Hands each line of a body to a closure, when it has come whole: NDJSON, JSON lines, logs.
    ///
    /// A line comes without its end, LF or CRLF, and bytes that are not UTF-8 as U+FFFD. Empty lines, which servers send
    /// to keep a connection open, are left out, and so is a byte order mark. The last line needs no end, unless the body
    /// was cut short: then a part of a line is not handed on.
    ///
    /// Retries, and a line larger than the body limit, are treated as in [`on_event`](Request::on_event), all else as in
    /// [`on_chunk`](Request::on_chunk).
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    ///
    /// use haul::{Client, Request};
    ///
    /// let request = Request::get("https://example.com/log.ndjson").on_line(|line| {
    ///     match serde_json::from_str::<serde_json::Value>(line) {
    ///         Ok(entry) => println!("{}", entry["message"]),
    ///         Err(e) => println!("no JSON: {e}"),
    ///     }
    ///     ControlFlow::Continue(())
    /// });
    /// Client::new().send(request);
    /// ```
    #[doc(alias = "iter_lines")]
    #[doc(alias = "ndjson")]
    pub fn on_line(self, closure: impl FnMut(&str) -> ControlFlow<()> + Send + 'static) -> Request {
        self.streaming(BodyReceiver::Lines(Arc::new(Mutex::new(closure))))
    }

    /// Drops the body of an accepted response: only the status and the headers are wanted.
    ///
    /// A body of up to 64 KiB that comes within a second is read, so that the connection serves again; for others it is
    /// closed. No limit makes the body a failure, and none that is cut short. Bodies of statuses that are not accepted
    /// are kept as always. The response's [`bytes`](crate::Response::bytes) are empty.
    ///
    /// Together with [`save_to`](Request::save_to), [`require`](Request::require) or
    /// [`expect_json`](Request::expect_json) the request is of class
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    ///
    /// ```no_run
    /// use haul::{Client, Request};
    ///
    /// let outcome = Client::new().send(Request::get("https://example.com/large.iso").discard_body());
    /// println!("{:?}", outcome.status());
    /// ```
    pub fn discard_body(mut self) -> Request {
        self.options_mut().body_use = BodyUse::Discard;
        self
    }

    /// True: the content codings of the body stay, so that it has the bytes that the server sent.
    ///
    /// Default: the [client's](crate::ClientBuilder::keep_encoding), which is false.
    ///
    /// For a file whose checksum is known: a `.tar.gz` that is served with `Content-Encoding: gzip` stays one.
    /// [`content_encoding`](crate::Response::content_encoding) tells the codings, a [saved](Request::save_to) file and its
    /// digest have the bytes as they came, and so have size and limit. `Accept-Encoding` is sent as always.
    /// [`require`](Request::require) and [`expect_json`](Request::expect_json) look into no coded body: they make it a
    /// failure of class [`Decode`](crate::ErrorType::Decode).
    ///
    /// ```no_run
    /// use haul::{Client, Request};
    ///
    /// let request = Request::get("https://example.com/data.tar.gz").save_to("data.tar.gz");
    /// let outcome = Client::new().send(request.keep_encoding(true));
    /// println!("{:?}", outcome.saved());
    /// ```
    pub fn keep_encoding(mut self, keep: bool) -> Request {
        self.options_mut().keep_encoding = Some(keep);
        self
    }

    /// Asks again by GET if a server refuses the HEAD: with status 403, 404, 405 or 501.
    ///
    /// Some servers do not know HEAD, and answer it with one of these although the resource is there. The GET follows at
    /// once, whatever statuses are accepted, and [drops the body](Request::discard_body). It costs no retry and counts as
    /// no attempt of its own. [`Outcome::method`](crate::Outcome::method) and the record tell the method of the answer.
    ///
    /// The request must be a HEAD, otherwise it is of class [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    ///
    /// ```no_run
    /// use haul::{Client, Request};
    ///
    /// let links = ["https://example.com/", "https://example.org/"];
    /// for outcome in Client::new().as_completed(links.map(|url| Request::head(url).or_get())) {
    ///     println!("{} {}: {:?}", outcome.method(), outcome.url(), outcome.status());
    /// }
    /// ```
    pub fn or_get(mut self) -> Request {
        if *self.method() != Method::HEAD {
            let mistake = format!("or_get: the method is {}, not HEAD", self.method());
            return self.spoiled(mistake);
        }
        self.options_mut().or_get = true;
        self
    }

    fn streaming(mut self, receiver: BodyReceiver) -> Request {
        self.options_mut().body_use = BodyUse::Stream(receiver);
        self
    }
}
