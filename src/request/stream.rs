//! Bodies that are read while they are sent.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Body of a request.
#[derive(Clone)]
pub(crate) enum RequestContent {
    Bytes(Vec<u8>),
    /// Read while it is sent. Clones of the request share it.
    Streamed(Arc<BodyPieces>),
}

impl RequestContent {
    /// Returns the bytes that the body takes in memory while the request waits.
    pub(crate) fn bytes_in_memory(&self) -> u64 {
        match self {
            RequestContent::Bytes(bytes) => bytes.len() as u64,
            RequestContent::Streamed(_) => 0,
        }
    }

    pub(crate) const EMPTY: RequestContent = RequestContent::Bytes(Vec::new());
    /// Body of a request that has none.
    pub(crate) const NONE: &'static RequestContent = &RequestContent::EMPTY;

    /// True if the body can be sent again, from its beginning.
    pub(crate) fn is_replayable(&self) -> bool {
        match self {
            RequestContent::Bytes(_) => true,
            RequestContent::Streamed(stream) => stream.readers().all(Reader::is_ready),
        }
    }

    /// Returns the paths of the files that the body is read from.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let pieces = match self {
            RequestContent::Bytes(_) => &[][..],
            RequestContent::Streamed(stream) => &stream.pieces,
        };
        pieces.iter().filter_map(|piece| match &piece.source {
            PieceSource::File(path) => Some(&**path),
            PieceSource::Bytes(_) | PieceSource::Boundary(_) | PieceSource::Reader(_) => None,
        })
    }

    /// True if the body has content of a reader, which is not known before it is read.
    pub(crate) fn has_reader(&self) -> bool {
        match self {
            RequestContent::Bytes(_) => false,
            RequestContent::Streamed(stream) => stream.readers().next().is_some(),
        }
    }

    /// True if the body can be sent once and no more.
    pub(crate) fn is_for_once(&self) -> bool {
        match self {
            RequestContent::Bytes(_) => false,
            RequestContent::Streamed(stream) => stream.readers().any(|reader| !reader.rewinds),
        }
    }
}

/// Pieces of a body, sent one after the other.
pub(crate) struct BodyPieces {
    pub(crate) pieces: Vec<Piece>,
}

impl BodyPieces {
    pub(crate) fn of(source: PieceSource) -> BodyPieces {
        let piece = Piece { part: None, source };
        BodyPieces {
            pieces: vec![piece],
        }
    }

    /// Returns the file that the body consists of. `None`: the body has other pieces.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.pieces[..] {
            [
                Piece {
                    source: PieceSource::File(path),
                    ..
                },
            ] => Some(path),
            _ => None,
        }
    }

    fn readers(&self) -> impl Iterator<Item = &Reader> {
        self.pieces.iter().filter_map(|piece| match &piece.source {
            PieceSource::Reader(reader) => Some(reader),
            PieceSource::Bytes(_) | PieceSource::Boundary(_) | PieceSource::File(_) => None,
        })
    }
}

/// Piece of a body.
pub(crate) struct Piece {
    /// Name of the part that the piece belongs to. `None`: the body has no parts.
    pub(crate) part: Option<String>,
    pub(crate) source: PieceSource,
}

/// Source of a piece's bytes.
pub(crate) enum PieceSource {
    Bytes(Vec<u8>),
    /// Bytes that only separate other pieces, and are not part of the content.
    Boundary(Vec<u8>),
    File(PathBuf),
    Reader(Reader),
}

/// Reader of the caller's. A worker that sends it takes it out of its slot, so that no lock is held while it is read.
pub(crate) struct Reader {
    /// Number of bytes that are sent. `None`: it is not known, and all bytes are sent.
    pub(crate) length: Option<u64>,
    /// True if the reader can be put back to the position at which it was handed in.
    rewinds: bool,
    slot: Mutex<Slot>,
}

enum Slot {
    /// Reader that stands at its beginning.
    Ready(BodyReader),
    /// Reader is being sent.
    Out,
    /// Reader was read and cannot be put back.
    Spent,
}

/// Reader while it is sent.
pub(crate) struct BodyReader {
    input: ReaderInput,
    touched: bool,
}

enum ReaderInput {
    Once(Box<dyn Read + Send>),
    /// Reader with the position at which it was handed in. `None`: the position cannot be told.
    Seekable(Box<dyn ReadSeek>, Option<u64>),
}

trait ReadSeek: Read + Seek + Send {}

impl<R: Read + Seek + Send> ReadSeek for R {}

impl Reader {
    /// Makes a reader that can be read only once.
    pub(crate) fn once(reader: impl Read + Send + 'static) -> Reader {
        Reader::new(ReaderInput::Once(Box::new(reader)), None)
    }

