//! Signs every attempt with a token that all workers share and that is fetched anew when it has expired.
//!
//! An attempt carries a bearer token and an HMAC-SHA-256 of method, path, time and body. A token lives for 60 ms; the
//! first worker that finds it expired fetches the next one, and the others wait for it.

mod server;

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use haul::settings::{Judgement, Outgoing};
use haul::{Client, Request, RetryPolicy};

type AnyError = Box<dyn Error + Send + Sync>;

const KEY: &[u8] = b"a key that client and server share";

fn main() -> Result<(), AnyError> {
    let base = server::start()?;
    let login = Client::builder().workers(1).base_url(&base).build()?;
    let current = Mutex::new(None);
    // A token may expire on its way to the server.
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(20))
        .classify(|attempt| (attempt.status == Some(401)).then_some(Judgement::Retry));
    let client = Client::builder()
        .workers(16)
        .base_url(&base)
        .retry(policy)
        .before_attempt(move |outgoing| sign(outgoing, &token(&login, &current)?))
        .build()?;

    let requests = (0..2000).map(|i| Request::put(format!("/signed/{i}")).body(format!("no. {i}")));
    let outcomes = client.as_completed(requests);
    let summary = outcomes.summary();
    let mut tokens = std::collections::BTreeSet::new();
    for outcome in outcomes {
        let response = outcome.into_result()?;
        tokens.extend(response.header("x-token").map(str::to_owned));
    }
    let (summary, tokens) = (summary.snapshot(), tokens.len());
    let (done, again) = (summary.succeeded(), summary.retry_attempts());
    println!("{done} requests signed and sent by 16 workers");
    println!("{tokens} tokens, each fetched once for all workers");
    println!("{again} attempts made again after a 401");
    Ok(())
}

/// Returns a valid token. The lock is held while a token is fetched, so the other workers wait for that token.
fn token(login: &Client, current: &Mutex<Option<(String, Instant)>>) -> Result<String, AnyError> {
    let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    if let Some((token, until)) = &*current
        && now < *until
    {
        return Ok(token.clone());
    }
    let answer = login.send(Request::post("/token")).into_result()?.value()?;
    let token = answer["token"].as_str().unwrap_or_default().to_owned();
    let life = Duration::from_millis(answer["expires_in_ms"].as_u64().unwrap_or(0));
    // A little before it expires, for the request has yet to reach the server.
    *current = Some((token.clone(), now + life * 3 / 4));
    Ok(token)
}

/// Adds time, token and signature to the headers of one attempt. An error ends the request before it is sent.
fn sign(outgoing: &mut Outgoing<'_>, token: &str) -> Result<(), AnyError> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let first = format!("{} {} {time}\n", outgoing.method, outgoing.uri.path());
    let signed = [first.as_bytes(), outgoing.body].concat();
    let signature = BASE64_STANDARD.encode(hmac_sha256::HMAC::mac(signed, KEY));
    let bearer = format!("Bearer {token}");
    outgoing.headers.insert("authorization", bearer.parse()?);
    outgoing.headers.insert("x-time", time.into());
    outgoing.headers.insert("x-signature", signature.parse()?);
    Ok(())
}
