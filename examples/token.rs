//! POSTs rows with a token that expires, against a small server inside that takes each token for three of them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use haul::settings::Token;
use haul::{Client, Request};
use serde_json::json;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}/", listener.local_addr()?);
    std::thread::spawn(move || serve(&listener));
    let client = Client::builder()
        .base_url(&base)
        .workers(1)
        .token_source(|token| {
            println!("a token, because: {:?}", token.reason());
            let response = token.send(Request::post("login")).into_result()?;
            Ok(Token::new(response.text()).expires_in(Duration::from_secs(3600)))
        })
        .build()?;
    let csv = "pen,1\nink,2\npaper,3\nglue,4\nrope,5\nsoap,6\nsalt,7";
    let rows = csv.lines().filter_map(|line| line.split_once(','));
    let row = |(name, price)| Request::post("items").json(&json!({"name": name, "price": price}));
    for outcome in client.as_completed(rows.map(row)) {
        println!("{}: {:?}", outcome.index(), outcome.status());
    }
    Ok(())
}

/// Answers each request on a connection of its own.
fn serve(listener: &TcpListener) {
    let mut uses = 0;
    for stream in listener.incoming().flatten() {
        let (mut head, mut reader) = (String::new(), BufReader::new(&stream));
        while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|n| n > 0) {}
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap_or("0");
        let length = length.lines().next().unwrap_or("0").parse().unwrap_or(0);
        let _ = reader.take(length).read_to_end(&mut Vec::new());
        let (status, body) = match head.starts_with("post /login") {
            true => ("200 OK", (uses / 3).to_string()),
            false if head.contains(&format!("bearer {}\r\n", uses / 3)) => {
                ("201 Created", String::new())
            }
            false => ("401 Unauthorized", String::new()),
        };
        uses += i32::from(status == "201 Created");
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
        let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let _ = (&stream).write_all(answer.as_bytes());
    }
}
