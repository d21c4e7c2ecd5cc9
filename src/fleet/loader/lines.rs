//! Lines of an input as they come.

use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::task::Poll;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::request::Request;

/// Number of requests that are read before the loader takes them.
const READ_AHEAD: usize = 256;

/// Source of the requests of an input.
pub(super) trait LoadLines {
    /// Returns the next request, or `None` at the end. `Pending`: none came in this time.
    fn next(&mut self, most: Duration) -> Poll<Option<Request>>;
}

/// Requests that are read by the loader itself, which waits for them.
pub(super) struct OwnLines<I>(pub(super) I);

impl<I: Iterator<Item = Request>> LoadLines for OwnLines<I> {
    fn next(&mut self, _most: Duration) -> Poll<Option<Request>> {
        Poll::Ready(self.0.next())
    }
}

/// Requests that are read on a thread of their own, so that a slow input does not hold the loader up.
pub(super) struct LinesApart {
    lines: Receiver<Option<Request>>,
    /// `None`: it was waited for.
    thread: Option<JoinHandle<()>>,
}

impl LinesApart {
    /// Begins to read.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn read<I>(requests: I) -> io::Result<LinesApart>
    where
        I: Iterator<Item: Into<Request>> + Send + 'static,
    {
        let (to, lines) = sync_channel(READ_AHEAD);
        let read = move || {
            // The reading ends when the loader has.
            let mut lines = requests.map(|request| Some(request.into())).chain([None]);
            drop(lines.try_for_each(|line| to.send(line)));
        };
        let thread = thread::Builder::new().name("haul-input".to_owned());
        Ok(LinesApart {
            lines,
            thread: Some(thread.spawn(read)?),
        })
    }
}

impl LoadLines for LinesApart {
    fn next(&mut self, most: Duration) -> Poll<Option<Request>> {
        match self.lines.recv_timeout(most) {
            Ok(line) => Poll::Ready(line),
            Err(RecvTimeoutError::Timeout) => Poll::Pending,
            Err(RecvTimeoutError::Disconnected) => {
                // An input that panics has not come to its end.
                if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
                    resume_unwind(panic);
                }
                Poll::Ready(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn urls(lines: &mut LinesApart) -> Vec<String> {
        let mut urls = Vec::new();
        while let Poll::Ready(Some(request)) = lines.next(LONG) {
            urls.push(request.url().to_owned());
        }
        urls
    }

    #[test]
    fn a_line_that_does_not_come_is_not_waited_for() {
        let (to, requests) = channel::<Request>();
        let mut lines = LinesApart::read(requests.into_iter()).unwrap();
        assert!(lines.next(Duration::ZERO).is_pending());
        to.send(Request::get("http://h/1")).unwrap();
        drop(to);
        assert_eq!(urls(&mut lines), ["http://h/1"]);
    }

    #[test]
    #[should_panic(expected = "the input breaks")]
    fn an_input_that_panics_has_no_end() {
        let broken = std::iter::once_with(|| -> Request { panic!("the input breaks") });
        let mut lines = LinesApart::read(broken).unwrap();
        urls(&mut lines);
    }
}
