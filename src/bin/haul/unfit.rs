//! Messages about requests that cannot be sent.

use haul::record::InvalidLine;
use haul::{Error, Request};

use crate::list_forms::{ListForms, PlacedMistake, UnreadText};

/// Mistake in a request or its line, as messages show it.
pub(crate) struct ShownMistake<'a> {
    reason: String,
    position: Option<u64>,
    /// Part of the line that may be shown. `None`: there is no such part.
    text: Option<&'a str>,
}

impl<'a> ShownMistake<'a> {
    /// Makes the message of a line that could not be read.
    pub(crate) fn line(wrong: &'a InvalidLine) -> ShownMistake<'a> {
        ShownMistake {
            reason: wrong.to_string(),
            position: wrong.position(),
            text: wrong.text(),
        }
    }

    /// Makes the message of a request that the library does not send.
    pub(crate) fn request(error: &'a Error) -> ShownMistake<'a> {
        ShownMistake {
            reason: error.message().to_owned(),
            position: error.position(),
            text: error.text(),
        }
    }

    /// `urls.txt:3: what is wrong: "value" (URLs, column 7)`. `url`: the URL as it may be shown; empty if none was read.
    pub(crate) fn message(&self, request: &Request, url: &str, lists: &ListForms) -> String {
        let mut message = shown_place(request) + &self.reason;
        match self.text.unwrap_or(url) {
            "" => {}
            text => message += &format!(": {text:?}"),
        }
        let mistake = PlacedMistake {
            reason: &self.reason,
            text: self.text,
            position: self.position,
            unread: request.extension_value::<UnreadText>().copied(),
        };
        message + &lists.place(request.place().map(|place| place.to_string()), &mistake)
    }
}

/// A line that is no request: the stand-in request, which fails, and the mistake.
pub(crate) struct UnreadableLine {
    pub(crate) stand_in: Request,
    pub(crate) wrong: Box<InvalidLine>,
}

impl UnreadableLine {
    /// `urls.txt:3: what is wrong: "value" (URLs, column 7)`
    pub(crate) fn message(&self, lists: &ListForms) -> String {
        ShownMistake::line(&self.wrong).message(&self.stand_in, self.stand_in.url(), lists)
    }
}

/// Line that a request can be read from again, as an extension of the request.
#[derive(Clone, Debug)]
pub(crate) struct LineAgain(pub(crate) Vec<u8>);

impl LineAgain {
    /// Adds the line to the request.
    pub(crate) fn add(
        read: Result<Request, UnreadableLine>,
        line: impl Into<Vec<u8>>,
    ) -> Result<Request, UnreadableLine> {
        let line = line.into();
        changed(read, |request| request.extension(LineAgain(line.clone())))
    }
}

/// Sets the position in the whole input. `None`: the request is counted.
pub(crate) fn at_index(
    read: Result<Request, UnreadableLine>,
    index: Option<u64>,
) -> Result<Request, UnreadableLine> {
    changed(read, |request| match index {
        Some(index) => request.at_index(index),
        None => request,
    })
}

/// Changes the request, also one that stands for a line.
fn changed(
    read: Result<Request, UnreadableLine>,
    change: impl Fn(Request) -> Request,
) -> Result<Request, UnreadableLine> {
    read.map(&change).map_err(|bad| UnreadableLine {
        stand_in: change(bad.stand_in),
        wrong: bad.wrong,
    })
}

/// Returns the place of a request with a colon, or nothing if the place is not known.
pub(crate) fn shown_place(request: &Request) -> String {
    let place = request.place();
    place.map_or(String::new(), |place| format!("{place}: "))
}
