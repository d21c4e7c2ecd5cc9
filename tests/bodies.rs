//! Request bodies: streamed, sent again, refused before they are sent, or broken.

#[path = "bodies/asking.rs"]
mod asking;
#[cfg(feature = "multipart")]
#[path = "bodies/multipart.rs"]
mod multipart;
#[path = "bodies/records.rs"]
mod records;
#[path = "bodies/replay.rs"]
mod replay;
#[path = "bodies/server.rs"]
mod server;
#[path = "bodies/streams.rs"]
mod streams;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use haul::{Client, ClientBuilder, Error, Outcome, RetryPolicy};

/// Builder with the default policy, but short waits, and without a budget that other tests' failures could spend.
fn builder() -> ClientBuilder {
    let policy = RetryPolicy::default()
        .backoff(Duration::from_millis(1), Duration::from_millis(4))
        .budget(None);
    Client::builder().workers(4).retry(policy)
}

fn client() -> Client {
    builder().build().unwrap()
}

#[track_caller]
fn error(outcome: &Outcome) -> &Error {
    match outcome.error() {
        Some(error) => error,
        None => panic!("did not fail: {outcome:?}"),
    }
}

/// Returns bytes in which no two neighbouring blocks are equal.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
}

/// A directory of one test, removed at its end.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haul-bodies-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
