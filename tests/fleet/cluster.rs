//! Clusters of three servers.

use std::process::Command;
use std::time::Duration;

use haul::fleet::{Fleet, RunPhase};
use test_support::{Answer, Gate, RedisServer, Server, free_port};

use crate::world::{RUN, World, most_hits, wait_until};

/// Cluster of three servers, each with a third of the slots. The first one is the world's.
struct Cluster {
    world: World,
    others: Vec<RedisServer>,
}

/// Runs `redis-cli`, and returns what it prints.
fn redis_cli(words: &[&str]) -> String {
    let output = Command::new("redis-cli").args(words).output();
    let output = output.expect("redis-cli, which comes with redis-server");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{words:?}: {text}");
    text
}

impl Cluster {
    fn start() -> Option<Cluster> {
        let start = || {
            let bus = free_port().to_string();
            let options = [
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--appendonly",
                "yes",
                "--bind",
                "127.0.0.1",
            ];
            RedisServer::start_on_port(&options)
        };
        let (redis, others) = (start()?, vec![start()?, start()?]);
        let cluster = Cluster {
            world: World::on(redis),
            others,
        };
        let places: Vec<String> = (0..3).map(|node| cluster.place(node)).collect();
        let mut words = vec!["--cluster", "create"];
        words.extend(places.iter().map(String::as_str));
        words.push("--cluster-yes");
        redis_cli(&words);
        wait_until("a cluster", || {
            (0..3).all(|node| {
                let info = cluster.tell(node, &["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_size:3")
            })
        });
        Some(cluster)
    }

    fn node(&self, node: usize) -> &RedisServer {
        match node {
            0 => &self.world.redis,
            node => &self.others[node - 1],
        }
    }

    fn place(&self, node: usize) -> String {
        format!("127.0.0.1:{}", self.node(node).port())
    }

    fn url(&self) -> String {
        format!("redis://{}/0", self.place(0))
    }

    /// Sends a command to a node.
    fn tell(&self, node: usize, words: &[&str]) -> String {
        let port = self.node(node).port().to_string();
        let mut all = vec!["-p", &port];
        all.extend(words);
        redis_cli(&all)
    }

    /// Moves the slot of a lane, with its keys, from the node that got it first to the next one.
    fn move_lane(&self, lane: u32) {
        let slot = self.tell(
            0,
            &["CLUSTER", "KEYSLOT", &format!("haul:{{{RUN}.{lane}}}:q")],
        );
        let slot = slot.trim();
        let number: usize = slot.parse().expect("a slot");
        let from = (number / 5461).min(2);
        let to = (from + 1) % 3;
        let id = |node| self.tell(node, &["CLUSTER", "MYID"]).trim().to_owned();
        let (from_id, to_id) = (id(from), id(to));
        self.tell(to, &["CLUSTER", "SETSLOT", slot, "IMPORTING", &from_id]);
        self.tell(from, &["CLUSTER", "SETSLOT", slot, "MIGRATING", &to_id]);
        let port = self.node(to).port().to_string();
        loop {
            // Keys move one after the other, so that the run meets a slot whose keys lie on both nodes.
            let keys = self.tell(from, &["CLUSTER", "GETKEYSINSLOT", slot, "1"]);
            let key = keys.trim();
            if key.is_empty() {
                break;
            }
            self.tell(from, &["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
        }
        for node in [to, from] {
            self.tell(node, &["CLUSTER", "SETSLOT", slot, "NODE", &to_id]);
        }
    }
}

#[test]
fn a_run_in_a_cluster_goes_on_while_slots_move() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let (world, count) = (&cluster.world, 400);
    let gate = Gate::closed();
    let behind = gate.clone();
    // Not over before the slots have moved.
    let server = Server::start(move |seen| match seen.number < 2 {
        true => Answer::text("late").behind(&behind),
        false => Answer::text("hello").after(Duration::from_millis(8)),
    });
    let list = world.list(&server, count);
    let fleet = |command: &str, options: &[&str]| world.fleet_at(&cluster.url(), command, options);
    let load = ["--lanes", "8", "--lease", "5s"];
    let loader = fleet("load", &[&list]).and(load).begin();
    let is_there = || Fleet::connect(cluster.url()).and_then(|fleet| fleet.run(RUN));
    wait_until("a run", || is_there().is_ok());
    let workers = [0, 1, 2].map(|_| fleet("work", &["-j", "2"]).begin());
    let collector = fleet("collect", &["-o", &world.at("out.jsonl")]).begin();
    server.wait_for_requests(count / 8);
    for lane in 0..8 {
        cluster.move_lane(lane);
    }
    gate.open();
    loader.finish().exits(0);
    for worker in workers {
        worker.finish().exits(0);
    }
    collector.finish().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!((server.requests(), most_hits(&server)), (count, 1));
    let status = is_there().and_then(|run| run.status()).expect("a status");
    assert_eq!(status.phase, RunPhase::Over);
    assert_eq!((status.settled(), status.remaining()), (count as u64, 0));
    assert_eq!(
        (status.collected, status.results_waiting),
        (count as u64, 0)
    );
}

#[test]
fn each_primary_of_a_cluster_is_looked_at() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    for node in [0, 2] {
        let set = ["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"];
        cluster.tell(node, &set);
        let done = cluster.world.fleet_at(&cluster.url(), "status", &[]).done();
        done.exits(2)
            .says(&format!(
                "{}: node {}: ",
                cluster.url(),
                cluster.place(node)
            ))
            .says("maxmemory-policy is allkeys-lru (noeviction is needed)");
        cluster.tell(node, &["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    }
    cluster.tell(1, &["CONFIG", "SET", "appendonly", "no"]);
    cluster.world.folder.write("list", "http://127.0.0.1:1/\n");
    let list = cluster.world.at("list");
    let load = ["--durable", &list];
    let done = cluster.world.fleet_at(&cluster.url(), "load", &load).done();
    done.exits(2).says("--durable needs");
}
