//! A cluster of three servers, whose slots move while a run is on it.

use std::time::{Duration, Instant};

use redis::{Connection, FromRedisValue};
use test_support::{PATIENCE, RedisServer, free_port};

use super::{WIDE, connection, entry, new_run, settled};
use crate::fleet::engine::{
    EngineError, FleetEngine, LoadReply, PermitCall, PermitReply, ResultSource, SettleReply,
};
use crate::fleet::redis::keys::LaneKey;
use crate::fleet::redis::{RedisEngine, ServerAddress};

const SLOTS: u32 = 16384;
const LANES: u32 = 8;

struct Cluster {
    servers: Vec<RedisServer>,
    connections: Vec<Connection>,
    ids: Vec<String>,
}

fn tell<T: FromRedisValue>(connection: &mut Connection, words: &[&str]) -> T {
    redis::cmd(words[0])
        .arg(&words[1..])
        .query(connection)
        .unwrap()
}

impl Cluster {
    fn start() -> Option<Cluster> {
        let mut servers = Vec::new();
        for _ in 0..3 {
            let bus = free_port().to_string();
            let options = [
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--bind",
                "127.0.0.1",
            ];
            servers.push(RedisServer::start_on_port(&options)?);
        }
        let mut connections: Vec<_> = servers.iter().map(connection).collect();
        for (at, connection) in (0..).zip(&mut connections) {
            let first = (SLOTS * at / 3).to_string();
            let last = (SLOTS * (at + 1) / 3 - 1).to_string();
            let () = tell(connection, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            let () = tell(
                connection,
                &["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()],
            );
        }
        for server in &servers[1..] {
            let nodes: String = tell(&mut connection(server), &["CLUSTER", "NODES"]);
            let bus = nodes
                .split('@')
                .nth(1)?
                .split([' ', ','])
                .next()?
                .to_owned();
            let port = server.port().to_string();
            let () = tell(
                &mut connections[0],
                &["CLUSTER", "MEET", "127.0.0.1", &port, &bus],
            );
        }
        let ids = connections
            .iter_mut()
            .map(|c| tell(c, &["CLUSTER", "MYID"]))
            .collect();
        let mut cluster = Cluster {
            servers,
            connections,
            ids,
        };
        cluster.wait_until(|info| {
            info.contains("cluster_state:ok")
                && info.contains("cluster_known_nodes:3")
                && info.contains("cluster_size:3")
        });
        Some(cluster)
    }

    fn wait_until(&mut self, is_so: impl Fn(&str) -> bool) {
        let since = Instant::now();
        for connection in &mut self.connections {
            while !is_so(&tell::<String>(connection, &["CLUSTER", "INFO"])) {
                assert!(
                    since.elapsed() < PATIENCE,
                    "{}",
                    tell::<String>(connection, &["CLUSTER", "INFO"])
                );
                std::thread::park_timeout(Duration::from_millis(20));
            }
        }
    }

    fn engine(&self) -> RedisEngine {
        let url = format!("redis://127.0.0.1:{}", self.servers[0].port());
        let address = ServerAddress::parse(&url, false).unwrap();
        let (engine, facts) = RedisEngine::connect(address, "r1", false).unwrap();
        assert!(facts.is_cluster);
        engine
    }

    fn slot_of(&mut self, lane: u32) -> u32 {
        let key = LaneKey::Queue.of("r1", lane);
        tell(&mut self.connections[0], &["CLUSTER", "KEYSLOT", &key])
    }

    /// Begins to move a slot to another node, and returns the nodes.
    fn begin_to_move(&mut self, slot: u32) -> (usize, usize) {
        let from = (slot * 3 / SLOTS) as usize;
        let from = if slot >= SLOTS * (from as u32 + 1) / 3 {
            from + 1
        } else {
            from
        };
        let to = (from + 1) % 3;
        let (slot, ids) = (slot.to_string(), self.ids.clone());
        let () = tell(
            &mut self.connections[to],
            &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[from]],
        );
        let () = tell(
            &mut self.connections[from],
            &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[to]],
        );
        (from, to)
    }

    /// Moves up to so many keys of a slot.
    fn move_keys(&mut self, slot: u32, (from, to): (usize, usize), most: u32) {
        let (slot, most) = (slot.to_string(), most.to_string());
        let keys: Vec<String> = tell(
            &mut self.connections[from],
            &["CLUSTER", "GETKEYSINSLOT", &slot, &most],
        );
        let port = self.servers[to].port().to_string();
        for key in keys {
            let () = tell(
                &mut self.connections[from],
                &["MIGRATE", "127.0.0.1", &port, &key, "0", "5000"],
            );
        }
    }

