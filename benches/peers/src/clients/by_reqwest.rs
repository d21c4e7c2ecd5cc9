//! reqwest on tokio: with a thread for each core, and with one.

use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::{Certificate, Client};
use serde_json::Value;
use tokio::runtime::Builder;

use super::{Work, rows};
use crate::AnyError;

#[derive(Clone, Copy)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

pub(super) fn run(work: &Work, protocol: Protocol) -> Result<usize, AnyError> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client(work, protocol)?;
        // Each fetch is spawned; otherwise all of them would run on the thread that waits here.
        let fetches = stream::iter(work.urls()).map(|url| tokio::spawn(fetch(client.clone(), url)));
        let results = fetches.buffer_unordered(work.at_once);
        let ok = results.filter(|joined| ready(matches!(joined, Ok(Ok(_)))));
        Ok(ok.count().await)
    })
}

pub(super) fn run_on_one_thread(work: &Work, protocol: Protocol) -> Result<usize, AnyError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client(work, protocol)?;
        let fetches = stream::iter(work.urls()).map(|url| fetch(client.clone(), url));
        let results = fetches.buffer_unordered(work.at_once);
        Ok(results.filter(|result| ready(result.is_ok())).count().await)
    })
}

fn client(work: &Work, protocol: Protocol) -> Result<Client, AnyError> {
    let mut client = Client::builder()
        .timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(work.at_once)
        .tls_certs_only(trusted(work)?);
    // The server offers both: HTTP/2 is spoken unless the client asks for HTTP/1.1.
    if let Protocol::Http1 = protocol {
        client = client.http1_only();
    }
    Ok(client.build()?)
}

/// Returns the certificates that reqwest is to trust. Without any it would read all those of the system, for plain HTTP
/// too. Also makes ring its cryptography.
pub(super) fn trusted(work: &Work) -> Result<Vec<Certificate>, AnyError> {
    // This fails if the process has a provider, which then is this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Some(file) = &work.ca else {
        return Ok(Vec::new());
    };
    Ok(Certificate::from_pem_bundle(&std::fs::read(file)?)?)
}

async fn fetch(client: Client, url: String) -> Result<(String, usize), reqwest::Error> {
    let value: Value = client.get(&url).send().await?.json().await?;
    Ok((url, rows(&value)))
}
