//! A server that speaks TLS, and remembers its handshakes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection, StreamOwned};

pub(crate) type Stream = StreamOwned<ServerConnection, TcpStream>;

/// A handshake that succeeded.
#[derive(Clone, Debug)]
pub(crate) struct Shaken {
    pub(crate) kind: HandshakeKind,
    pub(crate) version: ProtocolVersion,
    /// Server name that the client sent. `None`: it sent none.
    pub(crate) name: Option<String>,
    pub(crate) client_certificates: usize,
}

pub(crate) struct Secure {
    pub(crate) address: SocketAddr,
    shaken: Arc<Mutex<Vec<Shaken>>>,
}

impl Secure {
    /// Starts a server that answers every request with `hello`. It ends with the test's process.
    pub(crate) fn start(config: Arc<ServerConfig>) -> Secure {
        Secure::serving(config, |stream| while answer(stream, "hello") {})
    }

    pub(crate) fn serving(
        config: Arc<ServerConfig>,
        serve: impl Fn(&mut Stream) + Send + Sync + 'static,
    ) -> Secure {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shaken = Arc::new(Mutex::new(Vec::new()));
        let (log, serve) = (Arc::clone(&shaken), Arc::new(serve));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, log, serve) =
                    (Arc::clone(&config), Arc::clone(&log), Arc::clone(&serve));
                thread::spawn(move || {
                    if let Some(mut stream) = shake(&config, socket, &log) {
                        serve(&mut stream);
                    }
                });
            }
        });
        Secure { address, shaken }
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("https://{name}:{}/", self.address.port())
    }

    pub(crate) fn shaken(&self) -> Vec<Shaken> {
        self.shaken.lock().unwrap().clone()
    }
}

fn shake(
    config: &Arc<ServerConfig>,
    socket: TcpStream,
    log: &Mutex<Vec<Shaken>>,
) -> Option<Stream> {
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    log.lock().unwrap().push(Shaken {
        kind: stream.conn.handshake_kind()?,
        version: stream.conn.protocol_version()?,
        name: stream.conn.server_name().map(str::to_owned),
        client_certificates: stream.conn.peer_certificates().map_or(0, <[_]>::len),
    });
    Some(stream)
}

/// Reads the head of a request.
pub(crate) fn head(stream: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

/// Answers one request without a body. Returns false if there was none.
pub(crate) fn answer(stream: &mut (impl Read + Write), body: &str) -> bool {
    let Some(_) = head(stream) else { return false };
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).is_ok() && stream.flush().is_ok()
}
