//! reqwest on tokio: with a thread for each core, and with one.

use std::future::ready;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use reqwest::Client;
use serde_json::Value;
use tokio::runtime::Builder;

use super::{Work, rows};
use crate::AnyError;

pub(super) fn run(work: &Work) -> Result<usize, AnyError> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client(work)?;
        // Each fetch is spawned; otherwise all of them would run on the thread that waits here.
        let fetches = stream::iter(work.urls()).map(|url| tokio::spawn(fetch(client.clone(), url)));
        let results = fetches.buffer_unordered(work.at_once());
        let ok = results.filter(|joined| ready(matches!(joined, Ok(Ok(_)))));
        Ok(ok.count().await)
    })
}

pub(super) fn run_on_one_thread(work: &Work) -> Result<usize, AnyError> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = client(work)?;
        let fetches = stream::iter(work.urls()).map(|url| fetch(client.clone(), url));
        let results = fetches.buffer_unordered(work.at_once());
        Ok(results.filter(|result| ready(result.is_ok())).count().await)
    })
}

fn client(work: &Work) -> Result<Client, AnyError> {
    let client = Client::builder()
        .timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(work.at_once());
    Ok(client.build()?)
}

async fn fetch(client: Client, url: String) -> Result<(String, usize), reqwest::Error> {
    let value: Value = client.get(&url).send().await?.json().await?;
    Ok((url, rows(&value)))
}
