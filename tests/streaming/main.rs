//! Bodies as they come: handed on in chunks, events and lines, cut short, broken off, or not wanted at all.

mod bounds;
mod chunks;
mod discarded;
mod parts;
mod transports;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use haul::{Client, ClientBuilder};
use test_support::error;

fn builder() -> ClientBuilder {
    test_support::builder(2)
}

fn client() -> Client {
    test_support::client(2)
}

/// Values that a closure collects.
struct Collected<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Collected<T> {
    fn clone(&self) -> Collected<T> {
        Collected(Arc::clone(&self.0))
    }
}

impl<T> Collected<T> {
    fn new() -> Collected<T> {
        Collected(Arc::default())
    }

    /// Adds a value, and returns the number of values.
    fn add(&self, value: T) -> usize {
        let mut values = self.0.lock().unwrap();
        values.push(value);
        values.len()
    }

    fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// Starts a server that hands each connection to the script after the head of its first request has come.
fn server(script: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let script = Arc::new(script);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            thread::spawn(move || {
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head = lines
                    .map_while(Result::ok)
                    .take_while(|line| !line.is_empty());
                if head.count() > 0 {
                    script(&mut stream);
                }
            });
        }
    });
    addr
}

/// Sends a head of a chunked response with these lines of headers.
fn begin(stream: &mut TcpStream, headers: &str) {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n");
    let _ = stream.write_all(head.as_bytes());
}

/// Sends a chunk. Returns false if the client has gone.
fn chunk(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    let head = format!("{:x}\r\n", bytes.len());
    let chunk = [head.as_bytes(), bytes, b"\r\n"].concat();
    stream.write_all(&chunk).is_ok()
}

/// Waits until the client closes the connection.
fn hang(stream: &TcpStream) {
    let _ = BufReader::new(stream).read_line(&mut String::new());
}

/// Waits before the server goes on.
#[expect(
    clippy::disallowed_methods,
    reason = "a slow server is what the test is about"
)]
fn pause(time: Duration) {
    thread::sleep(time);
}
