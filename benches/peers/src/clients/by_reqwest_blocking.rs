//! reqwest's blocking client by hand.

use std::time::Duration;

use reqwest::blocking::Client;

use super::by_reqwest::trusted;
use super::{Work, rows, threads};
use crate::AnyError;

pub(super) fn run(work: &Work) -> Result<usize, AnyError> {
    let client = Client::builder()
        .timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(work.at_once)
        .tls_certs_only(trusted(work)?)
        .build()?;
    threads::run(work, |url| Ok(rows(&client.get(url).send()?.json()?)))
}
