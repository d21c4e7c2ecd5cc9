//! The client haul.

use haul::{Client, Response, TlsSettings};

use super::{Work, rows};
use crate::AnyError;

pub(super) fn run(work: &Work) -> Result<usize, AnyError> {
    let mut builder = Client::builder().workers(work.at_once);
    if let Some(ca) = &work.ca {
        builder = builder.tls(TlsSettings::new().ca_file(ca));
    }
    let client = builder.build()?;
    let outcomes = client.process(work.urls(), |response: &Response| {
        response.value().map(|value| rows(&value))
    });
    Ok(outcomes.filter(|outcome| outcome.is_success()).count())
}
