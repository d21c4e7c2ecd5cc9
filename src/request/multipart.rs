//! Bodies of several parts, which a form with files sends (RFC 7578).

use std::fmt;
use std::io::{Read, Seek};
use std::path::PathBuf;
use std::sync::Arc;

use super::{BodyPieces, Piece, PieceSource, Reader, Request, RequestContent};
use http::HeaderValue;
use http::header::CONTENT_TYPE;

/// A form with files: the body that `requests` sends for `files=` and curl for `-F`.
///
/// Files and readers are streamed, never whole in memory. The body has a `Content-Length` if all lengths are known, and
/// can be sent again if all its parts can.
///
/// ```no_run
/// use haul::request::{Multipart, Part};
/// use haul::{Client, Request};
///
/// let form = Multipart::new()
///     .text("title", "Holidays")
///     .file("photo", "photos/beach.jpg")
///     .part("notes", Part::bytes("a,b\n1,2\n").file_name("notes.csv").content_type("text/csv"));
/// let outcome = Client::new().send(Request::post("https://example.com/albums").multipart(form));
/// ```
///
/// Feature `multipart`.
#[derive(Default)]
#[must_use = "it is sent with `Request::multipart`"]
#[doc(alias = "files")]
#[doc(alias = "form-data")]
pub struct Multipart {
    parts: Vec<(String, Part)>,
}

/// A part of a [`Multipart`].
///
/// Feature `multipart`.
#[must_use = "it is added with `Multipart::part`"]
pub struct Part {
    source: PieceSource,
    file_name: Option<String>,
    content_type: Option<String>,
}

impl Multipart {
    /// Makes a form without parts.
    pub fn new() -> Multipart {
        Multipart::default()
    }

    /// Adds a field of text. The same name given twice is sent twice.
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Multipart {
        self.part(name, Part::text(value))
    }

    /// Adds a file under its own name, as with [`Part::file`].
    pub fn file(self, name: impl Into<String>, path: impl Into<PathBuf>) -> Multipart {
        self.part(name, Part::file(path))
    }

    /// Adds a part.
    pub fn part(mut self, name: impl Into<String>, part: Part) -> Multipart {
        self.parts.push((name.into(), part));
        self
    }
}

impl Part {
    /// Makes a part of text in UTF-8, which is sent as it is: no line end is changed.
    pub fn text(value: impl Into<String>) -> Part {
        Part::of(PieceSource::Bytes(value.into().into_bytes()))
    }

    /// Makes a part of bytes, of type `application/octet-stream` unless another is set.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Part {
        Part::of(PieceSource::Bytes(bytes.into())).content_type(BINARY)
    }

    /// Makes a part of a file, streamed as with [`Request::body_file`].
    ///
    /// The file is sent under the last part of its path and as `application/octet-stream` unless another name or type
    /// is set. An error in it names the part.
    pub fn file(path: impl Into<PathBuf>) -> Part {
        let path = path.into();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
        let mut part = Part::of(PieceSource::File(path)).content_type(BINARY);
        part.file_name = name;
        part
    }

    /// Makes a field whose value is the content of a file (curl's `NAME=<FILE`).
    ///
    /// The file is streamed as with [`Request::body_file`], and sent without a file name and without a type, unless they are set.
    pub fn text_file(path: impl Into<PathBuf>) -> Part {
        Part::of(PieceSource::File(path.into()))
    }

    /// Makes a part of the content of a reader from its current position.
    ///
    /// It is read as with [`Request::body_reader`], as `application/octet-stream` unless another type is set. Many
    /// servers take it for a file only if it has a [file name](Part::file_name).
    pub fn reader(reader: impl Read + Seek + Send + 'static) -> Part {
        Part::of(PieceSource::Reader(Reader::seekable(reader))).content_type(BINARY)
    }

    /// Makes a part of a reader that can be read only once; the whole form is then sent once.
    ///
    /// It is read as with [`Request::body_stream`].
    pub fn stream(reader: impl Read + Send + 'static, length: impl Into<Option<u64>>) -> Part {
        let reader = Reader::once(reader);
        let reader = match length.into() {
            Some(length) => reader.of(length),
            None => reader,
        };
        Part::of(PieceSource::Reader(reader)).content_type(BINARY)
    }

    /// Sets the name of the file that the server is told.
    #[doc(alias = "filename")]
    pub fn file_name(mut self, name: impl Into<String>) -> Part {
        self.file_name = Some(name.into());
        self
    }

    /// Sets the type, such as `image/png`. A type that may not be sent makes the request invalid.
    #[doc(alias = "mime_str")]
    pub fn content_type(mut self, content_type: impl Into<String>) -> Part {
        self.content_type = Some(content_type.into());
        self
    }

    fn of(source: PieceSource) -> Part {
        Part {
            source,
            file_name: None,
            content_type: None,
        }
    }

    /// Returns the lines before the part's content.
    fn head(&self, name: &str) -> Result<String, String> {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
        if let Some(file_name) = &self.file_name {
            head += &format!("; filename=\"{}\"", quoted(file_name));
        }
        if let Some(content_type) = &self.content_type {
            if HeaderValue::from_str(content_type).is_err() {
                return Err(format!(
                    "part {name:?}: the content type {content_type:?} holds a character that may not be sent"
                ));
            }
            head += &format!("\r\nContent-Type: {content_type}");
        }
        Ok(head + "\r\n\r\n")
    }
}

const BINARY: &str = "application/octet-stream";

