//! The client haul.

use haul::{Client, Response};

use super::{Work, rows};
use crate::AnyError;

pub(super) fn run(work: &Work) -> Result<usize, AnyError> {
    let client = Client::builder().workers(work.at_once()).build()?;
    let outcomes = client.process(work.urls(), |response: &Response| {
        response.value().map(|value| rows(&value))
    });
    Ok(outcomes.filter(|outcome| outcome.is_success()).count())
}
