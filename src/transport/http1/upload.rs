//! Streamed request body.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::request::{BodyPieces, BodyReader, Piece, PieceSource, Reader};
use crate::transport::connection::{descriptors, platform};

/// Streamed body, open for one attempt. When it is dropped, it puts the caller's readers back.
pub(in crate::transport) struct Upload<'a> {
    pieces: Vec<OpenPiece<'a>>,
    /// Index of the piece to be read from next.
    at: usize,
    /// Open file, with the index of its piece: the first file until it has been read, then each takes the place of the
    /// previous one. So no descriptor is missing after the request is on its way. `None`: no file is open.
    file: Option<(usize, File)>,
}

/// Piece of a streamed body.
struct OpenPiece<'a> {
    piece: &'a Piece,
    length: Option<u64>,
    read: u64,
    from: From<'a>,
}

enum From<'a> {
    Bytes(&'a [u8]),
    File(&'a Path),
    /// Reader with its tape. `None`: the upload is being dropped.
    Reader(&'a Reader, Option<BodyReader>),
}

/// Reason why a body was not sent to its end.
#[derive(Debug)]
pub(in crate::transport) struct Unsent {
    /// Name of the body, or of the part of it.
    name: String,
    pub(in crate::transport) reason: io::Error,
    /// True if the failure was found while the body was sent, and not before.
    pub(in crate::transport) begun: bool,
}

impl Unsent {
    fn new(piece: &Piece, reason: io::Error, begun: bool) -> Unsent {
        let path = match &piece.source {
            PieceSource::File(path) => Some(path.display().to_string()),
            PieceSource::Bytes(_) | PieceSource::Boundary(_) | PieceSource::Reader(_) => None,
        };
        let part = piece.part.as_ref().map(|part| format!("part {part:?}"));
        let name = match (part, path) {
            (Some(part), Some(path)) => format!("{part}: {path}"),
            (Some(name), None) | (None, Some(name)) => name,
            (None, None) => "the reader of its body".to_owned(),
        };
        Unsent {
            name,
            reason,
            begun,
        }
    }

    /// True if the failure will pass, since descriptors become free again.
    pub(in crate::transport) fn passes(&self) -> bool {
        platform::is_out_of_files(&self.reason)
    }
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

impl<'a> Upload<'a> {
    /// Opens and checks every piece that will be sent.
    pub(in crate::transport) fn open(stream: &'a BodyPieces) -> Result<Upload<'a>, Unsent> {
        let mut upload = Upload {
            pieces: Vec::with_capacity(stream.pieces.len()),
            at: 0,
            file: None,
        };
        for (at, piece) in stream.pieces.iter().enumerate() {
            let opened = From::open(&piece.source);
            let (from, length, file) =
                opened.map_err(|reason| Unsent::new(piece, reason, false))?;
            if let Some(file) = file
                && upload.file.is_none()
            {
                upload.file = Some((at, file));
            }
            upload.pieces.push(OpenPiece {
                piece,
                length,
                read: 0,
                from,
            });
        }
        Ok(upload)
    }

    /// Returns the number of bytes that will be sent. `None`: not known.
    pub(in crate::transport) fn length(&self) -> Option<u64> {
        let lengths = self.pieces.iter().map(|piece| piece.length);
        lengths.sum()
    }

    /// Fills the buffer, across pieces, except that bytes of a reader go out as they come. Returns 0 at the end of the
    /// body.
    pub(in crate::transport) fn read(&mut self, into: &mut [u8]) -> Result<usize, Unsent> {
        let mut filled = 0;
        while filled < into.len()
            && let Some(open) = self.pieces.get_mut(self.at)
        {
            match open.read(self.at, &mut self.file, &mut into[filled..]) {
                Ok(0) => self.at += 1,
                Ok(n) => {
                    filled += n;
                    if matches!(open.from, From::Reader(..)) {
                        break;
                    }
                }
                Err(reason) => return Err(Unsent::new(open.piece, reason, true)),
            }
        }
        Ok(filled)
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        for open in &mut self.pieces {
            if let From::Reader(reader, tape) = &mut open.from
                && let Some(tape) = tape.take()
            {
                reader.put_back(tape);
            }
        }
    }
}

impl<'a> From<'a> {
    /// Checks a piece and returns its source, its length, and its file if it is a file.
    fn open(source: &'a PieceSource) -> io::Result<(From<'a>, Option<u64>, Option<File>)> {
        Ok(match source {
            PieceSource::Bytes(bytes) | PieceSource::Boundary(bytes) => {
                (From::Bytes(bytes), Some(bytes.len() as u64), None)
            }
            PieceSource::File(path) => {
                let (mut file, length) =
                    open(path, || descriptors::open(|| platform::open_to_read(path)))?;
                // Some files that report a size of zero are not empty, and a body of zero bytes would never be read.
                if length == 0 {
                    ends(&mut file, 0)?;
                }
                (From::File(path), Some(length), Some(file))
            }
            PieceSource::Reader(reader) => {
                let tape = reader.take().map_err(io::Error::other)?;
                (From::Reader(reader, Some(tape)), reader.length, None)
            }
        })
    }
}

impl OpenPiece<'_> {
    /// Reads the next bytes, none at the end of the piece; an error if the end is not at the declared length. `at` is
    /// the piece's index, `held` the open file.
    fn read(
        &mut self,
        at: usize,
        held: &mut Option<(usize, File)>,
        into: &mut [u8],
    ) -> io::Result<usize> {
        let left = self.length.map(|length| length - self.read);
        let room = left.map_or(into.len(), |left| left.min(into.len() as u64) as usize);
        if room == 0 {
            return Ok(0);
        }
        let into = &mut into[..room];
        let n = match &mut self.from {
            From::Bytes(bytes) => bytes.read(into)?,
            From::File(path) => {
                if held.as_ref().is_none_or(|(of, _)| *of != at) {
                    let before = held.take();
                    let (file, length) = open(path, || {
                        descriptors::replace(before, || platform::open_to_read(path))
                    })?;
                    if Some(length) != self.length {
                        return Err(changed(self.length, length));
                    }
                    *held = Some((at, file));
                }
                match held {
                    Some((_, file)) => read_some(file, into)?,
                    None => 0,
                }
            }
            From::Reader(_, Some(tape)) => read_some(tape, into)?,
            From::Reader(_, None) => 0,
        };
        self.read += n as u64;
        match (n, self.length) {
            (0, Some(length)) => Err(io::Error::other(format!(
                "it ended after {} of {length} bytes",
                self.read
            ))),
            (_, Some(length)) if length == self.read => {
                if let (From::File(_), Some((_, file))) = (&self.from, held) {
                    ends(file, length)?;
                }
                Ok(n)
            }
            _ => Ok(n),
        }
    }
}

/// Opens a file that can be sent, and returns its length.
fn open(path: &Path, open: impl FnOnce() -> io::Result<File>) -> io::Result<(File, u64)> {
    // Checked before it is opened, since opening has side effects on some devices.
    check_regular(&fs::metadata(path)?)?;
    let file = open()?;
    // Checked again after that, since another file may have taken its place.
    let about = file.metadata()?;
    check_regular(&about)?;
    Ok((file, about.len()))
}

fn check_regular(about: &fs::Metadata) -> io::Result<()> {
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !about.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(())
}

/// Checks that the file ends here. A file that is longer than declared would be sent cut off.
fn ends(file: &mut File, length: u64) -> io::Result<()> {
    match read_some(file, &mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::other(format!(
            "it is longer than the {length} bytes it had"
        ))),
    }
}

fn changed(before: Option<u64>, now: u64) -> io::Error {
    let before = before.unwrap_or_default();
    io::Error::other(format!("it had {before} bytes and now has {now}"))
}

fn read_some(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match from.read(into) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
