//! A server that lets ten requests through and says with the tenth when it takes more (`X-RateLimit-Reset`). No retry of
//! one's own is needed: with `pace_by_headers` the client stops at the tenth and goes on after the reset.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{io, thread};

use haul::{Client, RetryPolicy};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server()?;
    let policy = RetryPolicy::default()
        .retry_after_max(Duration::from_secs(3_700)) // limits that are reset within the hour are waited for
        .pace_by_headers(true);
    let client = Client::builder()
        .workers(4)
        .max_per_host(1)
        .base_url(&base)
        .retry(policy)
        .build()?;
    let begin = Instant::now();
    for outcome in client.as_completed((1..=15).map(|n| format!("/items/{n}"))) {
        let (status, attempts) = (outcome.status(), outcome.attempts());
        println!("{:?} {status:?} {attempts} attempt(s)", begin.elapsed());
    }
    Ok(())
}

/// Starts a server that limits its clients to ten requests in a window.
fn server() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        let (mut left, mut reset) = (10_u32, UNIX_EPOCH);
        for stream in listener.incoming() {
            let stream = stream?;
            let lines = BufReader::new(&stream).lines();
            drop(lines.map_while(Result::ok).find(String::is_empty));
            let now = SystemTime::now();
            if left == 0 && now >= reset {
                left = 10;
            }
            if left == 10 {
                reset = now + Duration::from_secs(2);
            }
            let status = if left == 0 { "403 Forbidden" } else { "200 OK" };
            left = left.saturating_sub(1);
            let at = reset.duration_since(UNIX_EPOCH).unwrap_or_default();
            write!(
                &stream,
                "HTTP/1.1 {status}\r\nX-RateLimit-Remaining: {left}\r\nX-RateLimit-Reset: {}\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n",
                at.as_millis()
            )?;
        }
        io::Result::Ok(())
    });
    Ok(base)
}
