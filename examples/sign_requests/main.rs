//! Signs requests with a token that all workers share and that is fetched anew when it has expired.
//!
//! Every attempt carries a bearer token and an HMAC-SHA-256 over method, path, time and body. A token lives for 60 ms;
//! the first worker that finds it expired fetches the next one, and the others wait for it.

mod server;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use haul::settings::{Judgement, Outgoing};
use haul::{Client, Request, RetryPolicy};

const KEY: &[u8] = b"a key that client and server share";

/// The token that all workers use, and the time until which it is used.
struct Tokens {
    login: Client,
    current: Mutex<Option<(String, Instant)>>,
}

impl Tokens {
    /// Returns a valid token. The lock is held while a token is fetched, so the other workers wait for that token and
    /// fetch none.
    fn get(&self) -> String {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, until)) = &*current
            && Instant::now() < *until
        {
            return token.clone();
        }
        let asked = Instant::now();
        let outcome = self.login.send(Request::post("/token"));
        let answer = outcome.success().and_then(|response| response.value().ok());
        let Some(answer) = answer else {
            // Without a token the server responds with 401, and the next attempt asks again.
            return String::new();
        };
        let token = answer["token"].as_str().unwrap_or_default().to_owned();
        let lives = Duration::from_millis(answer["expires_in_ms"].as_u64().unwrap_or(0));
        // A little before it expires, for the request has yet to reach the server.
        *current = Some((token.clone(), asked + lives * 3 / 4));
        token
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = server::start()?;
    let tokens = Tokens {
        login: Client::builder()
            .workers(1)
            .base_url(&server.base)
            .build()?,
        current: Mutex::new(None),
    };
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(20))
        .classify(|attempt| (attempt.status == Some(401)).then_some(Judgement::Retry));
    let client = Client::builder()
        .workers(16)
        .base_url(&server.base)
        .retry(policy)
        .before_attempt(move |outgoing| sign(outgoing, &tokens.get()))
        .build()?;

    let requests = (0..800).map(|i| Request::put(format!("/items/{i}")).body(format!("item {i}")));
    let (mut done, mut again) = (0, 0);
    for outcome in client.as_completed(requests) {
        match outcome.error() {
            None => done += 1,
            Some(error) => println!("{}: {error}", outcome.url()),
        }
        again += outcome.attempts().saturating_sub(1);
    }
    let issued = server.issued.load(std::sync::atomic::Ordering::SeqCst);
    println!(
        "{done} of 800 signed requests done by 16 workers, {again} attempts made again after a 401"
    );
    println!("{issued} tokens fetched, each of them once for all workers");
    Ok(())
}

/// Signs one attempt, the first or a retry, with the current time and the current token.
fn sign(outgoing: &mut Outgoing<'_>, token: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let time = now.unwrap_or_default().as_secs().to_string();
    let method = outgoing.method.as_str();
    let signature = signature(method, outgoing.uri.path(), &time, outgoing.body);
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("x-time", time),
        ("x-signature", signature),
    ] {
        if let Ok(value) = value.parse() {
            outgoing.headers.insert(name, value);
        }
    }
}

/// Signature of a request, which client and server both compute.
fn signature(method: &str, path: &str, time: &str, body: &[u8]) -> String {
    let signed = [method.as_bytes(), path.as_bytes(), time.as_bytes(), body].join(&b'\n');
    let digest = hmac_sha256::HMAC::mac(signed, KEY);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
