//! Descriptions of the server's behaviour, path by path.

use std::sync::Arc;

use super::server::Server;
use super::{Answer, Script, Seen};

pub(super) type Respond = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

/// Behaviour of a server by path. The first match counts, and a path without a match gets a 404.
pub struct Scenario {
    routes: Vec<(Pattern, Respond)>,
    pub(super) hosts: usize,
    pub(super) logged: bool,
}

/// A path, or a prefix of paths if it ends with a star.
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

    /// Responds to requests to this path (`/a`), or to all paths with this prefix (`/a/*`). A script of several
    /// responses runs for each path separately.
    pub fn on(self, path: &str, script: impl Into<Script>) -> Scenario {
        let script = script.into();
        self.when(path, move |seen| script.nth(seen.nth))
    }

    /// Responds as the closure says, which may look at the request.
    pub fn when(
        mut self,
        path: &str,
        respond: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Scenario {
        self.routes
            .push((Pattern(path.to_owned()), Arc::new(respond)));
        self
    }

    /// Listens on `count` loopback addresses with the same port. A client takes each for another host.
    pub fn hosts(mut self, count: usize) -> Scenario {
        self.hosts = count.max(1);
        self
    }

    /// Counts requests, but neither keeps them nor counts them by path: for millions of requests. Scripts stay at their
    /// first response.
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