    /// Makes a reader that is sent from its current position.
    pub(crate) fn seekable(mut reader: impl Read + Seek + Send + 'static) -> Reader {
        let start = reader.stream_position().ok();
        let length = start.and_then(|start| Some((start, reader.seek(SeekFrom::End(0)).ok()?)));
        let back = match length {
            Some((start, _)) => reader.seek(SeekFrom::Start(start)).is_ok(),
            None => true,
        };
        let length = length.map(|(start, end)| end.saturating_sub(start));
        let mut reader = Reader::new(ReaderInput::Seekable(Box::new(reader), start), length);
        if !back {
            reader.slot = Mutex::new(Slot::Spent);
        }
        reader
    }

    /// Sends only the first `length` bytes of the reader.
    pub(crate) fn of(mut self, length: u64) -> Reader {
        self.length = Some(length);
        self
    }

    fn new(input: ReaderInput, length: Option<u64>) -> Reader {
        Reader {
            length,
            rewinds: matches!(input, ReaderInput::Seekable(_, Some(_))),
            slot: Mutex::new(Slot::Ready(BodyReader {
                input,
                touched: false,
            })),
        }
    }

    fn is_ready(&self) -> bool {
        matches!(*self.lock(), Slot::Ready(_))
    }

    /// Takes the reader, to be [put back](Reader::put_back).
    ///
    /// # Errors
    /// The reason why the reader is not there.
    pub(crate) fn take(&self) -> Result<BodyReader, &'static str> {
        let mut slot = self.lock();
        match std::mem::replace(&mut *slot, Slot::Out) {
            Slot::Ready(tape) => Ok(tape),
            Slot::Out => Err("a clone of the request is sending it"),
            Slot::Spent => {
                *slot = Slot::Spent;
                Err("it has been read and cannot be put back")
            }
        }
    }

    /// Puts the reader back, at its beginning if that can be done.
    pub(crate) fn put_back(&self, mut tape: BodyReader) {
        let ready = !tape.touched || tape.rewind();
        // The caller's own code, its drop too, runs outside the lock.
        let (next, spent) = match ready {
            true => (Slot::Ready(tape), None),
            false => (Slot::Spent, Some(tape)),
        };
        *self.lock() = next;
        drop(spent);
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyReader {
    fn rewind(&mut self) -> bool {
        // A reader that has panicked may panic again, which nothing could catch now.
        if std::thread::panicking() {
            return false;
        }
        let back = match &mut self.input {
            ReaderInput::Seekable(reader, Some(start)) => {
                reader.seek(SeekFrom::Start(*start)).is_ok()
            }
            ReaderInput::Seekable(_, None) | ReaderInput::Once(_) => false,
        };
        self.touched = !back;
        back
    }
}

impl Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.touched = true;
        match &mut self.input {
            ReaderInput::Once(reader) => reader.read(into),
            ReaderInput::Seekable(reader, _) => reader.read(into),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(reader: &Reader) -> Vec<u8> {
        let mut tape = reader.take().unwrap();
        let mut bytes = Vec::new();
        tape.read_to_end(&mut bytes).unwrap();
        reader.put_back(tape);
        bytes
    }

    #[test]
    fn a_reader_is_read_again_from_where_it_was_handed_in() {
        let mut cursor = Cursor::new(b"0123456789".to_vec());
        cursor.set_position(4);
        let reader = Reader::seekable(cursor);
        assert_eq!(reader.length, Some(6));
        for _ in 0..3 {
            assert_eq!(read(&reader), b"456789");
            assert!(reader.is_ready());
        }
    }

    #[test]
    fn a_body_that_can_be_read_once_is_ready_until_its_first_byte() {
        let reader = Reader::once(&b"abc"[..]);
        reader.put_back(reader.take().unwrap());
        assert!(reader.is_ready());
        assert_eq!(read(&reader), b"abc");
        assert!(!reader.is_ready());
        assert!(reader.take().err().unwrap().contains("put back"));
    }

    #[test]
    fn a_reader_that_is_out_is_not_handed_out_twice() {
        let reader = Reader::seekable(Cursor::new(b"abc".to_vec()));
        let tape = reader.take().unwrap();
        assert!(!reader.is_ready());
        assert!(reader.take().err().unwrap().contains("clone"));
        reader.put_back(tape);
        assert_eq!(read(&reader), b"abc");
    }

    /// Reader whose position cannot be told, or cannot be set.
    struct Stubborn {
        tells: bool,
        left: &'static [u8],
    }

    impl Read for Stubborn {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.left.read(into)
        }
    }

    impl Seek for Stubborn {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            match to {
                SeekFrom::Current(0) if self.tells => Ok(0),
                _ => Err(io::ErrorKind::Unsupported.into()),
            }
        }
    }

    #[test]
    fn a_reader_that_does_not_seek_is_for_once() {
        for tells in [true, false] {
            let reader = Reader::seekable(Stubborn {
                tells,
                left: b"abc",
            });
            assert_eq!(reader.length, None);
            assert_eq!(read(&reader), b"abc");
            assert!(!reader.is_ready());
        }
    }
}
