//! The corpus of `tests/wild`, changed at random: both ways of reading a response agree on each of 100,000, none is a
//! success with a body other than its framing says, none hangs, and no later request gets bytes of an earlier response.
//!
//! `HAUL_SCALE=n` reads n times as many, `HAUL_SEED=n` others.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;

use test_support::corpus;

use super::super::connection::Connection;
use super::framing::{Ending, Framing, framing};
use super::*;
use crate::transport::connection::line::ConnectionLine;
use crate::transport::connection::wire::{Limits, SocketWire};
use crate::transport::pool::PoolKey;

/// Number of responses that are read, on all threads together.
const COUNT: u64 = 100_000;
/// Upper bound for the size of a response: a longer one would not fit into a socket before it is read.
const LONGEST: usize = 32 * 1024;
/// Time limit of a request. No response waits for another event, so only a response that hangs takes so long.
const LIMIT: Duration = Duration::from_secs(5);
const HOST: &str = "http://127.0.0.1:1";
const NEXT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext";

/// Pieces that have a meaning in a response.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"0",
    b"5",
    b"\0",
    b"\xff",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 200 OK\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 7\r\n",
    b"Content-Length : 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Connection: close\r\n",
    b" folded\r\n",
    b"5\r\nhello\r\n",
    b"0\r\n\r\n",
    b"chunked",
];

/// Response to be read, and the method of its request.
#[derive(Clone)]
struct Seed {
    method: &'static str,
    bytes: Vec<u8>,
}

fn seeds() -> Vec<Seed> {
    let cases = corpus::cases().into_iter().filter(|case| case.is_plain());
    let seeds = cases.map(|case| Seed {
        method: match case.option("method") {
            Some("HEAD") => "HEAD",
            _ => "GET",
        },
        bytes: case.response(),
    });
    seeds
        .filter(|seed| !seed.bytes.is_empty() && seed.bytes.len() <= LONGEST / 2)
        .collect()
}

/// Changes a response in one to four places.
fn mutated(seeds: &[Seed], random: &mut fastrand::Rng) -> Seed {
    let mut seed = seeds[random.usize(..seeds.len())].clone();
    let bytes = &mut seed.bytes;
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(..=bytes.len());
        let end = (at + random.usize(..20)).min(bytes.len());
        match random.u8(..10) {
            0 | 1 if at < bytes.len() => bytes[at] = random.u8(..),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => bytes.truncate(at),
            // Joins the beginning of this response and the end of another.
            5 => {
                let other = &seeds[random.usize(..seeds.len())].bytes;
                bytes.truncate(at);
                bytes.extend_from_slice(&other[random.usize(..=other.len())..]);
            }
            6 if at < bytes.len() && bytes[at].is_ascii_digit() => {
                bytes[at] = random.digit(10) as u8
            }
            _ => {
                let line = line_after(bytes, at);
                let at = if random.bool() { line } else { at };
                let word = WORDS[random.usize(..WORDS.len())];
                bytes.splice(at..at, word.iter().copied());
            }
        }
        bytes.truncate(LONGEST);
    }
    seed
}

/// Returns the beginning of the next line.
fn line_after(bytes: &[u8], at: usize) -> usize {
    let end = bytes[at..].iter().position(|&b| b == b'\n');
    end.map_or(bytes.len(), |end| at + end + 1)
}

/// Result of reading a response.
#[derive(Debug, PartialEq)]
enum Told {
    /// Status and body of a failure that is cut at the limit of bodies: bytes beyond the limit are not compared.
    Cut(u16, Vec<u8>),
    Reply(u16, HeaderMap, Vec<u8>),
    Fault(ErrorType, Option<u16>),
}

struct Reader {
    sockets: Sockets,
    /// Requests by GET and by HEAD.
    first: [Asking; 2],
    next: Asking,
}

impl Reader {
    fn new(general: bool) -> Reader {
        let first = ["GET", "HEAD"].map(|method| {
            let mut asking = asking(method, format!("{HOST}/"));
            asking.limit = Some(LIMIT);
            if general {
                asking.body = RequestContent::Bytes(b"x".to_vec());
            }
            asking
        });
        Reader {
            sockets: sockets(),
            first,
            next: get(format!("{HOST}/next")),
        }
    }