    fn end_to_move(&mut self, slot: u32, (from, to): (usize, usize)) {
        let (slot, id) = (slot.to_string(), self.ids[to].clone());
        let () = tell(
            &mut self.connections[to],
            &["CLUSTER", "SETSLOT", &slot, "NODE", &id],
        );
        let () = tell(
            &mut self.connections[from],
            &["CLUSTER", "SETSLOT", &slot, "NODE", &id],
        );
    }
}

/// Worker on a lane whose slot moves.
struct Moving<'e> {
    engine: &'e mut RedisEngine,
    lane: u32,
    settled: u64,
}

impl Moving<'_> {
    /// Leases an entry and settles it. Meanwhile a step with several keys may be refused, but not done in part.
    fn settle(&mut self) {
        let lane = self.lane;
        let leased: Vec<u64> = match self.engine.lease(lane, "a", 1, 0) {
            Err(EngineError::Busy(_)) => return,
            reply => reply
                .unwrap()
                .entries
                .iter()
                .map(|l| l.entry.sequence)
                .collect(),
        };
        assert_eq!(leased, [self.settled + 1], "lane {lane}");
        let since = Instant::now();
        loop {
            match self.engine.settle(lane, "a", 1000, &[settled(leased[0])]) {
                Err(EngineError::Busy(reason)) => assert!(since.elapsed() < PATIENCE, "{reason}"),
                reply => break assert_eq!(reply, Ok(SettleReply::Settled(vec![true]))),
            }
        }
        self.settled += 1;
    }
}

#[test]
fn a_run_goes_on_while_its_slots_move() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let mut engine = cluster.engine();
    assert_eq!(engine.create(&new_run(LANES)), Ok(true));
    engine.begin_loading("l").unwrap();
    for lane in 0..LANES {
        let entries: Vec<_> = (1..=9).map(entry).collect();
        assert_eq!(
            engine.load(lane, "l", 0, WIDE, &entries),
            Ok(LoadReply::Loaded)
        );
        engine.beat(lane, "a", true).unwrap();
    }
    for lane in 0..LANES {
        let mut moving = Moving {
            engine: &mut engine,
            lane,
            settled: 0,
        };
        moving.settle();
        assert_eq!(moving.settled, 1);
        let slot = cluster.slot_of(lane);
        let nodes = cluster.begin_to_move(slot);
        moving.settle();
        cluster.move_keys(slot, nodes, 2);
        moving.settle();
        cluster.move_keys(slot, nodes, 100);
        moving.settle();
        // A step with a single key is carried out by the node to which the slot moves.
        let results = moving
            .engine
            .results(lane, "file", ResultSource::New, 1)
            .unwrap();
        assert_eq!(results.len(), 1, "lane {lane}");
        cluster.end_to_move(slot, nodes);
        // For some moments, nodes may differ about the slot.
        let (before, since) = (moving.settled, Instant::now());
        while moving.settled == before {
            assert!(since.elapsed() < PATIENCE, "lane {lane}");
            moving.settle();
        }
        let settled = moving.settled;
        let results = engine.results(lane, "file", ResultSource::New, 9).unwrap();
        assert_eq!(results.len() as u64 + 1, settled);
        let figures = engine.figures(lane).unwrap();
        assert_eq!(
            (figures.entries, figures.success, figures.stale),
            (9 - settled, settled, 0)
        );
    }
    let call = PermitCall {
        interval: Duration::ZERO,
        tolerance: Duration::ZERO,
        count: 1,
        longest_wait: Duration::ZERO,
        windows: Vec::new(),
    };
    for name in ["a", "b", "c", "d"] {
        let host = super::limits_agree::host(name);
        assert_eq!(
            engine.permit(Some(&host), &call),
            Ok(PermitReply::Granted(Duration::ZERO))
        );
    }
    assert!(engine.another().facts().is_ok());
    engine.remove().unwrap();
    assert_eq!(engine.facts(), Err(EngineError::NoRun));
}

#[test]
fn a_node_that_is_killed_is_away_and_the_others_are_not() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    let mut engine = cluster.engine();
    engine.create(&new_run(LANES)).unwrap();
    // The node of the address, too, may be away.
    cluster.servers[0].kill();
    let (mut is_up, mut is_away) = (0, 0);
    for lane in 0..LANES {
        match engine.beat(lane, "a", true) {
            Ok(_) => is_up += 1,
            Err(EngineError::Busy(_)) => {}
            Err(EngineError::Away(_)) => is_away += 1,
            other => panic!("lane {lane}: {other:?}"),
        }
    }
    assert!(is_away > 0 && is_up > 0, "{is_away} {is_up}");
    cluster.servers[0].run();
    let since = Instant::now();
    while let Err(error) = (0..LANES).try_for_each(|lane| engine.beat(lane, "a", true).map(drop)) {
        assert!(since.elapsed() < PATIENCE, "{error:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
