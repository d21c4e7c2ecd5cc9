//! Inputs that are fetched: lists under a URL, kept in a temporary file while they are read.

use std::io::{self, Read, Seek, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::Client;
use crate::error::ErrorType;
use crate::outcome::Outcome;
use crate::record::{FetchedInput, InputOptions, InputReader};
use crate::request::{Chunk, Request};
use crate::spill::TemporaryFile;

/// Number of bytes of a body that its outcome keeps, for a failure that shows them.
const KEPT: u64 = 64 << 10;

impl Client {
    /// Fetches an input and opens it: a list of URLs, a table, a sitemap under a URL.
    ///
    /// The body goes to a temporary file while it comes, so that memory is flat. Only a whole body is read: one that was
    /// cut short is asked for again as the retry policy says. [`InputOptions::largest`] bounds it.
    ///
    /// The client must not look into bodies (`require`, `expect_json`) unless the request is marked as
    /// [one for a sitemap](Request::of_sitemap).
    ///
    /// ```no_run
    /// use haul::record::{InputFormat, InputLines, InputOptions};
    /// use haul::{Client, Request};
    ///
    /// let client = Client::new();
    /// let request = Request::get("https://example.com/sitemap.xml.gz").of_sitemap();
    /// let options = InputOptions::new().format(InputFormat::Sitemap).largest(256 << 20);
    /// match client.fetch_input(request, &options) {
    ///     Ok(mut sitemap) => {
    ///         while let Some(entry) = sitemap.next_entry() {
    ///             println!("{:?}", entry.text());
    ///         }
    ///     }
    ///     Err(failed) => println!("{}: {:?}", failed.url(), failed.error()),
    /// }
    /// ```
    ///
    /// # Errors
    /// The outcome of the request if it is no success. A body that is no such input makes it one of class
    /// [`Decode`](ErrorType::Decode), and one beyond the bound one of class [`BodyTooLarge`](ErrorType::BodyTooLarge).
    pub fn fetch_input(
        &self,
        request: impl Into<Request>,
        options: &InputOptions,
    ) -> Result<FetchedInput, Box<Outcome>> {
        let body = Arc::new(Mutex::new(FetchedBody::within(options.largest_content())));
        let shared = Arc::clone(&body);
        let request = request.into().body_limit(KEPT).keep_encoding(false);
        let outcome = self.send(request.on_chunk(move |chunk| {
            let mut body = shared.lock().unwrap_or_else(PoisonError::into_inner);
            body.add(chunk)
        }));
        if !outcome.is_success() {
            return Err(Box::new(outcome));
        }
        let opened = {
            let mut body = body.lock().unwrap_or_else(PoisonError::into_inner);
            if outcome.report.size == 0 {
                // An empty body comes in no piece, which would have ended that of an earlier attempt.
                body.file = None;
            }
            body.open()
        };
        let failed =
            |outcome: Outcome, (class, message)| Box::new(outcome.into_failure(class, message));
        let content = match opened {
            Ok(content) => content,
            Err(failure) => return Err(failed(outcome, failure)),
        };
        match InputReader::open(content, options) {
            Ok(reader) => Ok(FetchedInput { reader, outcome }),
            Err(invalid) => Err(failed(outcome, (invalid.error_type(), invalid.to_string()))),
        }
    }
}

/// Body that comes piece by piece and is kept in a temporary file.
#[derive(Default)]
struct FetchedBody {
    /// `None`: no piece has come.
    file: Option<TemporaryFile>,
    length: u64,
    most: Option<u64>,
    failure: Option<(ErrorType, String)>,
}

impl FetchedBody {
    /// Makes a body of at most this many bytes. `None`: it has no bound.
    fn within(most: Option<u64>) -> FetchedBody {
        FetchedBody {
            most,
            ..FetchedBody::default()
        }
    }

    fn add(&mut self, chunk: Chunk<'_>) -> ControlFlow<()> {
        if chunk.is_first() {
            (self.file, self.length, self.failure) = (None, 0, None);
        }
        self.length += chunk.bytes().len() as u64;
        if let Some(most) = self.most.filter(|most| self.length > *most) {
            let message = format!("it has more than {most} bytes");
            self.failure = Some((ErrorType::BodyTooLarge, message));
            return ControlFlow::Break(());
        }
        match self.write(chunk.bytes()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failure = Some(unkept(&error));
                ControlFlow::Break(())
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(TemporaryFile::new()?),
        };
        file.file().write_all(bytes)
    }

    /// Takes the content, from its beginning.
    fn open(&mut self) -> Result<Box<dyn Read + Send>, (ErrorType, String)> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let Some(mut file) = self.file.take() else {
            return Ok(Box::new(io::empty()));
        };
        file.file().rewind().map_err(|error| unkept(&error))?;
        Ok(Box::new(file))
    }
}

fn unkept(error: &io::Error) -> (ErrorType, String) {
    let folder = std::env::temp_dir();
    let message = format!("{}: a temporary file failed: {error}", folder.display());
    (ErrorType::Io, message)
}
