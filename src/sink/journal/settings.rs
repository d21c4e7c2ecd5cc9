//! Settings of a journal, made before its batch begins.

use std::io;
use std::path::Path;

use super::{Journal, journal_error};
use crate::batch::Pages;
use crate::record::{Layout, RecordOptions};
use crate::sink::SinkError;
use crate::sink::database::is_database;

impl Journal {
    /// Sets which bodies and headers the records keep, and the base URL that their keys cover.
    ///
    /// To be called before [`remaining`](Journal::remaining).
    pub fn records(mut self, options: RecordOptions) -> Journal {
        self.options = self.layout.adapt(options.key_version(self.version));
        self
    }

    /// True: requests whose last outcome is no success are sent again. Default false.
    ///
    /// Requests that ended as [`Interrupted`](crate::ErrorType::Interrupted) are sent again only with
    /// [`resume_writes`](Journal::resume_writes). The new record [replaces](crate::record::Record::supersedes) the old one; both stay
    /// in the file.
    pub fn retry_failed(mut self, retry: bool) -> Journal {
        self.retry_failed = retry;
        self
    }

    /// True: a request that must not be repeated and was under way when its run was cut off is sent again.
    ///
    /// Default false: the request ends as [`Interrupted`](crate::ErrorType::Interrupted).
    pub fn resume_writes(mut self, resume: bool) -> Journal {
        self.resume_writes = resume;
        self
    }

    /// Sets the rule by which the requests of the input lead to further pages.
    ///
    /// Requests that were made [first pages](Pages::first) are then handed on as the page at which their list goes on:
    /// the page after the last one that succeeded. A page that failed is left as it is, unless
    /// [`retry_failed`](Journal::retry_failed) is set. If a secret was masked in the link to the next page, the last page
    /// is asked for it once more; if that page's own link was masked too, and the secret is none of the request or of
    /// [`Pages::client_query`], the last page whose link is known. The pages after it are asked for again, and their
    /// records supersede the earlier ones.
    ///
    /// A list of which a page must not be [repeated](Journal::resume_writes) ends there. Such a list, and lists whose
    /// earlier results were made without pages or whose pages this run does not ask for, are named in warnings, with the
    /// log target `haul::lists`.
    ///
    /// To be called before [`remaining`](Journal::remaining).
    pub fn pages(mut self, pages: Pages) -> Journal {
        self.pages = Some(pages);
        self
    }

    /// Sets the command or task of the run, for the column `arguments` of a database.
    ///
    /// It must hold no secret.
    pub fn arguments(mut self, arguments: impl Into<String>) -> Journal {
        self.arguments = Some(arguments.into());
        self
    }

    /// True if the ending of a name promises an SQLite database: `.db`, `.sqlite` or `.sqlite3`.
    pub fn is_database(path: impl AsRef<Path>) -> bool {
        is_database(path.as_ref())
    }

    /// Form of the file's lines. Rows have the columns of the file, if it has some.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Refuses settings that need more than the columns of the file.
    pub(super) fn check_layout(&self) -> Result<(), SinkError> {
        let reason = if self.pages.is_some() && self.layout.columns().is_some() {
            "pages of lists are continued from whole records (JSON Lines)"
        } else if self.retry_failed && !self.layout.tells_failures() {
            "to send failures again, its rows need the columns \"outcome\", \"error_type\", \"attempts\" or \"timestamp\", \
             and \"supersedes\" or \"index\""
        } else {
            return Ok(());
        };
        let reason = io::Error::new(io::ErrorKind::InvalidInput, reason);
        Err(journal_error(&self.path, "cannot be continued", reason))
    }

    /// True: records outlive a crash of the machine too, not only of this process. Default false.
    ///
    /// Records are on the disk at most 200 ms after they were written, and an intent is on the disk before its
    /// request's first byte is sent.
    #[doc(alias = "fsync")]
    pub fn durable(self, durable: bool) -> Journal {
        self.out().durable = durable;
        self.shared.book.set_durable(durable);
        self
    }
}