    /// Reads a response on a connection of its own, and makes a further request on it. `None`: the connection is not
    /// used again.
    fn read(&self, seed: &Seed, framing: &Framing) -> (Told, Option<Told>) {
        let (ours, peer) = UnixStream::pair().unwrap();
        let socket = TcpStream::from(OwnedFd::from(ours));
        let wire = SocketWire::new(Arc::new(socket), Limits::attempt(None, None));
        let remote = SocketAddr::from(([127, 0, 0, 1], 1));
        let host = Host::of(&HOST.parse().unwrap()).unwrap();
        let key = PoolKey::Server(Cow::Owned(host));
        let connection = Connection::new(ConnectionLine::new(wire), None, key, remote);
        self.sockets
            .connector
            .pool
            .give_back(Box::new(connection), Instant::now());

        let told = self.ask(&self.first[usize::from(seed.method == "HEAD")], || {
            (&peer).write_all(&seed.bytes).unwrap();
            // The end of this response cannot be seen without the end of the connection.
            if framing.ending != Ending::Itself {
                peer.shutdown(Shutdown::Write).unwrap();
            }
        });
        let told = told.expect("the connection that was just put there");
        let next = self.ask(&self.next, || {
            let _ = (&peer).write_all(NEXT);
        });
        self.sockets.close_idle();
        (told, next)
    }

    /// Makes a request on the idle connection. `None`: there is none that can be used.
    fn ask(&self, asking: &Asking, answer: impl Fn()) -> Option<Told> {
        if self.sockets.connector.pool.len() == 0 {
            return None;
        }
        let exchanged = asking.on(&self.sockets, Some(&answer));
        if !exchanged.trace.reused {
            return None;
        }
        Some(match exchanged.result {
            Ok(reply) if reply.truncated => Told::Cut(reply.status, reply.body),
            Ok(reply) => Told::Reply(reply.status, (*reply.headers).clone(), reply.body),
            Err(fault) => Told::Fault(fault.error_type, fault.reply.map(|reply| reply.status)),
        })
    }
}

/// Returns the promise that a response breaks. `None`: it breaks none.
fn complaint(seed: &Seed, readers: &[Reader; 2]) -> Option<String> {
    let framing = framing(&seed.bytes, seed.method == "HEAD");
    let [(plain, next), (general, next_general)] =
        readers.each_ref().map(|reader| reader.read(seed, &framing));
    if plain != general {
        return Some(format!(
            "the plain way: {plain:?}; the general way: {general:?}"
        ));
    }
    if let Told::Fault(ErrorType::Timeout, _) = plain {
        return Some("it hangs".into());
    }
    if let Told::Cut(200..=399, _) = plain {
        return Some("a success is cut".into());
    }
    if let Told::Reply(_, _, body) = &plain
        && let Some(complaint) = framing.complaint(body)
    {
        return Some(complaint);
    }
    if next != next_general {
        return Some(format!(
            "the next: {next:?}; the general way: {next_general:?}"
        ));
    }
    match next {
        Some(Told::Reply(200, _, body)) if body == b"next" => {
            (!framing.reusable).then(|| "its connection is used again".into())
        }
        Some(other) => Some(format!("the next request gets {other:?}")),
        None => None,
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn both_ways_agree_on_changed_responses() {
    let seeds = seeds();
    assert!(seeds.len() > 300 || std::env::var_os("WILD").is_some());
    let threads = thread::available_parallelism()
        .map_or(2, usize::from)
        .min(8) as u64;
    let each = COUNT * number("HAUL_SCALE").unwrap_or(1).max(1) / threads;
    let first = number("HAUL_SEED").unwrap_or(1) * 1000;
    let wrong: Vec<String> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|thread| {
                let seeds = &seeds;
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(first + thread);
                    let readers = [Reader::new(false), Reader::new(true)];
                    let changed = (0..each).map(|_| mutated(seeds, &mut random));
                    let wrong = changed.filter_map(|seed| {
                        let why = complaint(&seed, &readers)?;
                        let text = seed.bytes.escape_ascii().to_string();
                        Some(format!("{} {text}\n    {why}", seed.method))
                    });
                    wrong.take(20).collect::<Vec<_>>()
                })
            })
            .collect();
        let ended = started.into_iter().map(|thread| thread.join().unwrap());
        ended.flatten().collect()
    });
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count}:\n{}\n", wrong.join("\n"));
}

#[test]
fn both_ways_agree_on_every_case_of_the_corpus() {
    let readers = [Reader::new(false), Reader::new(true)];
    let mut seen = HashSet::new();
    let mut wrong = Vec::new();
    for seed in seeds() {
        if seen.insert(seed.bytes.clone())
            && let Some(why) = complaint(&seed, &readers)
        {
            wrong.push(format!("{}\n    {why}", seed.bytes.escape_ascii()));
        }
    }
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count}:\n{}\n", wrong.join("\n"));
}
