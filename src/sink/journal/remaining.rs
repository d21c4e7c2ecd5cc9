//! Part of the input that has no outcome yet.

use std::fmt;
use std::io;
use std::iter::FusedIterator;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::cut_lists::CutLists;
use super::intents::IntentWriter;
use super::saves::SaveAnnouncer;
use super::seen::RequestProgress;
use super::{Recovery, Shared, Witness, journal_error};
use crate::batch::Pages;
use crate::record::KeyMaker;
use crate::request::{IntentLog, JournalFacts, Request, SaveLog};
use crate::sink::SinkError;

/// Iterator over the requests that have no outcome yet.
///
/// Made by [`Journal::remaining`](super::Journal::remaining).
#[must_use = "it is the input of the batch that the journal records"]
pub struct Remaining<I> {
    input: I,
    shared: Arc<Shared>,
    intents: Arc<dyn IntentLog>,
    saves: Arc<dyn SaveLog>,
    keys: KeyMaker,
    position: u64,
    /// True if the file held records or intents: every request is looked up.
    resuming: bool,
    retry_failed: bool,
    resume_writes: bool,
    /// Rule for the pages of lists. `None`: the requests are of no chain of pages.
    pages: Option<Pages>,
    lists: CutLists,
}

/// Makes the error for a batch whose requests come from outcomes: a later run would not know them.
pub(super) fn refused_follow(path: &Path) -> SinkError {
    journal_error(
        path,
        "a journal cannot record a batch of Client::follow",
        io::Error::new(
            io::ErrorKind::Unsupported,
            "a later run could not continue it (JsonLines records such a batch)",
        ),
    )
}

impl<I> Remaining<I> {
    pub(super) fn new(
        input: I,
        shared: Arc<Shared>,
        keys: KeyMaker,
        retry_failed: bool,
        resume_writes: bool,
    ) -> Remaining<I> {
        let resuming = !shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty();
        Remaining {
            input,
            intents: Arc::new(IntentWriter {
                shared: Arc::clone(&shared),
                keys: keys.clone(),
            }),
            saves: Arc::new(SaveAnnouncer(Arc::clone(&shared))),
            shared,
            keys,
            position: 0,
            resuming,
            retry_failed,
            resume_writes,
            pages: None,
            lists: CutLists::default(),
        }
    }

    /// Sets the rule by which first pages lead to further pages.
    pub(super) fn with_pages(mut self, pages: Option<Pages>) -> Remaining<I> {
        self.pages = pages;
        self
    }

    /// Calls the witness and returns its result. `None`: there is no witness.
    fn tell<A>(&self, what: impl FnOnce(&mut dyn Witness) -> A) -> Option<A> {
        let witness = self.shared.witness.get()?;
        let mut witness = witness.lock().unwrap_or_else(PoisonError::into_inner);
        Some(what(&mut **witness))
    }

    /// Returns how the request at this position is to be sent. `None`: the request has its outcome and is not sent.
    /// `Some(None)`: it is sent as it is. The position becomes that of the row that the outcome replaces, if there is one.
    fn resumed(&mut self, request: &Request, position: &mut u64) -> Option<Option<JournalFacts>> {
        // A method that may be repeated needs no intent.
        let writes = !request.method().is_idempotent();
        let mut resumed = JournalFacts {
            intents: writes.then(|| Arc::clone(&self.intents)),
            ..JournalFacts::default()
        };
        // A success that is known tells the journal only that an earlier failure is mended.
        let is_mended = request.has_succeeded();
        if !self.resuming {
            return (!is_mended).then(|| writes.then_some(resumed));
        }
        // An outcome that this run has found takes the place of an earlier failure, whatever it is.
        let retry_failed = self.retry_failed || request.has_outcome();
        let key = self.keys.of(request);
        self.tell(|witness| witness.sees(key, request));
        let mut seen = self
            .shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let place = match seen.next(key, retry_failed, self.resume_writes) {
            // The sitemap had come back, and has failed in this run.
            RequestProgress::Done if request.has_outcome() && !is_mended => RequestProgress::New,
            place => place,
        };
        let has_outcome = place != RequestProgress::New;
        let recovery = self
            .tell(|witness| witness.recovers(key, request, has_outcome))
            .unwrap_or(Recovery::None);
        match recovery {
            Recovery::None => {}
            Recovery::Failed => return None,
            Recovery::Recorded { sent, interrupted } => {
                if sent || interrupted {
                    // The intent of this request, if there is one, has its outcome now.
                    seen.take_interrupted(key);
                    self.shared.book.settle(key);
                }
                if !retry_failed || (interrupted && !self.resume_writes) {
                    return None;
                }
            }
        }
        *position = seen.index_of_row(key, *position, place);
        if place == RequestProgress::Done {
            self.lists.found_unpaged += u64::from(self.pages.is_some());
            return None;
        }
        if is_mended && !has_outcome && recovery == Recovery::None {
            return None;
        }
        resumed.supersedes = has_outcome || recovery != Recovery::None;
        if seen.take_interrupted(key) {
            if self.resume_writes {
                self.shared.book.reopen(key);
            } else {
                resumed.interrupted = true;
                resumed.intents = Some(Arc::clone(&self.intents));
            }
        }
        Some(Some(resumed))
    }
}

