//! A server that follows the scripts of the cases: on two ports without TLS, and on one with it.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use test_support::corpus::Case;

use crate::conversation::Conversation;

/// Limit of every wait. Only a test that fails waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It ends with the test's process.
pub(crate) struct Server {
    pub(crate) shared: Arc<Shared>,
    pub(crate) addresses: [SocketAddr; 3],
}

pub(crate) struct Shared {
    pub(crate) cases: Vec<Case>,
    /// True if responses are cut into pieces of one byte.
    pub(crate) pieces: bool,
    connections: AtomicUsize,
    progress: Mutex<HashMap<usize, Progress>>,
    changed: Condvar,
    pub(crate) addresses: [SocketAddr; 3],
}

/// Progress of a case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// Number of requests to the case itself.
    pub(crate) requests: usize,
    /// Number of these requests that the server has finished.
    done: usize,
    /// Connection of the latest request to the case itself.
    pub(crate) connection: Option<usize>,
    /// Connection of the request after the case.
    pub(crate) next: Option<usize>,
    /// True if the outcome has come.
    over: bool,
    /// Faults of the requests: things they should not have, or lacked.
    pub(crate) complaints: Vec<String>,
}

impl Server {
    pub(crate) fn start(cases: Vec<Case>, tls: &Arc<ServerConfig>, pieces: bool) -> Server {
        let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = [0, 1, 2].map(|i| listeners[i].local_addr().unwrap());
        let shared = Arc::new(Shared {
            cases,
            pieces,
            connections: AtomicUsize::new(0),
            progress: Mutex::default(),
            changed: Condvar::new(),
            addresses,
        });
        for (i, listener) in listeners.into_iter().enumerate() {
            let (shared, tls) = (Arc::clone(&shared), (i == 2).then(|| Arc::clone(tls)));
            thread::spawn(move || {
                for socket in listener.incoming().flatten() {
                    let (shared, tls) = (Arc::clone(&shared), tls.clone());
                    thread::spawn(move || shared.serve(socket, tls));
                }
            });
        }
        Server { shared, addresses }
    }

    /// Tells the server that the outcome of a case has come, and returns the progress of the case when the server has
    /// done with its requests.
    pub(crate) fn conclude(&self, case: usize) -> Progress {
        let shared = &self.shared;
        shared.change(case, |progress| progress.over = true);
        let busy = |p: &Progress| p.done < p.requests;
        shared.wait(case, |progress| !busy(progress))
    }

    pub(crate) fn progress(&self, case: usize) -> Progress {
        self.shared.wait(case, |_| true)
    }
}

impl Shared {
    fn serve(self: Arc<Shared>, socket: TcpStream, tls: Option<Arc<ServerConfig>>) {
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        let stream = match tls {
            None => Stream::Plain(socket),
            Some(config) => {
                let session = ServerConnection::new(config).unwrap();
                Stream::Tls(Box::new(StreamOwned::new(session, socket)))
            }
        };
        Conversation::new(self, stream, number).run();
    }

    /// Notes a request to a case, and returns the number of requests that came before it.
    pub(crate) fn begin(&self, case: usize, connection: usize, is_next: bool) -> usize {
        let mut before = 0;
        self.change(case, |progress| {
            if is_next {
                progress.next = Some(connection);
            } else {
                before = progress.requests;
                progress.requests += 1;
                progress.connection = Some(connection);
            }
        });
        before
    }

    pub(crate) fn done(&self, case: usize) {
        self.change(case, |progress| progress.done += 1);
    }

    pub(crate) fn complain(&self, case: usize, complaint: String) {
        self.change(case, |progress| progress.complaints.push(complaint));
    }

    /// Waits until the outcome has come.
    pub(crate) fn wait_until_over(&self, case: usize) {
        self.wait(case, |progress| progress.over);
    }

    fn change(&self, case: usize, change: impl FnOnce(&mut Progress)) {
        change(self.progress.lock().unwrap().entry(case).or_default());
        self.changed.notify_all();
    }

    fn wait(&self, case: usize, until: impl Fn(&Progress) -> bool) -> Progress {
        let progress = self.progress.lock().unwrap();
        let goes_on = |all: &mut HashMap<usize, Progress>| !until(all.entry(case).or_default());
        let waited = self.changed.wait_timeout_while(progress, PATIENCE, goes_on);
        waited.unwrap().0[&case].clone()
    }
}

/// A connection without or with TLS.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// Ends the sent part of the connection: over TLS with close_notify.
    pub(crate) fn close(mut self) {
        if let Stream::Tls(stream) = &mut self {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        self.cut();
    }

    /// Ends the sent part of the connection, over TLS without close_notify.
    pub(crate) fn cut(self) {
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        rustix::net::sockopt::set_socket_linger(self.socket(), Some(Duration::ZERO)).unwrap();
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(into),
            Stream::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
