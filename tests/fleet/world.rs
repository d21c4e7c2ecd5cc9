//! World of a test: a Redis server and a folder of its own, and the commands of the fleet that use both.

use std::collections::BTreeMap;
use std::env;
use std::ops::{Deref, DerefMut};
use std::thread;
use std::time::{Duration, Instant};

use haul::fleet::{Fleet, RunStatus};
use serde_json::Value;
use test_support::{Answer, Folder, PATIENCE, RedisServer, Server};

use crate::command::{Done, Haul, Running, haul, records};

/// Name of the run of each test.
pub(crate) const RUN: &str = "r1";

/// Shortest lease, so that the tests need not wait long.
pub(crate) const LEASE: Duration = Duration::from_secs(1);

/// User of the server that may run no more commands than a fleet needs, and its password.
pub(crate) const LOGIN: (&str, &str) = ("haul", "open-sesame");

pub(crate) struct World {
    pub(crate) redis: RedisServer,
    pub(crate) folder: Folder,
    /// Folder with the server's list of users, if the commands reach it as the user of few rights.
    users: Option<Folder>,
}

/// Process that is killed at the latest when the test ends.
pub(crate) struct Member(Option<Running>);

/// Multiplies a number of requests by `HAUL_SCALE`.
pub(crate) fn scaled(count: usize) -> usize {
    let scale = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    count * scale.unwrap_or(1)
}

/// Waits until something holds.
///
/// # Panics
/// If it does not come to hold.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it did not come: {what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}

impl World {
    /// Starts a server that keeps everything in memory, with further options. `None`: the test is skipped.
    pub(crate) fn start(options: &[&str]) -> Option<World> {
        RedisServer::start(options).map(World::on)
    }

    /// Makes the world of a server that was started.
    pub(crate) fn on(redis: RedisServer) -> World {
        let (folder, users) = (Folder::new(), None);
        World {
            redis,
            folder,
            users,
        }
    }

    /// Starts a server, and loads a list of this many paths of an HTTP server into it. Returns the path of the list, too.
    pub(crate) fn loaded(server: &Server, count: usize) -> Option<(World, String)> {
        let world = World::start(&[])?;
        let list = world.list(server, count);
        world.load(&list, &[]);
        Some((world, list))
    }

    /// Starts a server as [`start`](World::start) does, which the commands reach as a user with few rights.
    pub(crate) fn with_login(options: &[&str]) -> Option<World> {
        let (name, password) = LOGIN;
        let rights = Fleet::needed_commands().filter(|command| *command != "waitaof");
        let rights = rights.map(|command| format!(" +{command}"));
        let rights: String = rights.collect();
        let user = format!("user {name} on >{password} ~haul:* -@all{rights}\n");
        let users = Folder::new();
        let rules = users.write("users", user);
        let rules = rules.to_str().expect("a path of text");
        let mut world = World::start(&[options, &["--aclfile", rules]].concat())?;
        world.users = Some(users);
        Some(world)
    }

    /// Starts a server that writes each change to a file, and can be killed and started again.
    pub(crate) fn on_disk() -> Option<World> {
        World::start(&["--appendonly", "yes"])
    }

    /// Lets the server write what it has, and each further change, to its files.
    pub(crate) fn write_to_disk(&self) {
        self.ask::<()>(&["CONFIG", "SET", "appendonly", "yes"]);
        wait_until("files", || {
            let info: String = self.ask(&["INFO", "persistence"]);
            let is_there = |fact: &str| info.contains(fact);
            is_there("aof_rewrite_in_progress:0") && is_there("aof_rewrite_scheduled:0")
        });
    }

    /// Lets the server write nothing more to its files, so that loaders need not wait for its disk.
    pub(crate) fn write_no_more(&self) {
        self.ask::<()>(&["CONFIG", "SET", "appendonly", "no"]);
    }

    /// Builds a command of the fleet.
    pub(crate) fn fleet(&self, command: &str, options: &[&str]) -> Haul {
        self.fleet_at(&self.redis.url(), command, options)
    }

    /// Builds a command of the fleet that reaches the server by this URL.
    pub(crate) fn fleet_at(&self, url: &str, command: &str, options: &[&str]) -> Haul {
        let haul = haul(["fleet", command, RUN])
            .and(options)
            .env("TMPDIR", &self.at(""));
        let (name, password) = LOGIN;
        match self.users.is_some() {
            true => haul
                .env("HAUL_REDIS", &format!("{url}?user={name}"))
                .env("HAUL_REDIS_PASSWORD", password),
            false => haul.env("HAUL_REDIS", url),
        }
    }

    /// Loads a list with leases of a second.
    pub(crate) fn load(&self, list: &str, options: &[&str]) -> Done {
        self.loading(list, options).done().exits(0)
    }

    /// Builds the command that loads a list with leases of a second.
    pub(crate) fn loading(&self, list: &str, options: &[&str]) -> Haul {
        self.fleet("load", &[list, "--lease", "1s"]).and(options)
    }

    /// Waits until a loader has created the run.
    #[track_caller]
    pub(crate) fn wait_for_run(&self) {
        let facts = format!("haul:{{{RUN}.0}}:m");
        wait_until("a run", || self.ask::<bool>(&["EXISTS", &facts]));
    }

    /// Starts a worker.
    pub(crate) fn work(&self, options: &[&str]) -> Member {
        self.fleet("work", options).begin()
    }

    /// Starts a collector that writes to a file of the folder.
    pub(crate) fn collect(&self, name: &str) -> Member {
        self.fleet("collect", &["-o", &self.at(name)]).begin()
    }

