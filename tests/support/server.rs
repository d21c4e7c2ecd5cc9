//! The test server: a thread for each listener and each connection.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::gate::PATIENCE;
use super::{Answer, Scenario, Seen};

/// Stack size of a thread: thousands of connections are thousands of threads, and none of them does much.
const STACK: usize = 256 * 1024;

/// A running server on 127.0.0.1 and, if asked for, further loopback addresses. Dropping it ends every connection and
/// joins its threads; a panic in a closure of the scenario makes the drop panic.
pub struct Server {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    listeners: Vec<JoinHandle<()>>,
}

pub(super) struct Shared {
    pub(super) scenario: Scenario,
    closing: AtomicBool,
    state: Mutex<State>,
    /// Notified when the state that tests wait for changes.
    pub(super) changed: Condvar,
    /// Notified when the server closes. Delayed responses wait on it: apart from `changed`, for there may be thousands
    /// of them.
    closed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    seen: Vec<Seen>,
    requests: usize,
    requests_by_path: HashMap<String, usize>,
    connections: usize,
    pub(super) open: HashMap<usize, Arc<TcpStream>>,
    busy: Busy,
    busy_by_host: HashMap<usize, Busy>,
    pub(super) panics: usize,
}

#[derive(Default, Clone, Copy)]
pub(super) struct Busy {
    now: usize,
    most: usize,
}

impl Server {
    /// Starts a server that responds to every request as the closure says.
    pub fn start(respond: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Server {
        Scenario::new().when("*", respond).start()
    }

    /// Starts a server that responds to every request in the same way.
    pub fn always(answer: Answer) -> Server {
        Scenario::new().on("*", answer).start()
    }

    pub(super) fn run(scenario: Scenario) -> Server {
        let bound = bind(scenario.hosts);
        let shared = Arc::new(Shared {
            scenario,
            closing: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
            closed: Condvar::new(),
        });
        let addresses = bound
            .iter()
            .map(|listener| listener.local_addr().expect("a bound listener's address"))
            .collect();
        let listeners = bound
            .into_iter()
            .enumerate()
            .map(|(host, listener)| {
                let shared = Arc::clone(&shared);
                spawn("listener", move || shared.accept(&listener, host))
                    .expect("a thread to listen")
            })
            .collect();
        Server {
            shared,
            addresses,
            listeners,
        }
    }

    /// Returns the URL of a path on the first host.
    pub fn url(&self, path: &str) -> String {
        self.url_on(0, path)
    }

    /// Returns the URL of a path on one of the hosts, counted from 0.
    pub fn url_on(&self, host: usize, path: &str) -> String {
        format!("http://{}{path}", self.addresses[host])
    }

    /// Returns the address of the first host.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Returns the requests so far, in the order in which they arrived.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// Returns the paths of the requests so far, in the order in which they arrived.
    pub fn paths(&self) -> Vec<String> {
        let state = self.shared.state();
        state.seen.iter().map(|s| s.path().to_owned()).collect()
    }

    /// Returns the latest request to a path.
    ///
    /// # Panics
    /// If there was none.
    #[track_caller]
    pub fn last(&self, path: &str) -> Seen {
        let state = self.shared.state();
        let last = state.seen.iter().rev().find(|seen| seen.path() == path);
        last.unwrap_or_else(|| panic!("no request to {path}"))
            .clone()
    }

    /// Number of requests so far.
    pub fn requests(&self) -> usize {
        self.shared.state().requests
    }

    /// Number of requests to a path so far, on any host.
    pub fn requests_to(&self, path: &str) -> usize {
        let state = self.shared.state();
        state.requests_by_path.get(path).copied().unwrap_or(0)
    }

    /// Number of connections opened so far.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Number of connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.shared.state().open.len()
    }

    /// Largest number of requests that were between arrival and response at once. A request counts as answered before
    /// the end of its response is written, so a client that holds a limit is never seen above it.
    pub fn most_at_once(&self) -> usize {
        self.shared.state().busy.most
    }

    /// Largest number of requests that were between arrival and response at once, on one host.
    pub fn most_at_once_on(&self, host: usize) -> usize {
        let state = self.shared.state();
        state.busy_by_host.get(&host).map_or(0, |busy| busy.most)
    }

