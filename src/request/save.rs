//! A response body that goes to a file.

use std::path::{Path, PathBuf};

use super::Request;

/// Where the body of an accepted answer goes to.
#[derive(Clone, Debug)]
pub(crate) struct SaveTo {
    pub(crate) path: PathBuf,
    /// On the disk, not just with the system, before the outcome.
    pub(crate) durable: bool,
}

impl Request {
    /// Writes the body of an accepted answer to a file as it arrives, decompressed, instead of keeping it in memory.
    /// [`Response::saved`](crate::Response::saved) then says where it is, how large, and its SHA-256.
    ///
    /// - The file appears at `path` whole or not at all: until its end the body stands in the same directory under a
    ///   name of its own (`.NAME.….part`), which is removed when the attempt fails, is cancelled or panics; only a
    ///   process that is killed leaves it behind. A file that is there already is replaced. Each attempt starts over.
    /// - There is no limit for the whole attempt and none for the size, but one of 30 s without a single byte. What is
    ///   set with [`timeouts`](Request::timeouts) or [`body_limit`](Request::body_limit), here, on the client or for
    ///   its host, holds.
    /// - The body of a status that is not accepted is kept in memory, as ever. What has no body by definition (HEAD, 204,
    ///   304) and a redirect that is followed touch no file.
    /// - `reject_if` and `process` see an empty body and may open the file; it stays if they say no. With
    ///   [`require`](Request::require) or [`expect_json`](Request::expect_json), which look into the body, the request
    ///   is of class [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    /// - What cannot be written (no such directory, no permission, a full disk) fails with class
    ///   [`Io`](crate::ErrorType::Io), naming the path and the reason, and is not tried again.
    ///
    /// ```no_run
    /// use haul::{Client, Request};
    ///
    /// let files = (0..100).map(|i| {
    ///     Request::get(format!("https://example.com/{i}.tar")).save_to(format!("downloads/{i}.tar"))
    /// });
    /// for outcome in Client::new().as_completed(files) {
    ///     match outcome.saved() {
    ///         Some(file) => println!("{} {} bytes, sha256 {}", file.path.display(), file.size, file.sha256),
    ///         None => println!("{}: {:?}", outcome.url(), outcome.error()),
    ///     }
    /// }
    /// ```
    #[doc(alias = "download")]
    pub fn save_to(mut self, path: impl Into<PathBuf>) -> Request {
        self.options_mut().save = Some(SaveTo {
            path: path.into(),
            durable: false,
        });
        self
    }

    /// As [`save_to`](Request::save_to), and the file is on the disk (fsync of the file and its directory) before its
    /// outcome is handed out: it survives a loss of power.
    #[doc(alias = "fsync")]
    pub fn save_durably(mut self, path: impl Into<PathBuf>) -> Request {
        self.options_mut().save = Some(SaveTo {
            path: path.into(),
            durable: true,
        });
        self
    }

    /// The file its body is to be saved to, where it is.
    pub fn saves_to(&self) -> Option<&Path> {
        Some(&self.options()?.save.as_ref()?.path)
    }
}
