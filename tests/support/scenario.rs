//! How a test says what the server does.

use std::sync::Arc;

use super::server::Server;
use super::{Answer, Script, Seen};

pub(super) type Respond = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

/// What a server does, path by path; the first match counts, and what nothing matches gets a 404.
pub struct Scenario {
    routes: Vec<(Pattern, Respond)>,
    pub(super) hosts: usize,
    pub(super) logged: bool,
}

/// A path, or with a star at its end all paths that begin so.
struct Pattern(String);

impl Pattern {
    fn matches(&self, path: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == self.0,
        }
    }
}

impl Scenario {
    pub fn new() -> Scenario {
        Scenario {
            routes: Vec::new(),
            hosts: 1,
            logged: true,
        }
    }

    /// Answers requests to this path (`/a`), or to all that begin so (`/a/*`). A script of several answers runs for
    /// each path by itself.
    pub fn on(self, path: &str, script: impl Into<Script>) -> Scenario {
        let script = script.into();
        self.when(path, move |seen| script.nth(seen.nth))
    }

    /// Answers as the closure says, which may look at the request.
    pub fn when(
        mut self,
        path: &str,
        respond: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Scenario {
        self.routes
            .push((Pattern(path.to_owned()), Arc::new(respond)));
        self
    }

    /// Listens on so many loopback addresses, each another host to a client, all with the same port.
    pub fn hosts(mut self, count: usize) -> Scenario {
        self.hosts = count.max(1);
        self
    }

    /// Counts requests, and neither keeps them nor counts them by path: for millions. Scripts stay at their first
    /// answer.
    pub fn unlogged(mut self) -> Scenario {
        self.logged = false;
        self
    }

    /// Starts the server. It stops when dropped.
    pub fn start(self) -> Server {
        Server::run(self)
    }

    pub(super) fn respond(&self, seen: &Seen) -> Answer {
        self.routes
            .iter()
            .find(|(pattern, _)| pattern.matches(seen.path()))
            .map_or(Answer::status(404), |(_, respond)| respond(seen))
    }
}
