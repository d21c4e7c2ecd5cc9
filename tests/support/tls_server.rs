//! A server that speaks TLS, and remembers its handshakes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection, StreamOwned};

pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// A handshake that succeeded.
#[derive(Clone, Debug)]
pub struct Handshake {
    pub kind: HandshakeKind,
    pub version: ProtocolVersion,
    /// Server name that the client sent. `None`: it sent none.
    pub name: Option<String>,
    pub client_certificates: usize,
}

/// A server that speaks TLS on 127.0.0.1.
pub struct TlsServer {
    pub address: SocketAddr,
    handshakes: Arc<Mutex<Vec<Handshake>>>,
}

impl TlsServer {
    /// Starts a server that answers every request with `hello`. It ends with the test's process.
    pub fn start(config: Arc<ServerConfig>) -> TlsServer {
        TlsServer::serving(config, |stream| while answer(stream, "hello") {})
    }

    pub fn serving(
        config: Arc<ServerConfig>,
        serve: impl Fn(&mut TlsStream) + Send + Sync + 'static,
    ) -> TlsServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let handshakes = Arc::new(Mutex::new(Vec::new()));
        let (log, serve) = (Arc::clone(&handshakes), Arc::new(serve));
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, log, serve) =
                    (Arc::clone(&config), Arc::clone(&log), Arc::clone(&serve));
                thread::spawn(move || {
                    if let Some(mut stream) = shake_hands(&config, socket, &log) {
                        serve(&mut stream);
                    }
                });
            }
        });
        TlsServer {
            address,
            handshakes,
        }
    }

    pub fn url(&self, name: &str) -> String {
        format!("https://{name}:{}/", self.address.port())
    }

    pub fn handshakes(&self) -> Vec<Handshake> {
        self.handshakes.lock().unwrap().clone()
    }
}

fn shake_hands(
    config: &Arc<ServerConfig>,
    socket: TcpStream,
    log: &Mutex<Vec<Handshake>>,
) -> Option<TlsStream> {
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    socket.set_nodelay(true).unwrap();
    let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).ok()?;
    }
    log.lock().unwrap().push(Handshake {
        kind: stream.conn.handshake_kind()?,
        version: stream.conn.protocol_version()?,
        name: stream.conn.server_name().map(str::to_owned),
        client_certificates: stream.conn.peer_certificates().map_or(0, <[_]>::len),
    });
    Some(stream)
}

/// Reads the head of a request.
pub fn read_head(stream: &mut impl Read) -> Option<String> {
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
fn answer(stream: &mut (impl Read + Write), body: &str) -> bool {
    let Some(_) = read_head(stream) else {
        return false;
    };
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).is_ok() && stream.flush().is_ok()
}
