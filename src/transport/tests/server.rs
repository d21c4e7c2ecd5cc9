//! Servers that follow a script.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Server on a port of its own, which ends with the test's process.
pub(super) struct Server {
    pub(super) addr: SocketAddr,
    pub(super) connections: Arc<AtomicUsize>,
    /// Requests as they came, head and body.
    pub(super) requests: Arc<Mutex<Vec<String>>>,
}

/// Server side of a connection.
pub(super) struct Peer {
    pub(super) stream: TcpStream,
    pub(super) number: usize,
    unread: Vec<u8>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server that serves each connection by this script, on a thread of its own.
    pub(super) fn start(script: impl Fn(&mut Peer) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (count, log, script) = (connections.clone(), requests.clone(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let (script, requests) = (script.clone(), log.clone());
                stream.set_nodelay(true).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(20)))
                    .unwrap();
                thread::spawn(move || {
                    script(&mut Peer {
                        stream,
                        number,
                        unread: Vec::new(),
                        requests,
                    })
                });
            }
        });
        Server {
            addr,
            connections,
            requests,
        }
    }

    /// Starts a server that gives the same answer to each request, without end.
    pub(super) fn answering(answer: impl Into<Vec<u8>>) -> Server {
        let answer = answer.into();
        Server::start(move |peer| {
            while peer.request().is_some() {
                peer.say(&answer);
            }
        })
    }

    /// Starts a server that gives one answer on each connection, and closes it.
    pub(super) fn answering_once(answer: impl Into<Vec<u8>>) -> Server {
        let answer = answer.into();
        Server::start(move |peer| {
            peer.request();
            peer.say(&answer);
        })
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Peer {
    /// Waits for a request with its body (by `Content-Length`). `None`: the client has closed.
    pub(super) fn request(&mut self) -> Option<String> {
        let request = read_request(&mut self.stream, &mut self.unread)?;
        self.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    pub(super) fn say(&mut self, bytes: impl AsRef<[u8]>) {
        // The client may have closed; the test checks the client.
        let _ = self.stream.write_all(bytes.as_ref());
    }

    /// Waits until the client closes.
    pub(super) fn stay(&mut self) {
        let mut byte = [0; 64];
        while matches!(self.stream.read(&mut byte), Ok(n) if n > 0) {}
    }

    /// Closes with a reset.
    pub(super) fn reset(&mut self) {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO)).unwrap();
    }
}

/// Reads one request from any stream.
pub(super) fn read_request(stream: &mut impl Read, unread: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(head) = unread.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&unread[..head]).to_ascii_lowercase();
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |n| n.parse().unwrap());
            let size = head + 4 + length;
            if unread.len() >= size {
                let rest = unread.split_off(size);
                let request = std::mem::replace(unread, rest);
                return Some(String::from_utf8_lossy(&request).into_owned());
            }
        }
        let mut chunk = [0; 16 * 1024];
        match stream.read(&mut chunk) {
            Ok(n) if n > 0 => unread.extend_from_slice(&chunk[..n]),
            _ => return None,
        }
    }
}

/// Returns a complete answer with this status and body.
pub(super) fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} Why\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
