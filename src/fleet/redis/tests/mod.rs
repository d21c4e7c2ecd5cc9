//! Tests of the engine in Redis, against servers that they start. Time is set by the test: see [`Trial`].

mod addresses;
mod agreement;
mod arguments;
#[cfg(feature = "fleet-cluster")]
mod cluster;
mod connections;
mod cost;
mod cuts;
mod limits;
mod limits_agree;
mod loaders;
mod logins;
mod members;
mod outcomes;
mod queue;
mod runs;
mod server_facts;
mod tls;

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use redis::{Cmd, Connection, FromRedisValue};
use test_support::RedisServer;

use super::keys::LaneKey;
use super::scripts::Scripts;
use super::{RedisEngine, ServerAddress};
use crate::fleet::engine::{
    BeatReply, Entry, FleetEngine, LoadReply, NewRun, ParkedEntry, QueueBounds, ResultClass,
    Sequence, SettleReply, SettledEntry,
};

/// Server that the tests share, each with runs of its own names.
static SERVER: LazyLock<Option<RedisServer>> = LazyLock::new(|| RedisServer::start(&[]));

/// Length of a lease in tests.
///
/// The server measures by its own clock how long an entry was not touched. A test that lets time pass makes it believe
/// that much more did. With leases and steps of minutes, the seconds that the test itself takes do not matter.
const LEASE: Duration = Duration::from_secs(350);

/// Bounds of a queue that are not reached.
const WIDE: QueueBounds = QueueBounds {
    entries: 1_000_000,
    bytes: 1 << 40,
};

/// Commands by which the server believes that time passed since entries were touched.
const AGE: &str = r"
for at, key in ipairs(KEYS) do
  local group = at % 2 == 1 and 'w' or 'c'
  if redis.call('EXISTS', key) == 1 then
    for _, entry in ipairs(redis.call('XPENDING', key, group, '-', '+', 100000)) do
      redis.call('XCLAIM', key, group, entry[2], 0, entry[1], 'IDLE', entry[3] + ARGV[1], 'RETRYCOUNT', entry[4], 'JUSTID')
    end
  end
end";

/// Run of a test, with its own time.
pub(super) struct Trial {
    pub(super) engine: RedisEngine,
    /// Connection for looking at the keys.
    pub(super) keys: Connection,
    pub(super) run: String,
    lanes: u32,
    now: Duration,
}

impl Trial {
    /// Creates a run. `None`: no server is installed.
    pub(super) fn new(lanes: u32) -> Option<Trial> {
        let mut trial = Trial::without_run(lanes)?;
        assert_eq!(trial.engine.create(&new_run(lanes)), Ok(true));
        Some(trial)
    }

    /// Prepares for a run that does not exist.
    pub(super) fn without_run(lanes: u32) -> Option<Trial> {
        SERVER.as_ref().map(|server| Trial::on(server, lanes))
    }