/// State of the chain of pages that begins with a request.
enum ChainProgress {
    /// No page has an outcome.
    New(Request),
    /// The chain goes on with this page.
    Goes(Request),
    /// The chain has its end.
    Ended,
}

impl<I> Remaining<I> {
    /// Counts a list whose further pages are not asked for, since this run asks for none.
    fn look_for_pages(&mut self, first: &Request, position: u64) {
        let seen = &self.shared.seen;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.has_chains() {
            let chain = seen.take_chain(self.keys.of(first), position);
            let goes_on = chain.is_some_and(|chain| chain.goes_on());
            self.lists.left_unpaged += u64::from(goes_on);
        }
    }

    /// Returns the page at which the chain that begins with this request goes on.
    fn page(&mut self, first: Request, position: u64) -> ChainProgress {
        if !self.resuming {
            return ChainProgress::New(first);
        }
        let Some(pages) = self.pages.as_ref() else {
            self.look_for_pages(&first, position);
            return ChainProgress::New(first);
        };
        let key = self.keys.of(&first);
        let mut seen = self
            .shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(chain) = seen.take_chain(key, position) else {
            return ChainProgress::New(first);
        };
        self.tell(|witness| witness.sees(key, &first));
        seen.next(key, self.retry_failed, self.resume_writes);
        let failed = chain.failed(pages, &self.keys, &first);
        if let Some(failed) = &failed {
            let key = self.keys.of(failed);
            self.tell(|witness| witness.sees(key, failed));
        }
        let again = self.retry_failed && (self.resume_writes || !chain.is_interrupted());
        let (request, supersedes) = match failed {
            Some(failed) if again => (failed, true),
            Some(_) => return ChainProgress::Ended,
            None => {
                let next = match chain.has_failed() {
                    // The link to the failed page was masked.
                    true if again => chain.again(pages, &self.keys, &first),
                    _ => chain.next(pages, &self.keys, &first),
                };
                match next {
                    Some(next) => (next.request, next.supersedes),
                    None => return ChainProgress::Ended,
                }
            }
        };
        let writes = !request.method().is_idempotent();
        if writes && supersedes && !chain.has_failed() && !self.resume_writes {
            // The server has carried out this page; asking for its masked link would carry it out once more.
            self.lists.warn_of_lost_link(&request);
            return ChainProgress::Ended;
        }
        let mut facts = JournalFacts {
            supersedes,
            intents: writes.then(|| Arc::clone(&self.intents)),
            ..JournalFacts::default()
        };
        let key = self.keys.of(&request);
        if seen.take_interrupted(key) {
            facts.interrupted = !self.resume_writes;
            facts.intents = Some(Arc::clone(&self.intents));
            if self.resume_writes {
                self.shared.book.reopen(key);
            }
        }
        ChainProgress::Goes(request.with_resumed(facts).at_index(position))
    }
}

impl<I> Iterator for Remaining<I>
where
    I: Iterator,
    I::Item: Into<Request>,
{
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        loop {
            let Some(request) = self.input.next() else {
                self.tell(|witness| witness.ends());
                self.lists.warn_of_counts();
                return None;
            };
            let request = request.into();
            let mut position = request.index().unwrap_or(self.position);
            self.position += u64::from(!request.has_succeeded());
            let request = match self.page(request, position) {
                ChainProgress::New(request) => request,
                ChainProgress::Goes(request) => return Some(request),
                ChainProgress::Ended => continue,
            };
            let Some(resumed) = self.resumed(&request, &mut position) else {
                continue;
            };
            let request = match resumed {
                Some(resumed) => request.with_resumed(resumed).at_index(position),
                None => request,
            };
            if request.saves_to().is_none() {
                return Some(request);
            }
            self.shared.book.make_ready();
            return Some(request.with_save_log(&self.saves));
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.input.size_hint();
        (if self.resuming { 0 } else { least }, most)
    }
}

impl<I> FusedIterator for Remaining<I>
where
    I: FusedIterator,
    I::Item: Into<Request>,
{
}

impl<I> fmt::Debug for Remaining<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remaining")
            .field("position", &self.position)
            .field("resuming", &self.resuming)
            .finish_non_exhaustive()
    }
}
