//! A server for uploads: it hashes bodies as they come, and treats each request as a test says.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A request as the server received it.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    /// Method and target.
    pub(crate) first: String,
    pub(crate) headers: Vec<(String, String)>,
    /// Index of the connection that the request came on, from 0.
    pub(crate) connection: usize,
    /// Length of the body in bytes.
    pub(crate) length: u64,
    /// Hash of the body, if it has at most 16 MiB.
    pub(crate) sha256: [u8; 32],
    /// First bytes of the body.
    pub(crate) start: Vec<u8>,
    /// True if the body came to its end.
    pub(crate) whole: bool,
}

impl Upload {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// Asserts that the request brought exactly this body.
    #[track_caller]
    pub(crate) fn assert_body(&self, body: &[u8]) {
        assert!(self.whole, "{self:?}");
        assert_eq!(self.length, body.len() as u64);
        assert_eq!(self.sha256, hmac_sha256::Hash::hash(body));
    }
}

/// Reactions of the server to a request once its head is there.
pub(crate) enum Do {
    /// Takes the body, sending 100 if the client asks, and responds.
    Answer(&'static str),
    /// Takes the body without sending 100.
    Ignore(&'static str),
    /// Sends this first if the client asks, and goes on as [`Answer`](Do::Answer) without sending 100 itself.
    Say(&'static str, &'static str),
    /// Responds without taking the body, and closes once the client has closed.
    Refuse(&'static str),
    /// Responds without taking the body, and resets the connection.
    Slam(&'static str),
    /// Takes this many bytes of the body and closes.
    Cut(u64),
}

/// Length up to which bodies are hashed.
const HASHED: u64 = 16 << 20;

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
pub(crate) const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

pub(crate) struct UploadServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    listener: Option<JoinHandle<()>>,
}

type Decide = dyn Fn(&Upload, usize) -> Do + Send + Sync;

struct Shared {
    uploads: Mutex<Vec<Upload>>,
    open: Mutex<(bool, Vec<Arc<TcpStream>>)>,
    decide: Box<Decide>,
}

impl UploadServer {
    /// Starts a server that treats the n-th request, counted from 1, as the closure says of its head.
    pub(crate) fn start(
        decide: impl Fn(&Upload, usize) -> Do + Send + Sync + 'static,
    ) -> UploadServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            uploads: Mutex::default(),
            open: Mutex::default(),
            decide: Box::new(decide),
        });
        let serving = Arc::clone(&shared);
        let listener = thread::spawn(move || serving.listen(&listener));
        UploadServer {
            shared,
            address,
            listener: Some(listener),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns all requests so far.
    pub(crate) fn uploads(&self) -> Vec<Upload> {
        locked(&self.shared.uploads).clone()
    }

    /// Returns the only request.
    #[track_caller]
    pub(crate) fn only(&self) -> Upload {
        let uploads = self.uploads();
        assert_eq!(uploads.len(), 1, "{uploads:?}");
        uploads.into_iter().next().unwrap()
    }
}

impl Drop for UploadServer {
    fn drop(&mut self) {
        let mut open = locked(&self.shared.open);
        open.0 = true;
        open.1
            .iter()
            .for_each(|stream| drop(stream.shutdown(std::net::Shutdown::Both)));
        drop(open);
        // The listener notices the end only when a connection comes.
        let _ = TcpStream::connect(self.address);
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept() else {
                return;
            };
            let stream = Arc::new(stream);
            let mut open = locked(&self.open);
            if open.0 {
                return;
            }
            open.1.push(Arc::clone(&stream));
            drop(open);
            let shared = Arc::clone(&self);
            thread::spawn(move || {
                let _ = shared.serve(&stream, number);
                // The list would hold the connection open otherwise.
                let _ = stream.shutdown(std::net::Shutdown::Both);
            });
        }
    }

    fn serve(&self, stream: &TcpStream, connection: usize) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut input = BufReader::with_capacity(64 << 10, stream);
        while let Some(mut uploads) = head(&mut input)? {
            uploads.connection = connection;
            let nth = {
                let mut all = locked(&self.uploads);
                all.push(uploads.clone());
                all.len()
            };
            let asks = uploads.header("expect").is_some();
            let mut out = stream;
            let answer = match (self.decide)(&uploads, nth) {
                Do::Answer(answer) => {
                    if asks {
                        out.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
                    }
                    answer
                }
                Do::Ignore(answer) => answer,
                Do::Say(first, answer) => {
                    if asks {
                        out.write_all(first.as_bytes())?;
                    }
                    answer
                }
                Do::Refuse(answer) => {
                    out.write_all(answer.as_bytes())?;
                    stream.shutdown(std::net::Shutdown::Write)?;
                    // Read until the client closes: a close with bytes unread would be a reset, which may overtake the
                    // response.
                    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
                    let after = io::copy(&mut input, &mut io::sink())?;
                    locked(&self.uploads)[nth - 1].length = after;
                    return Ok(());
                }
                Do::Slam(answer) => {
                    out.write_all(answer.as_bytes())?;
                    // A close with bytes unread is a reset.
                    return input.fill_buf().map(drop);
                }
                Do::Cut(most) => {
                    io::copy(&mut input.take(most), &mut io::sink())?;
                    return Ok(());
                }
            };
            let result = body(&mut input, &mut uploads);
            locked(&self.uploads)[nth - 1] = uploads;
            result?;
            out.write_all(answer.as_bytes())?;
        }
        Ok(())
    }
}

fn line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    let n = input.read_line(&mut line)?;
    Ok((n > 0).then(|| line.trim_end().to_owned()))
}

fn head(input: &mut impl BufRead) -> io::Result<Option<Upload>> {
    let Some(first) = line(input)? else {
        return Ok(None);
    };
    let mut headers = Vec::new();
    loop {
        let text = line(input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let Some((name, value)) = text.split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    Ok(Some(Upload {
        first: first.trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        connection: 0,
        length: 0,
        sha256: [0; 32],
        start: Vec::new(),
        whole: false,
    }))
}

fn body(input: &mut impl BufRead, uploads: &mut Upload) -> io::Result<()> {
    let mut hash = hmac_sha256::Hash::new();
    let chunked = uploads.header("transfer-encoding") == Some("chunked");
    let given = uploads
        .header("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut left: u64 = if chunked { 0 } else { given };
    let result = loop {
        if chunked {
            let size = match line(input) {
                Ok(Some(size)) => size,
                _ => break Err(io::ErrorKind::UnexpectedEof.into()),
            };
            left = u64::from_str_radix(&size, 16).unwrap();
        }
        let last = left == 0;
        while left > 0 {
            let waiting = input.fill_buf()?;
            let n = left.min(waiting.len() as u64) as usize;
            if n == 0 {
                break;
            }
            // Hashing takes long without optimisation.
            if given <= HASHED {
                hash.update(&waiting[..n]);
            }
            let room = (64 << 10) - uploads.start.len();
            uploads.start.extend(&waiting[..n.min(room)]);
            uploads.length += n as u64;
            left -= n as u64;
            input.consume(n);
        }
        if left > 0 {
            break Err(io::ErrorKind::UnexpectedEof.into());
        }
        if chunked {
            line(input)?;
        }
        if last || !chunked {
            break Ok(());
        }
    };
    uploads.sha256 = hash.finalize();
    uploads.whole = result.is_ok();
    result
}
