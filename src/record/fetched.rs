//! Inputs that were fetched from a server.

use super::{InputEntry, InputFormat, InputReader};
use crate::error::ErrorType;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::url;

/// Input that [`Client::fetch_input`](crate::Client::fetch_input) has fetched.
#[derive(Debug)]
pub struct FetchedInput {
    pub(crate) reader: InputReader,
    pub(crate) outcome: Outcome,
}

impl FetchedInput {
    /// Reads the next entry, as [`InputReader::next_entry`] does. `None`: there is no further entry.
    pub fn next_entry(&mut self) -> Option<InputEntry<'_>> {
        self.reader.next_entry()
    }

    /// Returns the format that was named or recognised.
    pub fn format(&self) -> InputFormat {
        self.reader.format()
    }

    /// Returns the outcome of the request, a success. Its response holds the beginning of the body.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// Keeps the credentials of a request of this input from hosts that the server of the input names.
    ///
    /// They go to the origin of the URL that was asked for, or to the one that its request was
    /// [bound to](Request::credentials_only_for). If another origin has answered, they go nowhere: what it names is not
    /// the word of the origin that they belong to.
    pub fn bind(&self, request: Request) -> Request {
        let own = self.outcome.request();
        let home = match own.home() {
            Some(home) => Some(home.clone()),
            None => url::parse(self.outcome.written_url())
                .ok()
                .and_then(|url| url.host()),
        };
        let answered = self
            .outcome
            .success()
            .and_then(|response| response.head().url.host());
        match home.filter(|home| !own.is_away_from_all() && answered.as_ref() == Some(home)) {
            Some(home) => request.with_credentials_for(home),
            None => request.without_credentials(),
        }
    }

    /// Returns the outcome of the request, a success, and drops the input.
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }

    /// Returns the outcome of the request as a failure of this class, which was found in the input.
    ///
    /// It keeps attempts, times and response. [`InputEntry::fault`] returns the class of a fault that ends the input.
    pub fn into_failure(self, class: ErrorType, message: impl Into<String>) -> Outcome {
        self.outcome.into_failure(class, message.into())
    }
}