    /// Returns when `count` requests have arrived.
    ///
    /// # Panics
    /// If the requests do not come.
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize) {
        let came = self.shared.wait_until(|state| state.requests >= count);
        assert!(came, "{} of {count} requests came", self.requests());
    }

    /// Returns when `count` requests to a path have arrived.
    ///
    /// # Panics
    /// If the requests do not come.
    #[track_caller]
    pub fn wait_for_requests_to(&self, path: &str, count: usize) {
        let arrived = |state: &State| state.requests_by_path.get(path).copied().unwrap_or(0);
        let came = self.shared.wait_until(|state| arrived(state) >= count);
        assert!(
            came,
            "{} of {count} requests to {path} came",
            self.requests_to(path)
        );
    }

    /// Returns when at most `most` connections are open.
    ///
    /// # Panics
    /// If the connections stay open.
    #[track_caller]
    pub fn wait_for_open_connections(&self, most: usize) {
        let gone = self.shared.wait_until(|state| state.open.len() <= most);
        assert!(gone, "{} connections are open", self.open_connections());
    }

    /// Ends every open connection, as a restart would, and goes on listening.
    pub fn drop_connections(&self) {
        self.shared.shut_all();
        self.wait_for_open_connections(0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.close();
        self.shared.shut_all();
        for address in &self.addresses {
            // A listener notices the end only when it accepts a connection.
            let _ = TcpStream::connect_timeout(address, PATIENCE);
        }
        for listener in self.listeners.drain(..) {
            let _ = listener.join();
        }
        self.shared.shut_all();
        let ended = self.shared.wait_until(|state| state.open.is_empty());
        if !thread::panicking() {
            assert!(ended, "a connection of the test server did not end");
            let panics = self.shared.state().panics;
            assert!(panics == 0, "{panics} of the server's answers panicked");
        }
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, listener: &TcpListener, host: usize) {
        loop {
            let accepted = listener.accept();
            if self.is_closing() {
                return;
            }
            match accepted {
                Ok((stream, _)) => self.open(stream, host),
                // The process is out of files or memory: wait, because other connections will end.
                Err(_) => self.pause(Duration::from_millis(5)),
            }
        }
    }

    fn open(self: &Arc<Self>, stream: TcpStream, host: usize) {
        let stream = Arc::new(stream);
        let mut state = self.state();
        let number = state.connections;
        state.connections += 1;
        state.open.insert(number, Arc::clone(&stream));
        drop(state);
        let connection = Connection {
            shared: Arc::clone(self),
            stream,
            number,
            host,
        };
        // Without a thread the connection is dropped, which closes it.
        let _ = spawn("connection", move || connection.serve());
    }

    pub(super) fn arrive(&self, mut seen: Seen) -> Seen {
        let mut state = self.state();
        seen.number = state.requests;
        state.requests += 1;
        state.busy.enter();
        state.busy_by_host.entry(seen.host).or_default().enter();
        if self.scenario.logged {
            let path = seen.path().to_owned();
            let nth = state.requests_by_path.entry(path).or_default();
            *nth += 1;
            seen.nth = *nth;
            state.seen.push(seen.clone());
        } else {
            seen.nth = 1;
        }
        drop(state);
        self.changed.notify_all();
        seen
    }

    pub(super) fn leave(&self, host: usize) {
        let mut state = self.state();
        state.busy.now -= 1;
        state.busy_by_host.entry(host).or_default().now -= 1;
    }

    fn shut_all(&self) {
        for stream in self.state().open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn close(&self) {
        // Set under the lock, so that no delayed response misses it between looking and waiting.
        let _state = self.state();
        self.closing.store(true, Ordering::SeqCst);
        self.closed.notify_all();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Waits for `time`, or until the server closes.
    pub(super) fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.state();
        while !self.is_closing() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = wait(&self.closed, state, left);
        }
    }

    fn wait_until(&self, done: impl Fn(&State) -> bool) -> bool {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while !done(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = wait(&self.changed, state, left);
        }
        true
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait<'a>(
    changed: &Condvar,
    state: MutexGuard<'a, State>,
    limit: Duration,
) -> MutexGuard<'a, State> {
    changed
        .wait_timeout(state, limit)
        .unwrap_or_else(PoisonError::into_inner)
        .0
}

impl Busy {
    fn enter(&mut self) {
        self.now += 1;
        self.most = self.most.max(self.now);
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name(format!("server-{name}"))
        .stack_size(STACK)
        .spawn(run)
}

/// Binds one listener for each host, all on one port: 127.0.0.1, 127.0.0.2, .. 127.0.0.200, 127.0.1.1, ..
fn bind(hosts: usize) -> Vec<TcpListener> {
    let on = |host: usize, port: u16| {
        let ip = Ipv4Addr::new(127, 0, (host / 200) as u8, (host % 200 + 1) as u8);
        TcpListener::bind((IpAddr::V4(ip), port))
    };
    // The port that is free on the first address may be taken on another: then the next port is tried on all addresses.
    (0..100)
        .find_map(|_| {
            let first = on(0, 0).ok()?;
            let port = first.local_addr().ok()?.port();
            let others = (1..hosts).map(|host| on(host, port));
            std::iter::once(Ok(first))
                .chain(others)
                .collect::<Result<_, _>>()
                .ok()
        })
        .expect("a port that is free on every loopback address")
}
