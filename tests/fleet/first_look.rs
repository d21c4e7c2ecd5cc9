//! Servers that are not ready when a command begins: those that fill, send and collect wait, the others say so and end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use test_support::{Answer, Server};

use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::World;

/// Starts a proxy that answers so to the first two calls of a step.
fn not_ready(world: &World, step: &'static str, answer: &'static str) -> RedisProxy {
    let calls = AtomicUsize::new(0);
    RedisProxy::start(world.redis.socket(), move |call| {
        let is_early = call.step == step && calls.fetch_add(1, Ordering::SeqCst) < 2;
        match is_early {
            true => Fate::Reply(answer),
            false => Fate::Pass,
        }
    })
}

/// Runs a list on a server that gives this answer to the first calls of a step of each command.
fn run_with(step: &'static str, answer: &'static str) {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 5);
    let out = world.at("out.jsonl");
    let commands: [(&str, &[&str]); 3] = [
        ("load", &[&list, "--lease", "1s"]),
        ("work", &[]),
        ("collect", &["-o", &out]),
    ];
    for (command, options) in commands {
        let proxy = not_ready(&world, step, answer);
        let done = world.fleet_at(&proxy.url, command, options).done().exits(0);
        let (code, _) = answer[1..].split_once(' ').expect("a code");
        let told = done.stderr.lines().filter(|line| line.contains(code));
        let told: Vec<&str> = told.collect();
        assert_eq!(told.len(), 1, "{command}, {step}: {}", done.stderr);
        let begin = format!("haul: warning: {}: ", proxy.url);
        assert!(told[0].starts_with(&begin), "{}", told[0]);
        assert!(told[0].ends_with("(asked again for up to ten minutes)"));
    }
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn commands_that_fill_send_and_collect_wait_for_a_server_that_is_not_ready() {
    thread::scope(|scope| {
        for (step, answer) in [
            ("info", "-BUSY Redis is busy running a script.\r\n"),
            (
                "hmget",
                "-LOADING Redis is loading the dataset in memory\r\n",
            ),
            ("hmget", "-CLUSTERDOWN The cluster is down\r\n"),
            ("info", "-MASTERDOWN Link with MASTER is down.\r\n"),
            ("info", "-ERR max number of clients reached\r\n"),
        ] {
            scope.spawn(move || run_with(step, answer));
        }
    });
}

#[test]
fn commands_about_the_run_as_a_whole_tell_that_the_server_is_not_ready_and_end() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, _)) = World::loaded(&server, 1) else {
        return;
    };
    let answer = "-LOADING Redis is loading the dataset in memory\r\n";
    for command in ["status", "pause", "resume", "cancel", "remove"] {
        let proxy = not_ready(&world, "hmget", answer);
        let done = world.fleet_at(&proxy.url, command, &[]).done().exits(3);
        done.says(&format!("haul: {}: ", proxy.url))
            .says("LOADING Redis is loading the dataset in memory")
            .never_says("asked again");
    }
}

#[test]
fn a_server_that_is_busy_with_a_script_at_the_start_is_waited_for() {
    let Some(world) = World::start(&["--busy-reply-threshold", "10"]) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 5);
    let client = redis::Client::open(world.redis.url()).expect("a URL");
    let mut other = client.get_connection().expect("a connection");
    let loader = thread::scope(|scope| {
        let endless = || {
            let mut connection = client.get_connection().expect("a connection");
            let script = redis::cmd("EVAL")
                .arg("while true do end")
                .arg(0)
                .to_owned();
            script.exec(&mut connection).expect_err("it is killed");
        };
        scope.spawn(endless);
        // The first command that is sent while the script runs is answered by its end.
        let is_busy = |answer: redis::RedisResult<()>| {
            answer.is_err_and(|error| error.code() == Some("BUSY"))
        };
        while !is_busy(redis::cmd("DBSIZE").exec(&mut other)) {}
        let loader = world.loading(&list, &[]).begin();
        loader.wait_until_said("BUSY");
        redis::cmd("SCRIPT")
            .arg("KILL")
            .exec(&mut other)
            .expect("a reply");
        loader
    });
    let done = loader.finish().exits(0);
    done.says(&format!("haul: warning: {}: ", world.redis.url()));
    world.finish("out.jsonl");
    world.assert_exact(&list, &["out.jsonl"]);
}