    /// Prepares for a run on a server of the test's own.
    pub(super) fn on(server: &RedisServer, lanes: u32) -> Trial {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let run = format!("r{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let time = "redis.call('GET', 'time:' .. string.match(KEYS[1], '^haul:{([%w_-]+)'))";
        let time = format!(
            "(function() local t = {time} return {{string.sub(t, 1, -7), string.sub(t, -6)}} end)()"
        );
        let scripts = Scripts::new(|text| text.replace("redis.call('TIME')", &time));
        let address = ServerAddress::parse(&server.url(), false).unwrap();
        let mut trial = Trial {
            engine: RedisEngine::new(address, &run, Arc::new(scripts)).unwrap(),
            keys: connection(server),
            run,
            lanes,
            now: Duration::from_secs(1_700_000_000),
        };
        trial.pass(Duration::ZERO);
        trial
    }

    /// Time of day in the scripts.
    pub(super) fn now(&self) -> Duration {
        self.now
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        let now = self.now.as_micros().to_string();
        let key = format!("time:{}", self.run);
        let () = self.ask(redis::cmd("SET").arg(key).arg(now));
        let keys = (0..self.lanes).flat_map(|lane| {
            [
                LaneKey::Queue.of(&self.run, lane),
                LaneKey::Results.of(&self.run, lane),
            ]
        });
        let keys: Vec<String> = keys.collect();
        if !time.is_zero() {
            let time = u64::try_from(time.as_millis()).unwrap();
            let () = self.ask(
                redis::cmd("EVAL")
                    .arg(AGE)
                    .arg(keys.len())
                    .arg(keys)
                    .arg(time),
            );
        }
    }

    pub(super) fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> T {
        command.query(&mut self.keys).unwrap()
    }

    /// Makes workers members of lane 0.
    pub(super) fn join(&mut self, workers: &[&str]) {
        for worker in workers {
            let reply = self.engine.beat(0, worker, true).unwrap();
            assert!(matches!(reply, BeatReply::Member { .. }));
        }
    }

    /// Sets the clock back.
    pub(super) fn set_back(&mut self, time: Duration) {
        self.now -= time;
        self.pass(Duration::ZERO);
    }

    /// Lets time pass in which these workers send their beats.
    pub(super) fn pass_with_beats(&mut self, time: Duration, workers: &[&str]) {
        for _ in 0..4 {
            self.pass(time / 4);
            self.join(workers);
        }
    }

    /// Loads entries of these numbers into lane 0, by a loader of its own.
    pub(super) fn load(&mut self, numbers: RangeInclusive<Sequence>) {
        self.engine.begin_loading("loader").unwrap();
        let entries: Vec<Entry> = numbers.clone().map(entry).collect();
        let reply = self
            .engine
            .load(0, "loader", numbers.start() - 1, WIDE, &entries);
        assert_eq!(reply, Ok(LoadReply::Loaded));
    }

    /// Leases from lane 0, and returns the numbers of the entries.
    pub(super) fn lease(&mut self, worker: &str, most: usize) -> Vec<Sequence> {
        let reply = self.engine.lease(0, worker, most, 0).unwrap();
        reply
            .entries
            .iter()
            .map(|leased| leased.entry.sequence)
            .collect()
    }

    /// Settles entries of lane 0.
    pub(super) fn settle(&mut self, worker: &str, numbers: &[Sequence]) -> SettleReply {
        let entries: Vec<_> = numbers.iter().map(|&number| settled(number)).collect();
        self.engine.settle(0, worker, u64::MAX, &entries).unwrap()
    }

    /// Everything under the keys of the run, to see whether anything changed.
    pub(super) fn dump(&mut self) -> Vec<(String, Vec<u8>)> {
        let pattern = format!("haul:{{{}[.:}}]*", self.run);
        let mut keys: Vec<String> = self.ask(redis::cmd("KEYS").arg(pattern));
        keys.sort();
        let mut dump = Vec::new();
        for key in keys {
            let content = self.ask(redis::cmd("DUMP").arg(&key));
            dump.push((key, content));
        }
        dump
    }

    /// Name of a key of lane 0.
    pub(super) fn key(&self, key: LaneKey) -> String {
        key.of(&self.run, 0)
    }
}

pub(super) fn connection(server: &RedisServer) -> Connection {
    redis::Client::open(server.url())
        .unwrap()
        .get_connection()
        .unwrap()
}

pub(super) fn new_run(lanes: u32) -> NewRun {
    NewRun {
        id: "id".to_owned(),
        settings: "settings".to_owned(),
        lanes,
        lease: LEASE,
    }
}

/// Entry whose fields follow from its number.
pub(super) fn entry(sequence: Sequence) -> Entry {
    let is_fault = sequence % 7 == 3;
    Entry {
        sequence,
        line: match is_fault {
            true => Vec::new(),
            false => format!("http://host/{sequence}\0\u{ff}").into_bytes(),
        },
        key: [sequence as u8; 16],
        index: if sequence % 5 == 2 {
            sequence + 40
        } else {
            sequence - 1
        },
        supersedes: sequence % 3 == 1,
        fault: is_fault.then(|| format!("fault of {sequence}")),
    }
}

/// Outcome of an entry, which follows from its number.
pub(super) fn settled(sequence: Sequence) -> SettledEntry {
    SettledEntry {
        sequence,
        class: ResultClass::Success,
        size: entry(sequence).size(),
        record: format!("record of {sequence}").into_bytes(),
    }
}

/// Entry that is parked for this time, after its first delivery.
pub(super) fn parked(sequence: Sequence, delay: Duration) -> ParkedEntry {
    ParkedEntry {
        sequence,
        delay,
        attempts: 0,
        deliveries: 1,
        begun_again: false,
        is_aside: false,
    }
}

/// Number from the environment, such as `HAUL_SEED`.
pub(super) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
