mod bodies;
#[cfg(feature = "multipart")]
mod form;
mod format;
mod lines;
mod reading;
mod requests;
mod secrets;

use serde_json::{Value, json};

use super::*;
use crate::error::ErrorType;
use crate::outcome::sample::{self, ms, response};
use crate::rejection::Rejection;
use crate::request::RejectionRule;
use crate::response::Hop;
use crate::{Outcome, State, Timeouts};

const SECRET: &str = "sesame";

fn line(outcome: &Outcome) -> String {
    Record::new(outcome, &RecordOptions::new()).to_line()
}

fn failure(outcome: &Outcome) -> String {
    Record::of_failure(outcome, &RecordOptions::new()).to_line()
}

fn value(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

fn ok(request: impl Into<Request>, content_type: &str, body: &[u8]) -> Outcome {
    sample::success(0, request, response("http://h/", 200, content_type, body))
}
