//! Bodies of requests, as the caller hands them in.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::{BodyPieces, PieceSource, Reader, Request, RequestContent};
use crate::url;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

/// Key of a line of input that gives a body in a form of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineBody {
    Json,
    Form,
}

impl Request {
    /// Sets the body, which is sent as it is.
    #[doc(alias = "data")]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Request {
        let content = self.content_mut();
        (content.body, content.body_file) = (RequestContent::Bytes(bytes.into()), None);
        self
    }

    /// Sets a text body, with `Content-Type: text/plain; charset=utf-8` unless one was set.
    pub fn text(self, text: impl Into<String>) -> Request {
        self.content_type("text/plain; charset=utf-8")
            .body(text.into())
    }

    /// Sets a JSON body, with `Content-Type: application/json` unless one was set.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Request {
        match serde_json::to_vec(value) {
            Ok(bytes) => self.content_type("application/json").body(bytes),
            Err(e) => self.spoiled(format!("the body cannot be written as JSON: {e}")),
        }
    }

    /// Sets a form body, with `Content-Type: application/x-www-form-urlencoded` unless one was set.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(
        self,
        fields: impl IntoIterator<Item = (N, V)>,
    ) -> Request {
        let fields: Vec<_> = fields.into_iter().collect();
        let text = url::form(
            fields
                .iter()
                .map(|(name, value)| (name.as_ref(), value.as_ref())),
        );
        self.content_type("application/x-www-form-urlencoded")
            .body(text)
    }

    /// Sends a file, read while it is sent and never whole in memory, with its length as `Content-Length`.
    ///
    /// - Each attempt, and each redirect that takes the body along, opens the file anew and sends it from its
    ///   beginning.
    /// - A file that is missing, a directory, not regular or not readable fails with class
    ///   [`InvalidRequest`](crate::ErrorType::InvalidRequest) before anything is sent; a file that becomes shorter or
    ///   longer while it is sent, with class [`Io`](crate::ErrorType::Io). Both name the path.
    /// - Like every streamed body, it has no limit for the whole attempt, but a limit of 30 s without a single byte in
    ///   either direction. Limits set with [`timeouts`](Request::timeouts), here, on the client or for its host, hold.
    /// - If the file has 1 MiB or more, the server is asked first
    ///   ([`expect_continue_from`](crate::ClientBuilder::expect_continue_from)).
    /// - A record identifies the body by the file's path: see [`Key`](crate::record::Key).
    ///
    /// ```no_run
    /// use haul::{Client, Request};
    ///
    /// let uploads = (0..100).map(|i| {
    ///     Request::put(format!("https://example.com/backup/{i}.tar")).body_file(format!("backup/{i}.tar"))
    /// });
    /// for outcome in Client::new().as_completed(uploads) {
    ///     println!("{}: {:?}, {} bytes sent", outcome.url(), outcome.status(), outcome.bytes_sent());
    /// }
    /// ```
    #[doc(alias = "upload")]
    #[doc(alias = "upload-file")]
    pub fn body_file(self, path: impl Into<PathBuf>) -> Request {
        self.streamed(PieceSource::File(path.into()))
    }

    /// Returns the paths of the files that the body is read from while it is sent.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// let request = haul::Request::put("https://example.com/").body_file("photo.jpg");
    /// assert!(request.body_files().eq([Path::new("photo.jpg")]));
    /// ```
    pub fn body_files(&self) -> impl Iterator<Item = &Path> {
        self.sends().files()
    }

    /// Sends the content of a reader from its current position to its end, never whole in memory.
    ///
    /// The length is found by seeking and sent as `Content-Length`.
    ///
    /// A further attempt, or a redirect that takes the body along, sends the same content again: the reader is put back
    /// to where it stood. A reader whose position cannot be told or which cannot be put back is sent once: a failure
    /// after its first byte was read is final, with [`BodyNotReplayable`](crate::StopReason::BodyNotReplayable).
    ///
    /// Clones of the request share the reader. While one of them sends it, another fails with class
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest). A reader that fails ends the request with class
    /// [`Io`](crate::ErrorType::Io); a reader that blocks blocks its worker, and no cancel or time limit reaches it.
    ///
    /// Time limits and `Expect` are as for [`body_file`](Request::body_file). A failure log cannot hold the body.
    ///
    /// ```
    /// use std::io::{Cursor, Seek, SeekFrom};
    ///
    /// let mut reader = Cursor::new(b"headerpayload".to_vec());
    /// reader.seek(SeekFrom::Start(6))?;
    /// let request = haul::Request::put("https://example.com/payload").body_reader(reader);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn body_reader(self, reader: impl Read + Seek + Send + 'static) -> Request {
        self.streamed(PieceSource::Reader(Reader::seekable(reader)))
    }

    /// Sends the next `length` bytes of a reader, otherwise as [`body_reader`](Request::body_reader).
    ///
    /// A reader that ends before fails the request with class [`Io`](crate::ErrorType::Io).
    pub fn body_reader_sized(
        self,
        reader: impl Read + Seek + Send + 'static,
        length: u64,
    ) -> Request {
        self.streamed(PieceSource::Reader(Reader::seekable(reader).of(length)))
    }

    /// Sends the content of a reader that can be read only once.
    ///
    /// Examples are a pipe, another program's output, a compressor. With a `length`, that many bytes are sent, with a
    /// `Content-Length`; without, all of it, in chunks (`Transfer-Encoding: chunked`).
    ///
    /// No attempt follows after the first byte was read: a failure then is final, with
    /// [`BodyNotReplayable`](crate::StopReason::BodyNotReplayable), and so is a redirect that would take the body
    /// along. The request is sent on a new connection, since a kept-alive one may turn out to be closed. Otherwise as
    /// [`body_reader`](Request::body_reader).
    #[doc(alias = "chunked")]
    pub fn body_stream(
        self,
        reader: impl Read + Send + 'static,
        length: impl Into<Option<u64>>,
    ) -> Request {
        let reader = Reader::once(reader);
        self.streamed(PieceSource::Reader(match length.into() {
            Some(length) => reader.of(length),
            None => reader,
        }))
    }

    /// Returns the body. Empty if the body is streamed.
    pub fn body_bytes(&self) -> &[u8] {
        match self.sends() {
            RequestContent::Bytes(bytes) => bytes,
            RequestContent::Streamed(_) => &[],
        }
    }

    /// Sets the file that the bytes of the body were read from.
    pub(crate) fn body_read_from(mut self, path: Arc<str>) -> Request {
        self.content_mut().body_file = Some(path);
        self
    }

    /// Returns the file that the bytes of the body were read from. `None`: no file, or not known.
    pub(crate) fn body_file_of_bytes(&self) -> Option<&str> {
        self.content.as_ref()?.body_file.as_deref()
    }

    /// Sets the key with which a line of input gave the body.
    pub(crate) fn of_line(mut self, key: LineBody) -> Request {
        self.content_mut().line_body = Some(key);
        self
    }

    /// Returns the key with which a line of input gave the body. `None`: no key of its own.
    pub(crate) fn line_body(&self) -> Option<LineBody> {
        self.content.as_ref()?.line_body
    }

    pub(crate) fn sends(&self) -> &RequestContent {
        self.content
            .as_ref()
            .map_or(RequestContent::NONE, |content| &content.body)
    }

    fn streamed(self, source: PieceSource) -> Request {
        self.sending(BodyPieces::of(source))
    }

    pub(crate) fn sending(self, stream: BodyPieces) -> Request {
        self.sending_shared(Arc::new(stream))
    }

    pub(crate) fn sending_shared(mut self, stream: Arc<BodyPieces>) -> Request {
        let content = self.content_mut();
        (content.body, content.body_file) = (RequestContent::Streamed(stream), None);
        self
    }

    fn content_type(mut self, value: &'static str) -> Request {
        let headers = &mut self.content_mut().headers;
        if !headers.iter().any(|(name, _)| name == CONTENT_TYPE) {
            headers.push((CONTENT_TYPE, Some(HeaderValue::from_static(value))));
        }
        self
    }
}