    /// Lets a worker send what is left and a collector write everything. Returns the records of the collector's file.
    pub(crate) fn finish(&self, name: &str) -> Vec<Value> {
        let worker = self.work(&[]);
        let collector = self.collect(name);
        worker.finish().exits(0);
        collector.finish().exits(0);
        self.records(name)
    }

    /// Returns the path of a file of the folder.
    pub(crate) fn at(&self, name: &str) -> String {
        let path = self.folder.file(name);
        path.to_str().expect("a path of text").to_owned()
    }

    /// Writes a list of paths of the server that are `/0`, `/1`, .. and returns its path.
    pub(crate) fn list(&self, server: &Server, count: usize) -> String {
        let lines = (0..count).map(|number| server.url(&format!("/{number}")));
        self.list_of(lines)
    }

    /// Writes a list of these lines, and returns its path.
    pub(crate) fn list_of(&self, lines: impl IntoIterator<Item = String>) -> String {
        let text: String = lines.into_iter().map(|line| line + "\n").collect();
        self.folder.write("list", text);
        self.at("list")
    }

    /// Returns the records of a file of results.
    pub(crate) fn records(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.file(name));
        records(&text.unwrap_or_else(|e| panic!("{name}: {e}")))
    }

    /// Asserts that each line of a list has exactly one outcome in the files together. Returns the outcomes.
    #[track_caller]
    pub(crate) fn assert_exact(&self, list: &str, results: &[&str]) -> Vec<Value> {
        let done = self.verify(list, results);
        assert_eq!(done.status, Some(0), "{}{}", done.stdout, done.stderr);
        self.records("merged.jsonl")
    }

    /// Compares files of results with a list, and merges them.
    pub(crate) fn verify(&self, list: &str, results: &[&str]) -> Done {
        let merged = self.at("merged.jsonl");
        haul(["merge", "-o", &merged, "--overwrite", "--verify", list])
            .and(results.iter().map(|name| self.at(name)))
            .done()
    }

    /// Asserts that a run is over, and that its figures say that each of so many requests has its outcome.
    #[track_caller]
    pub(crate) fn assert_over(&self, count: usize) {
        let (status, count) = (self.status(), count as u64);
        let counts = (status.loaded, status.settled(), status.collected);
        assert_eq!(counts, (count, count, count));
        assert_eq!((status.success, status.remaining()), (count, 0));
        assert_eq!((status.queued_bytes, status.result_bytes), (0, 0));
        assert_eq!((self.length("q"), self.length("out")), (0, 0));
    }

    /// Figures of the run.
    pub(crate) fn status(&self) -> RunStatus {
        let run = Fleet::connect(self.redis.url()).and_then(|fleet| fleet.run(RUN));
        let status = run.and_then(|run| run.status());
        status.unwrap_or_else(|error| panic!("{error}\n{}", self.redis.log()))
    }

    /// Asks the server directly.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.redis.url()).expect("a URL");
        let mut connection = client.get_connection().expect("a connection");
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let reply = command.query(&mut connection);
        reply.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Returns the number of entries in a stream of the first lane: `q` or `out`.
    pub(crate) fn length(&self, stream: &str) -> usize {
        self.ask(&["XLEN", &format!("haul:{{{RUN}.0}}:{stream}")])
    }

    /// Returns the number of entries that were ever added to the queue.
    pub(crate) fn entries_added(&self) -> u64 {
        let queue = format!("haul:{{{RUN}.0}}:q");
        let facts: BTreeMap<String, redis::Value> = self.ask(&["XINFO", "STREAM", &queue]);
        redis::from_redis_value(facts["entries-added"].clone()).expect("a number")
    }

    /// Returns the number of the run's consumers of the queue.
    pub(crate) fn consumers(&self) -> usize {
        let queue = format!("haul:{{{RUN}.0}}:q");
        let consumers: Vec<redis::Value> = self.ask(&["XINFO", "CONSUMERS", &queue, "w"]);
        consumers.len()
    }
}

impl Haul {
    /// Starts the command.
    pub(crate) fn begin(self) -> Member {
        Member(Some(self.start()))
    }
}

impl Member {
    /// Waits for the end of the process.
    pub(crate) fn finish(mut self) -> Done {
        self.0.take().expect("it runs").finish()
    }

    /// Kills the process, and returns when it is gone.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut running) = self.0.take() {
            running.kill();
            let _ = running.status();
        }
    }
}

impl Deref for Member {
    type Target = Running;

    fn deref(&self) -> &Running {
        self.0.as_ref().expect("it runs")
    }
}

impl DerefMut for Member {
    fn deref_mut(&mut self) -> &mut Running {
        self.0.as_mut().expect("it runs")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.end();
    }
}

/// Answers after a moment, so that a run lasts for a while.
pub(crate) fn slow_server() -> Server {
    Server::always(Answer::text("hello").after(Duration::from_millis(4)))
}

/// True if the machine is not busy with other tests, so that times can be asserted.
pub(crate) fn is_timed() -> bool {
    env::var_os("HAUL_SCALE").is_some()
}

/// Returns a text of a record, or an empty one.
pub(crate) fn text<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or_default()
}

/// Returns the path of the URL of a record.
pub(crate) fn path_of(record: &Value) -> &str {
    let url = text(record, "url");
    let path = url.splitn(4, '/').nth(3);
    &url[url.len() - path.map_or(0, |path| path.len() + 1)..]
}

/// Returns the largest number of requests to one path.
pub(crate) fn most_hits(server: &Server) -> usize {
    let mut hits = BTreeMap::<String, usize>::new();
    for path in server.paths() {
        *hits.entry(path).or_default() += 1;
    }
    hits.into_values().max().unwrap_or(0)
}
