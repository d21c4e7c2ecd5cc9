//! Small proxies that speak HTTP, also over TLS. They resolve every name to 127.0.0.1.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::tls_server::{TlsServer, TlsStream, read_head};

/// A proxy that ends with the test's process.
pub struct ProxyServer {
    pub address: SocketAddr,
    /// Requests to the proxy, in order: the heads of requests, or the targets named in another way.
    log: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

/// Response of an HTTP proxy to the n-th request, from 0. `None`: the proxy does as it is asked.
type Answers = dyn Fn(usize) -> Option<String> + Send + Sync;

impl ProxyServer {
    /// Starts a proxy that does as it is asked.
    pub fn http() -> ProxyServer {
        ProxyServer::answering(|_| None)
    }

    /// Starts a proxy that sends these responses instead of doing as it is asked.
    pub fn answering(
        answers: impl Fn(usize) -> Option<String> + Send + Sync + 'static,
    ) -> ProxyServer {
        let answers: Arc<Answers> = Arc::new(answers);
        ProxyServer::start(move |socket, log| serve_http(socket, log, &answers))
    }

    /// Starts a proxy that accepts connections and never sends a byte.
    pub fn silent() -> ProxyServer {
        ProxyServer::start(|socket, _| {
            let _ = io::copy(&mut &*socket, &mut io::sink());
        })
    }

    /// Starts an HTTP proxy that clients speak to over TLS.
    pub fn secure(config: Arc<rustls::ServerConfig>) -> ProxyServer {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (heads, count) = (Arc::clone(&log), Arc::clone(&connections));
        let server = TlsServer::serving(config, move |stream| {
            *count.lock().unwrap() += 1;
            serve_http(stream, &heads, &(Arc::new(|_| None) as Arc<Answers>));
        });
        ProxyServer {
            address: server.address,
            log,
            connections,
        }
    }

    pub fn start(
        serve: impl Fn(&mut TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static,
    ) -> ProxyServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (heads, count, serve) = (Arc::clone(&log), Arc::clone(&connections), Arc::new(serve));
        thread::spawn(move || {
            for mut socket in listener.incoming().flatten() {
                *count.lock().unwrap() += 1;
                let (heads, serve) = (Arc::clone(&heads), Arc::clone(&serve));
                thread::spawn(move || serve(&mut socket, &heads));
            }
        });
        ProxyServer {
            address,
            log,
            connections,
        }
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Returns the proxy's URL under the name 127.0.0.1.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }
}

/// Time for which `pump` reads from one side before it reads from the other.
const TICK: Duration = Duration::from_millis(5);

/// A stream whose reads can be given a time limit.
pub trait Patient: Read + Write {
    fn wait_for(&self, time: Duration);
}

impl Patient for TcpStream {
    fn wait_for(&self, time: Duration) {
        self.set_read_timeout(Some(time)).unwrap();
    }
}

impl Patient for TlsStream {
    fn wait_for(&self, time: Duration) {
        self.sock.wait_for(time);
    }
}

fn serve_http(client: &mut impl Patient, log: &Mutex<Vec<String>>, answers: &Arc<Answers>) {
    while let Some(head) = read_head(client) {
        let mut heads = log.lock().unwrap();
        let answer = answers(heads.len());
        heads.push(head.clone());
        drop(heads);
        if let Some(answer) = answer {
            let _ = client.write_all(answer.as_bytes());
            let _ = client.flush();
            continue;
        }
        let mut words = head.split(' ');
        match (words.next(), words.next()) {
            (Some("CONNECT"), Some(place)) => {
                let port = place.rsplit(':').next().unwrap().parse().unwrap();
                let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
                    let _ = client.write_all(b"HTTP/1.1 502 Bad ProxyServer\r\n\r\n");
                    return;
                };
                let _ = client.write_all(b"HTTP/1.1 200 Established\r\nVia: test\r\n\r\n");
                let _ = client.flush();
                pump(client, &mut server);
                return;
            }
            _ => {
                let body = "forwarded";
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = client.write_all(answer.as_bytes());
                let _ = client.flush();
            }
        }
    }
}

/// Passes bytes on between both sides, until one ends.
pub fn pump(client: &mut impl Patient, server: &mut TcpStream) {
    client.wait_for(TICK);
    server.wait_for(TICK);
    let mut buffer = vec![0; 64 * 1024];
    let mut pass = |from: &mut dyn Read, to: &mut dyn Write| match from.read(&mut buffer) {
        Ok(0) => false,
        Ok(n) => to.write_all(&buffer[..n]).and_then(|()| to.flush()).is_ok(),
        Err(e) => matches!(
            e.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
        ),
    };
    while pass(client, server) && pass(server, client) {}
    let _ = server.shutdown(std::net::Shutdown::Both);
}