impl Request {
    /// Sends a form with files, with the `Content-Type` that belongs to it, in place of any other.
    ///
    /// A part that cannot be sent (a file that is missing, an invalid content type) is a failure of class
    /// [`InvalidRequest`](crate::ErrorType::InvalidRequest) that names the part. For time limits and `Expect` see
    /// [`body_file`](Request::body_file). The form's [`Key`](crate::record::Key) is that of the parts, whatever
    /// boundary stands between them.
    ///
    /// Feature `multipart`.
    #[doc(alias = "files")]
    pub fn multipart(self, form: Multipart) -> Request {
        self.multipart_between(form, &boundary())
    }

    fn multipart_between(self, form: Multipart, boundary: &str) -> Request {
        match FormBody::new(form, boundary) {
            Ok(form) => self.form_body(&form),
            Err(reason) => self.spoiled(reason),
        }
    }

    /// Sends a form that other requests send too.
    pub(crate) fn form_body(self, form: &FormBody) -> Request {
        self.replace_header(CONTENT_TYPE, form.content_type.clone())
            .sending_shared(Arc::clone(&form.pieces))
    }
}

/// Body of a form, which several requests may share, and the type that names its boundary.
#[derive(Clone)]
pub(crate) struct FormBody {
    pieces: Arc<BodyPieces>,
    content_type: HeaderValue,
}

impl FormBody {
    /// Makes the body of a form, with a boundary of its own.
    pub(crate) fn of(form: Multipart) -> Result<FormBody, String> {
        FormBody::new(form, &boundary())
    }

    fn new(form: Multipart, boundary: &str) -> Result<FormBody, String> {
        let mut pieces = Vec::with_capacity(3 * form.parts.len() + 1);
        let mut push = |part: Option<String>, source| pieces.push(Piece { part, source });
        let mut before = String::new();
        for (name, part) in form.parts {
            let head = part.head(&name)?;
            let line = format!("{before}--{boundary}\r\n");
            before = "\r\n".to_owned();
            push(None, PieceSource::Boundary(line.into()));
            push(None, PieceSource::Bytes(head.into()));
            push(Some(name), part.source);
        }
        let end = format!("{before}--{boundary}--\r\n");
        push(None, PieceSource::Boundary(end.into()));
        let content_type = format!("multipart/form-data; boundary={boundary}");
        Ok(FormBody {
            pieces: BodyPieces { pieces }.into(),
            content_type: HeaderValue::try_from(content_type)
                .map_err(|e| format!("multipart: {e}"))?,
        })
    }

    /// True if the request sends this form.
    pub(crate) fn is_sent_by(&self, request: &Request) -> bool {
        match request.sends() {
            RequestContent::Streamed(pieces) => Arc::ptr_eq(pieces, &self.pieces),
            RequestContent::Bytes(_) => false,
        }
    }
}

/// Leaves out the content of the form.
impl fmt::Debug for FormBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormBody").finish_non_exhaustive()
    }
}

/// Returns a boundary that occurs in no part: 128 random bits.
fn boundary() -> String {
    format!("haul-{:032x}", fastrand::u128(..))
}

/// Writes a name as browsers, curl and `requests` write it between quotes (the HTML standard, "multipart/form-data
/// encoding algorithm").
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.parts.iter().map(|(name, part)| (name, part));
        f.debug_map().entries(parts).finish()
    }
}

/// Leaves out the content of the part.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Multipart) -> String {
        let request = Request::post("http://h/").multipart_between(form, "B");
        let RequestContent::Streamed(stream) = request.sends() else {
            panic!("not streamed")
        };
        let mut text = String::new();
        for piece in &stream.pieces {
            match &piece.source {
                PieceSource::Bytes(bytes) | PieceSource::Boundary(bytes) => {
                    text += std::str::from_utf8(bytes).unwrap();
                }
                PieceSource::File(path) => text += &format!("<{}>", path.display()),
                PieceSource::Reader(_) => text += "<reader>",
            }
        }
        text
    }

    #[test]
    fn parts_stand_between_boundaries() {
        let form = Multipart::new()
            .text("a", "1\n2")
            .file("f", "dir/x.bin")
            .part("t", Part::text_file("dir/y.txt"))
            .part(
                "r",
                Part::reader(std::io::Cursor::new("")).content_type("a/b"),
            );
        assert_eq!(
            written(form),
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\n2\r\n\
             --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n<dir/x.bin>\r\n\
             --B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n<dir/y.txt>\r\n\
             --B\r\nContent-Disposition: form-data; name=\"r\"\r\nContent-Type: a/b\r\n\r\n<reader>\r\n--B--\r\n"
        );
        assert_eq!(written(Multipart::new()), "--B--\r\n");
    }

    #[test]
    fn names_are_quoted_as_browsers_do() {
        let part = Part::text("").file_name("a\"b\\c\r\n;余.txt");
        let text = written(Multipart::new().part("x\"\n", part));
        assert!(text.contains("name=\"x%22%0A\""), "{text}");
        assert!(
            text.contains("filename=\"a%22b\\c%0D%0A;余.txt\""),
            "{text}"
        );
    }

    #[test]
    fn two_forms_have_two_boundaries() {
        assert_ne!(boundary(), boundary());
        assert_eq!(boundary().len(), 37);
    }

    #[test]
    fn a_content_type_that_may_not_be_sent_names_its_part() {
        let part = Part::text("x").content_type("text/plain\r\nX-Injected: 1");
        let request = Request::post("http://h/").multipart(Multipart::new().part("notes", part));
        let reason = &request.invalid().unwrap().reason;
        assert!(reason.contains("part \"notes\""), "{reason}");
    }
}
