//! Failures that can end an attempt.

use std::error::Error;
use std::io;

use crate::transport::connect::Unconnected;
use crate::transport::connect::dial::Undialled;
use crate::transport::connect::proxy::Unproxied;
use crate::transport::connect::resolver::Unresolved;
use crate::transport::connection::wire::WireError;
use crate::transport::http1::NoResponse;
use crate::transport::http1::body::collect::BodyCut;
use crate::transport::http1::head::malformed::Malformed;
use crate::transport::http1::save::Unsaved;
use crate::transport::http1::upload::Unsent;

/// Error that ended an attempt.
#[derive(Debug)]
pub(in crate::transport) enum Failure {
    Cancelled,
    Resolve(Unresolved),
    Dial(Undialled),
    /// No descriptor is free for a file that the attempt needs beside its connection.
    Shortage(io::Error),
    /// The proxy does not connect to the server.
    Proxy(Unproxied),
    /// The connection broke, in any phase.
    Broken(WireError),
    /// The request cannot be written.
    Unsendable(Box<dyn Error + Send + Sync>),
    /// The stream ended before the response head was complete.
    Closed,
    /// The response head is not valid HTTP.
    Malformed(Malformed),
    /// A response of success came, and the request could not be sent to its end.
    Unfinished,
    /// More than this number of bytes of a response of success came before the request could be sent to its end.
    Overrun(u64),
    /// The request's body cannot be read.
    Unsent(Unsent),
    /// The body cannot be written to its file.
    Unsaved(Unsaved),
    /// The response body was not read to its end.
    Body(BodyCut),
}

impl From<Unresolved> for Failure {
    fn from(unresolved: Unresolved) -> Self {
        Failure::Resolve(unresolved)
    }
}

impl From<Unconnected> for Failure {
    fn from(unconnected: Unconnected) -> Self {
        match unconnected {
            Unconnected::Cancelled => Failure::Cancelled,
            Unconnected::Resolve(unresolved) => Failure::Resolve(unresolved),
            Unconnected::Dial(undialled) => Failure::Dial(undialled),
            Unconnected::Proxy(unproxied) => Failure::Proxy(unproxied),
            Unconnected::Broken(broken) => Failure::Broken(broken),
        }
    }
}

impl From<NoResponse> for Failure {
    fn from(no_response: NoResponse) -> Self {
        match no_response {
            NoResponse::Broken(broken) => Failure::Broken(broken),
            NoResponse::Unsendable(error) => Failure::Unsendable(error),
            NoResponse::Closed => Failure::Closed,
            NoResponse::Malformed(malformed) => Failure::Malformed(malformed),
            NoResponse::Unsent(unsent) => Failure::Unsent(unsent),
        }
    }
}
