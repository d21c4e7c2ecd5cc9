//! Servers that answer for a while that they are not ready: each command says so and waits, and nothing is lost.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use test_support::{Answer, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{World, most_hits};

/// Answers of a server that accepts the step later.
const ANSWERS: &[&str] = &[
    "-LOADING Redis is loading the dataset in memory\r\n",
    "-MISCONF Errors writing to the AOF file: No space left on device\r\n",
    "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n",
    "-READONLY You can't write against a read only replica.\r\n",
    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
    "-NOREPLICAS Not enough good replicas to write.\r\n",
    "-CLUSTERDOWN The cluster is down\r\n",
    "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
    "-ERR max number of clients reached\r\n",
];

/// Steps of which the second and third call are answered so.
const STEPS: &[&str] = &[
    "load",
    "beat",
    "lease",
    "settle",
    "permit",
    "xreadgroup",
    "collected",
    "figures",
];

/// Runs a list on a server that gives this answer to some calls.
fn run_with(answer: &'static str) {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 20);
    let calls = Mutex::new(HashMap::new());
    let proxy = RedisProxy::start(world.redis.socket(), move |call| {
        if !STEPS.contains(&call.step) {
            return Fate::Pass;
        }
        let mut calls = calls.lock().expect("no panic");
        let number = calls.entry(call.step).or_insert(0);
        *number += 1;
        match *number {
            2 | 3 => Fate::Reply(answer),
            _ => Fate::Pass,
        }
    });
    let at_proxy = |command: &str, options: &[&str]| world.fleet_at(&proxy.url, command, options);
    let load = at_proxy("load", &[&list, "--lease", "1s", "--max-queued", "8"]).begin();
    world.wait_for_run();
    let worker = at_proxy("work", &["-j", "2"]).begin();
    let collect = at_proxy("collect", &["-o", &world.at("out.jsonl")]).begin();
    let code = answer.split(' ').next().expect("a word")[1..].to_owned();
    for member in [load, worker, collect] {
        let done = member.finish().exits(0);
        done.says("haul: warning: redis://127.0.0.1:")
            .says(&code)
            .says("(asked again for up to ten minutes)");
    }
    world.assert_exact(&list, &["out.jsonl"]);
    assert_eq!((server.requests(), most_hits(&server)), (20, 1), "{answer}");
}

#[test]
fn each_answer_that_a_server_is_not_ready_is_told_and_waited_for() {
    thread::scope(|scope| {
        for answer in ANSWERS {
            scope.spawn(|| run_with(answer));
        }
    });
}
