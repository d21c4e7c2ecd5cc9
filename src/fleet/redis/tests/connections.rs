//! Servers that are slow, away, busy or of another kind, and scripts that are flushed.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use test_support::{PATIENCE, RedisServer, refused};

use super::{Trial, WIDE, connection, entry, new_run};
use crate::fleet::engine::{BeatReply, EngineError, FleetEngine, LoadReply, RunState, SettleReply};
use crate::fleet::redis::disk::WaitedNodes;
use crate::fleet::redis::{RedisEngine, ServerAddress, ServerFacts};

/// Time after which a test takes a server for one that does not answer.
const SHORT: Duration = Duration::from_millis(200);

fn address(url: &str) -> ServerAddress {
    ServerAddress::parse(url, false)
        .unwrap()
        .with_timeouts(SHORT * 10, SHORT)
}

fn engine(server: &RedisServer) -> RedisEngine {
    RedisEngine::connect(address(&server.url()), "r1", false)
        .unwrap()
        .0
}

fn is_away<T: std::fmt::Debug>(reply: Result<T, EngineError>) -> String {
    match reply {
        Err(EngineError::Away(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn is_busy<T: std::fmt::Debug>(reply: Result<T, EngineError>) -> String {
    match reply {
        Err(EngineError::Busy(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn is_refused(reply: Result<(RedisEngine, ServerFacts), EngineError>) -> String {
    match reply {
        Err(EngineError::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

fn tell(server: &RedisServer, words: &[&str]) -> redis::Value {
    redis::cmd(words[0])
        .arg(&words[1..])
        .query(&mut connection(server))
        .unwrap()
}

#[test]
fn scripts_that_are_flushed_are_sent_again() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = engine(&server);
    let flush = || tell(&server, &["SCRIPT", "FLUSH"]);
    engine.create(&new_run(1)).unwrap();
    flush();
    engine.begin_loading("l").unwrap();
    flush();
    assert_eq!(
        engine.load(0, "l", 0, WIDE, &[entry(1)]),
        Ok(LoadReply::Loaded)
    );
    flush();
    engine.beat(0, "a", true).unwrap();
    flush();
    assert_eq!(engine.lease(0, "a", 1, 0).unwrap().entries.len(), 1);
    flush();
    let settled = engine.settle(0, "a", 100, &[super::settled(1)]);
    assert_eq!(settled, Ok(SettleReply::Settled(vec![true])));
    flush();
    assert_eq!(engine.figures(0).unwrap().results, 1);
}

#[test]
fn a_reply_that_comes_late_is_not_taken_for_another() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = engine(&server);
    engine.create(&new_run(1)).unwrap();
    engine.beat(0, "a", true).unwrap();
    server.suspend();
    let reason = is_away(engine.beat(0, "b", true));
    assert_eq!(reason, format!("{}: no answer in time", server.url()));
    is_away(engine.facts());
    server.resume();
    // The server carries the lost step out, and its reply says that there are two members.
    assert_eq!(engine.facts().unwrap().lanes, 1);
    let reply = engine.beat(0, "c", true);
    assert_eq!(
        reply,
        Ok(BeatReply::Member {
            state: RunState::Running,
            workers: 3
        })
    );
}

#[test]
fn connecting_to_a_socket_of_a_server_that_stands_still_ends_in_time() {
    let Some(server) = RedisServer::start(&["--tcp-backlog", "1"]) else {
        return;
    };
    let mut engine = engine(&server);
    engine.link.address = address(&server.url()).with_timeouts(SHORT, SHORT);
    engine.create(&new_run(1)).unwrap();
    server.suspend();
    thread::scope(|scope| {
        // Connections that the server does not accept leave no room for others.
        for _ in 0..4 {
            let socket = server.socket();
            scope.spawn(move || drop(UnixStream::connect(socket)));
        }
        thread::park_timeout(SHORT);
        for _ in 0..3 {
            let reason = is_away(engine.facts());
            assert_eq!(reason, format!("{}: no answer in time", server.url()));
        }
        server.resume();
    });
    let since = Instant::now();
    while engine.facts().is_err() {
        assert!(since.elapsed() < PATIENCE, "it is back");
    }
}

#[test]
fn a_server_that_is_killed_is_away_until_it_is_back() {
    let options = ["--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = RedisServer::start(&options) else {
        return;
    };
    let mut engine = engine(&server);
    engine.create(&new_run(1)).unwrap();
    engine.beat(0, "a", true).unwrap();
    server.kill();
    for _ in 0..3 {
        is_away(engine.beat(0, "a", false));
    }
    server.run();
    let reply = engine.beat(0, "a", false);
    assert_eq!(
        reply,
        Ok(BeatReply::Member {
            state: RunState::Running,
            workers: 1
        })
    );
}

#[test]
fn a_server_that_is_not_there_is_away() {
    let url = format!("redis://{}", refused());
    let reason = is_away(RedisEngine::connect(address(&url), "r1", false));
    assert!(reason.starts_with(&format!("{url}/0: ")), "{reason}");
    is_away(RedisEngine::connect(
        address("unix:///no/such/socket"),
        "r1",
        false,
    ));
}

#[test]
fn a_server_that_accepts_and_never_answers_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let reason = is_away(RedisEngine::connect(address(&url), "r1", false));
    assert_eq!(reason, format!("{url}/0: no answer in time"));
}

#[test]
fn a_server_of_another_kind_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let reason = is_refused(RedisEngine::connect(address(&url), "r1", false));
    assert_eq!(
        reason,
        format!("{url}/0: what answers there is no Redis server")
    );
    server.join().unwrap();
}

#[test]
fn a_server_whose_memory_is_used_up_loads_nothing_and_settles() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut trial = Trial::on(&server, 1);
    trial.engine.create(&new_run(1)).unwrap();
    trial.load(1..=3);
    trial.join(&["a"]);
    tell(&server, &["CONFIG", "SET", "maxmemory", "1"]);
    let reason = is_busy(trial.engine.load(0, "loader", 3, WIDE, &[entry(4)]));
    assert!(reason.contains("load: OOM"), "{reason}");
    trial.join(&["a"]);
    assert_eq!(trial.lease("a", 2), [1, 2]);
    assert_eq!(trial.settle("a", &[1]), SettleReply::Settled(vec![true]));
    let reply = trial
        .engine
        .park(0, "a", 1, &[super::parked(2, Duration::ZERO)]);
    assert_eq!(reply, Ok(vec![true]));
}

#[test]
fn a_server_that_runs_the_script_of_another_is_busy() {
    let Some(server) = RedisServer::start(&["--busy-reply-threshold", "50"]) else {
        return;
    };
    let mut trial = Trial::on(&server, 1);
    trial.engine.create(&new_run(1)).unwrap();
    let mut other = connection(&server);
    let endless = thread::spawn(move || {
        let mut command = redis::cmd("EVAL");
        command
            .arg("while true do end")
            .arg(0)
            .query::<redis::Value>(&mut other)
    });
    let reason = loop {
        match trial.engine.beat(0, "a", true) {
            Ok(_) => continue,
            reply => break is_busy(reply),
        }
    };
    assert!(reason.contains("beat: BUSY"), "{reason}");
    tell(&server, &["SCRIPT", "KILL"]);
    assert!(endless.join().unwrap().is_err());
    assert!(trial.engine.beat(0, "a", true).is_ok());
}

#[test]
fn a_server_that_becomes_a_replica_is_busy_and_then_refused() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut engine = engine(&server);
    engine.create(&new_run(1)).unwrap();
    tell(&server, &["REPLICAOF", "127.0.0.1", "1"]);
    let reason = is_busy(engine.beat(0, "a", true));
    assert!(reason.contains("READONLY"), "{reason}");
    let reason = is_refused(RedisEngine::connect(address(&server.url()), "r1", false));
    assert!(
        reason.ends_with("a replica (the primary is needed)"),
        "{reason}"
    );
}

#[test]
fn a_server_that_evicts_keys_is_refused() {
    let Some(server) = RedisServer::start(&["--maxmemory-policy", "allkeys-lru"]) else {
        return;
    };
    let reason = is_refused(RedisEngine::connect(address(&server.url()), "r1", false));
    let expected = "maxmemory-policy is allkeys-lru (noeviction is needed)";
    assert_eq!(reason, format!("{}: {expected}", server.url()));
}

#[test]
fn a_durable_run_needs_a_file() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let reason = is_refused(RedisEngine::connect(address(&server.url()), "r1", true));
    assert!(
        reason.ends_with("appendonly is no (--durable needs yes)"),
        "{reason}"
    );
    let facts = RedisEngine::connect(address(&server.url()), "r1", false)
        .unwrap()
        .1;
    assert!(facts.warning().is_some() && facts.in_use.memory.used > 0 && !facts.start.is_empty());
}

#[test]
fn a_server_without_the_command_does_not_wait_for_its_disk() {
    let Some(server) = RedisServer::start(&["--appendonly", "yes"]) else {
        return;
    };
    let address = address(&server.url()).with_timeouts(SHORT * 50, SHORT * 50);
    let (mut engine, facts) = RedisEngine::connect(address, "r1", false).unwrap();
    engine.create(&new_run(1)).unwrap();
    let reply = engine.is_on_disk(WaitedNodes::Last, SHORT * 25);
    match facts.can_wait_for_disk {
        true => assert_eq!(reply, Ok(true)),
        false => assert!(matches!(reply, Err(EngineError::Refused(_)))),
    }
}

#[test]
fn each_engine_has_a_connection_of_its_own() {
    let Some(server) = RedisServer::start(&[]) else {
        return;
    };
    let mut first = engine(&server);
    let mut second = first.another();
    assert_eq!(first.create(&new_run(1)), Ok(true));
    assert_eq!(second.create(&new_run(1)), Ok(false));
    assert_eq!(
        format!("{second:?}"),
        format!(
            "RedisEngine {{ server: ServerAddress({}), run: \"r1\", .. }}",
            server.url()
        )
    );
}
