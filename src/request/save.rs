//! Response bodies that are saved to files.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Request;
use super::download::hexadecimal;
use crate::digest::Sha256;
use crate::redact;
use crate::response::Response;

/// File that the body of an accepted response is saved to.
#[derive(Clone)]
pub(crate) struct SaveTo {
    pub(crate) path: PathBuf,
    /// True: the file is on the disk, not just with the system, before the outcome is handed out.
    pub(crate) durable: bool,
    /// True: an existing file may be replaced.
    pub(crate) replace: bool,
    /// True if the path has a number, because the name without it was taken.
    pub(crate) numbered: bool,
    /// Rule by which the response names the file. `None`: `path` is its name. Otherwise the unfinished file stands beside
    /// `path`, and no file gets this name.
    pub(crate) namer: Option<Arc<dyn SaveNamer>>,
    /// Log of the unfinished files. `None`: none is kept.
    pub(crate) log: Option<Arc<dyn SaveLog>>,
}

/// Rule by which a response names the file of its body.
pub(crate) trait SaveNamer: Send + Sync {
    /// Returns the name of the file, which no other file gets.
    ///
    /// # Errors
    /// When the directory of the file cannot be made.
    fn name(&self, response: &Response) -> io::Result<NamedFile>;
}

/// Name of a file, chosen among the names of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedFile {
    pub(crate) path: PathBuf,
    /// True: an existing file may be replaced.
    pub(crate) replace: bool,
    /// True if the path has a number, because the name without it was taken.
    pub(crate) numbered: bool,
}

/// Log of files that bodies are being saved to, so that a later run finds those that a kill left behind.
pub(crate) trait SaveLog: Send + Sync {
    /// Notes that the body of `path` is about to be written under the name `part`, beside it.
    ///
    /// # Errors
    /// When the note cannot be written: then no file must be made.
    fn begin(&self, path: &Path, part: &OsStr) -> io::Result<()>;

    /// Notes that the unfinished file is gone and has not become `path`.
    fn give_up(&self, path: &Path, part: &OsStr);
}

impl SaveTo {
    /// Saves to `path`, in place of an existing file.
    pub(crate) fn new(path: impl Into<PathBuf>) -> SaveTo {
        SaveTo {
            path: path.into(),
            durable: false,
            replace: true,
            numbered: false,
            namer: None,
            log: None,
        }
    }
}

impl fmt::Debug for SaveTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SaveTo({})", self.path.display())
    }
}

/// Upper bound in bytes for the part of an unfinished file's name that is the name of the file: file systems allow 255
/// in all.
const NAME: usize = 200;

/// Longest name in bytes to which `.part.json` can be added.
const LONGEST: usize = 245;

/// Returns the name of an unfinished file of the file with this name: `.NAME.<16 hex>.part`.
pub(crate) fn part_name(name: &OsStr, number: u64) -> String {
    let name = name.to_string_lossy();
    format!(".{}.{number:016x}.part", redact::beginning(&name, NAME))
}

/// Returns the name of an unfinished file that a later attempt continues: `NAME.part`, and for a name that is too long
/// for that or no UTF-8 its beginning and a digest.
pub(crate) fn continued_name(name: &OsStr) -> String {
    match name.to_str() {
        Some(name) if name.len() <= LONGEST => format!("{name}.part"),
        _ => {
            let mut hash = Sha256::new();
            hash.update(name.as_encoded_bytes());
            let digest = hexadecimal(&hash.finish()[..8]);
            let name = name.to_string_lossy();
            format!("{}.{digest}.part", redact::beginning(&name, NAME))
        }
    }
}

/// Returns the name of the small file that describes the unfinished file `part`.
pub(crate) fn state_name(part: &str) -> String {
    format!("{part}.json")
}

/// True if an unfinished file of the file with this name can be called `part`.
pub(crate) fn is_part_name(part: &str, name: &OsStr) -> bool {
    if part == continued_name(name) {
        return true;
    }
    let number = part
        .strip_suffix(".part")
        .and_then(|rest| rest.rsplit_once('.'));
    number.is_some_and(|(_, digits)| {
        digits.len() == 16
            && u64::from_str_radix(digits, 16).is_ok_and(|number| part_name(name, number) == part)
    })
}

