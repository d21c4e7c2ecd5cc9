//! Places to parse a body: on the worker that received it, on rayon, or on the caller's thread. Bodies of 64 KiB of
//! JSON, 64 requests at once, the wall time of each way.
//!
//! `cargo run --release --example parse_where -- [COUNT]`
//!
//! The server runs in this process and takes its part of the cores from all three alike.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use haul::{Client, Response};
use serde_json::{Value, json};

const ROUNDS: usize = 5;

/// Fetches the URL a number of times, and returns the number of rows in all.
type Way = fn(&Client, &str, usize) -> usize;

fn main() -> Result<(), Box<dyn Error>> {
    let count = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 400,
    };
    let (url, rows) = serve()?;
    let ways: [(&str, Way); 3] = [
        ("process", process),
        ("par_map", par_map),
        ("caller's thread", on_this_thread),
    ];
    let cores = thread::available_parallelism()?;
    println!("{count} bodies of 64 KiB, 64 at once, {cores} cores, median of {ROUNDS}");
    let client = Client::builder().workers(64).build()?;
    let mut times = ways.map(|_| Vec::new());
    // The ways take turns: a machine that gets busier must not slow only one of them. The first round opens the
    // connections.
    for round in 0..=ROUNDS {
        for ((name, way), times) in ways.iter().zip(&mut times) {
            let started = Instant::now();
            let sum = way(&client, &url, count);
            let time = started.elapsed();
            assert_eq!(sum, count * rows, "{name} lost some");
            if round > 0 {
                times.push(time);
            }
        }
    }
    for ((name, _), times) in ways.iter().zip(&mut times) {
        times.sort();
        let median = times[times.len() / 2];
        println!(
            "{name:16} {:7.1} ms {:7.0}/s",
            ms(median),
            count as f64 / median.as_secs_f64()
        );
    }
    Ok(())
}

/// Parses each body on the worker that received it; only the number goes to the caller.
fn process(client: &Client, url: &str, count: usize) -> usize {
    let urls = std::iter::repeat_n(url, count);
    let numbers = client.process(urls, rows);
    numbers
        .filter_map(|outcome| outcome.into_result().ok())
        .sum()
}

/// Parses on as many threads as there are cores, while the workers wait for sockets.
fn par_map(client: &Client, url: &str, count: usize) -> usize {
    let urls = std::iter::repeat_n(url, count);
    let numbers = client
        .as_completed(urls)
        .par_map(|outcome| outcome.success().and_then(|response| rows(response).ok()));
    numbers.filter_map(|number| number.ok()?.into_value()).sum()
}

/// Parses on one thread; the workers wait for it when the window is full.
fn on_this_thread(client: &Client, url: &str, count: usize) -> usize {
    let urls = std::iter::repeat_n(url, count);
    let outcomes = client.as_completed(urls);
    outcomes
        .filter_map(|outcome| rows(outcome.success()?).ok())
        .sum()
}

/// Counts the rows: stands for work that is worth a core.
fn rows(response: &Response) -> Result<usize, serde_json::Error> {
    let value = response.value()?;
    Ok(value.as_array().map_or(0, Vec::len))
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Serves one prepared response over connections that stay. Returns its URL and the number of its rows.
fn serve() -> io::Result<(String, usize)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let row = json!({"id": 1, "name": "pen", "price": 12.5, "tags": ["a", "b"]});
    let rows = (64 << 10) / row.to_string().len();
    let body = Value::from(vec![row; rows]).to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer: Arc<[u8]> = answer.into_bytes().into();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A client that hangs up is done.
            thread::spawn(move || drop(answer_all(stream, &answer)));
        }
    });
    Ok((url, rows))
}

fn answer_all(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut head, mut len) = ([0; 4096], 0);
    loop {
        let read = stream.read(&mut head[len..])?;
        if read == 0 {
            return Ok(());
        }
        len += read;
        // The client sends one request at a time and no body, so the end of a head is the end of everything received.
        if head[..len].ends_with(b"\r\n\r\n") {
            stream.write_all(answer)?;
            len = 0;
        }
    }
}
