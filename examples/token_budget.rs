//! A budget of tokens: at most 300 in a second, as the server limits them, and no more than 1,000 in all.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Instant;
use std::{io, thread};

use haul::{Client, RateLimit, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::builder()
        .base_url(server()?)
        .rate_cost(RateLimit::per_second(300))
        .cost_of(|request| 60 + request.body_bytes().len() as u32 / 4) // an estimate before the answer is known
        .build()?;
    let prompts = (1..=50).map(|n| Request::post("/complete").text(format!("Question {n}?")));

    // The server says what each answer really took.
    let mut spent = 0;
    let mut answers = client.as_completed(prompts).stop_when(move |outcome| {
        let used = outcome
            .success()
            .and_then(|r| r.pointer("/usage/total_tokens").ok()?);
        spent += used.and_then(|tokens| tokens.as_u64()).unwrap_or(0);
        spent >= 1_000
    });
    let begin = Instant::now();
    for answer in answers.by_ref().filter(|answer| answer.is_success()) {
        println!("{:?} {}", begin.elapsed(), answer.index());
    }
    println!("{:?}", answers.end()); // Some(Drained)
    Ok(())
}

/// Starts a server whose answers take 70 tokens each.
fn server() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream?;
            let (mut reader, mut head) = (BufReader::new(&stream), String::new());
            while reader.read_line(&mut head)? > 2 {}
            let length = head
                .to_lowercase()
                .split_once("content-length: ")
                .and_then(|(_, rest)| rest.split_once('\r')?.0.parse().ok());
            reader.read_exact(&mut vec![0; length.unwrap_or(0)])?;
            let body = r#"{"usage": {"total_tokens": 70}}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            write!(
                &stream,
                "{head}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
        io::Result::Ok(())
    });
    Ok(base)
}