impl Request {
    /// Writes the body of an accepted response to a file as it arrives, decompressed.
    ///
    /// The body is not kept in memory. [`Response::saved`](crate::Response::saved) then has the path, the size and the
    /// SHA-256 of the file.
    ///
    /// - The file appears at `path` whole or not at all: until its end the body stands in the same directory under a
    ///   name of its own (`.NAME.….part`), which is removed when the attempt fails, is cancelled or panics; only a
    ///   process that is killed leaves it behind. A file that is there already is replaced. Each attempt starts over,
    ///   unless the download [goes on](Request::resume).
    /// - There is no limit for the whole attempt and none for the size, but a limit of 30 s without a single byte.
    ///   Limits set with [`timeouts`](Request::timeouts) or [`body_limit`](Request::body_limit), here, on the client or
    ///   for its host, hold.
    /// - The body of a status that is not accepted is kept in memory, as always. A response that has no body by
    ///   definition (HEAD, 204, 304) and a redirect that is followed touch no file.
    /// - `reject_if` and `process` see an empty body and may open the file; it stays if they reject the response. With
    ///   [`require`](Request::require) or [`expect_json`](Request::expect_json), which look into the body, the request
    ///   is of class [`InvalidRequest`](crate::ErrorType::InvalidRequest).
    /// - A file that cannot be written (no such directory, no permission, a full disk) fails the request with class
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
    pub fn save_to(self, path: impl Into<PathBuf>) -> Request {
        self.saving(SaveTo::new(path))
    }

    /// Saves the body as [`save_to`](Request::save_to) does, and has the file survive a loss of power.
    ///
    /// The file is on the disk (fsync of the file and its directory) before its outcome is handed out.
    #[doc(alias = "fsync")]
    pub fn save_durably(self, path: impl Into<PathBuf>) -> Request {
        self.saving(SaveTo {
            durable: true,
            ..SaveTo::new(path)
        })
    }

    pub(crate) fn saving(mut self, to: SaveTo) -> Request {
        self.options_mut().save = Some(to);
        self
    }

    /// Sets the log that is told of the unfinished file of its body, if the body is saved.
    pub(crate) fn with_save_log(mut self, log: &Arc<dyn SaveLog>) -> Request {
        if let Some(save) = self.options.as_mut().and_then(|o| o.save.as_mut()) {
            save.log = Some(Arc::clone(log));
        }
        self
    }

    /// Returns the file that the body is saved to. `None`: the body is kept in memory.
    pub fn saves_to(&self) -> Option<&Path> {
        Some(&self.options()?.save.as_ref()?.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_unfinished_file_is_known_again() {
        let long = "x".repeat(255);
        for name in [
            "a",
            "logo.png",
            ".hidden",
            "a.0123456789abcdef.part",
            &*long,
        ] {
            let part = part_name(name.as_ref(), 0x0123_4567_89ab_cdef);
            assert!(
                part.len() <= 255 && is_part_name(&part, name.as_ref()),
                "{part}"
            );
            let part = continued_name(name.as_ref());
            assert!(
                state_name(&part).len() <= 255 && is_part_name(&part, name.as_ref()),
                "{part}"
            );
        }
    }

    #[test]
    fn other_names_are_none_of_an_unfinished_file() {
        for part in [
            "a",
            "",
            ".part",
            "..part",
            ".a.part",
            ".a.0123456789abcde.part",
            ".a.0123456789abcdef0.part",
            ".a.0123456789ABCDEF.part",
            ".a.+123456789abcdef.part",
            ".a.0123456789abcdef.part.bak",
            ".b.0123456789abcdef.part",
            "a.0123456789abcdef.part",
            "../.a.0123456789abcdef.part",
            ".a/.a.0123456789abcdef.part",
        ] {
            assert!(!is_part_name(part, "a".as_ref()), "{part}");
        }
    }
}
