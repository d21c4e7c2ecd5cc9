//! Small proxies: HTTP, also over TLS, and SOCKS5. They take every name for 127.0.0.1.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::secure::{Secure, head};

/// A proxy that ends with the test's process.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    /// What it was asked, in order: the heads of requests, or the places asked of SOCKS5.
    log: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

/// What an HTTP proxy says to the n-th request, from 0. `None`: it does as it is asked.
type Answers = dyn Fn(usize) -> Option<String> + Send + Sync;

impl Gateway {
    /// Does as it is asked.
    pub(crate) fn http() -> Gateway {
        Gateway::answering(|_| None)
    }

    /// Answers instead of doing as it is asked.
    pub(crate) fn answering(
        answers: impl Fn(usize) -> Option<String> + Send + Sync + 'static,
    ) -> Gateway {
        let answers: Arc<Answers> = Arc::new(answers);
        Gateway::start(move |socket, log| serve_http(socket, log, &answers))
    }

    /// Takes connections and never says a word.
    pub(crate) fn silent() -> Gateway {
        Gateway::start(|socket, _| {
            let _ = io::copy(&mut &*socket, &mut io::sink());
        })
    }

    /// Says this to whoever comes, and no more.
    pub(crate) fn saying(bytes: &'static [u8]) -> Gateway {
        Gateway::start(move |socket, _| {
            let _ = socket.write_all(bytes);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let _ = io::copy(&mut &*socket, &mut io::sink());
        })
    }

    /// SOCKS5, for those who know user and password if there are any.
    pub(crate) fn socks(credentials: Option<(&'static str, &'static str)>) -> Gateway {
        Gateway::socks_replying(credentials, 0)
    }

    /// The same with another reply than success.
    pub(crate) fn socks_replying(
        credentials: Option<(&'static str, &'static str)>,
        reply: u8,
    ) -> Gateway {
        Gateway::start(move |socket, log| {
            let _ = serve_socks(socket, log, credentials, reply);
        })
    }

    /// An HTTP proxy that is spoken to over TLS.
    pub(crate) fn secure(config: Arc<rustls::ServerConfig>) -> Gateway {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let connections: Arc<Mutex<usize>> = Arc::default();
        let (heads, count) = (Arc::clone(&log), Arc::clone(&connections));
        let server = Secure::serving(config, move |stream| {
            *count.lock().unwrap() += 1;
            serve_http(stream, &heads, &(Arc::new(|_| None) as Arc<Answers>));
        });
        Gateway {
            address: server.address,
            log,
            connections,
        }
    }

    fn start(
        serve: impl Fn(&mut TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static,
    ) -> Gateway {
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
        Gateway {
            address,
            log,
            connections,
        }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Its URL under the name 127.0.0.1.
    pub(crate) fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }
}

/// How long it looks at one side before it looks at the other.
const TICK: Duration = Duration::from_millis(5);

/// A client whose socket can be told how long to wait.
trait Patient: Read + Write {
    fn wait_for(&self, time: Duration);
}

impl Patient for TcpStream {
    fn wait_for(&self, time: Duration) {
        self.set_read_timeout(Some(time)).unwrap();
    }
}

impl Patient for crate::secure::Stream {
    fn wait_for(&self, time: Duration) {
        self.sock.wait_for(time);
    }
}

fn serve_http(client: &mut impl Patient, log: &Mutex<Vec<String>>, answers: &Arc<Answers>) {
    while let Some(head) = head(client) {
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
                    let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
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

fn serve_socks(
    client: &mut TcpStream,
    log: &Mutex<Vec<String>>,
    credentials: Option<(&str, &str)>,
    reply: u8,
) -> io::Result<()> {
    let [version, count] = take(client)?;
    assert_eq!(version, 5);
    let methods = take_all(client, count)?;
    let wanted = if credentials.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        return client.write_all(&[5, 0xff]);
    }
    client.write_all(&[5, wanted])?;
    if let Some((user, password)) = credentials {
        let [1, length] = take(client)? else {
            return Ok(());
        };
        let given = take_all(client, length)?;
        let [length] = take(client)?;
        let known = take_all(client, length)? == password.as_bytes() && given == user.as_bytes();
        client.write_all(&[1, u8::from(!known)])?;
        if !known {
            return Ok(());
        }
    }
    let [5, 1, 0, kind] = take(client)? else {
        return Ok(());
    };
    let place = match kind {
        1 => std::net::Ipv4Addr::from(take::<4>(client)?).to_string(),
        4 => std::net::Ipv6Addr::from(take::<16>(client)?).to_string(),
        _ => {
            let [length] = take(client)?;
            String::from_utf8(take_all(client, length)?).unwrap()
        }
    };
    let port = u16::from_be_bytes(take(client)?);
    log.lock().unwrap().push(format!("{place}:{port}"));
    if reply != 0 {
        return client.write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0]);
    }
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    // An answer with a name in it, which is longer than most.
    client.write_all(&[5, 0, 0, 3, 4, b'h', b'e', b'r', b'e', 0, 80])?;
    pump(client, &mut server);
    Ok(())
}

fn take<const N: usize>(stream: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn take_all(stream: &mut impl Read, length: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Passes on what either side says, until one ends.
fn pump(client: &mut impl Patient, server: &mut TcpStream) {
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
