//! Servers, names and options that are refused, each with a message that says which.

use std::io::{self, Write};
use std::net::TcpListener;
use std::thread;

use test_support::{Answer, BlackHole, Folder, Server, refused};

use crate::command::haul;
use crate::redis_proxy::{Fate, RedisProxy};
use crate::world::{RUN, World};

#[test]
fn a_run_that_is_not_there_is_named_with_its_server() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let message = format!(
        "haul: no run \"r1\" at {} (haul fleet load r1 creates it)\n",
        world.redis.url()
    );
    for command in ["work", "status", "pause", "resume", "cancel", "remove"] {
        world.fleet(command, &[]).done().exits(2).says(&message);
    }
    let out = world.at("out.jsonl");
    let collect = world.fleet("collect", &["-o", &out]).done();
    collect.exits(2).says(&message);
    assert!(!world.folder.names().contains(&"out.jsonl".to_owned()));
}

#[test]
fn a_server_that_evicts_keys_is_refused() {
    let Some(world) = World::start(&["--maxmemory-policy", "allkeys-lru"]) else {
        return;
    };
    let message = format!(
        "haul: {}: maxmemory-policy is allkeys-lru (noeviction is needed)\n",
        world.redis.url()
    );
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.loading(&list, &[]).done().exits(2).says(&message);
    world.fleet("work", &[]).done().exits(2).says(&message);
}

#[test]
fn another_input_is_named() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    world.list_of(["http://localhost/1".to_owned()]);
    let message = format!("haul: {list}: not the input that r1 has loaded (use a new name)\n");
    world.loading(&list, &[]).done().exits(2).says(&message);
}

#[test]
fn results_go_to_files_on_a_disk_only() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    let (folder, device) = (world.at("folder"), "/dev/null".to_owned());
    std::fs::create_dir(&folder).expect("a folder");
    let mut places = vec!["-".to_owned(), folder, device];
    if let Ok(true) = fifo(&world.at("fifo")) {
        places.push(world.at("fifo"));
    }
    for place in places {
        let refused = world.fleet("collect", &["-o", &place]).done().exits(2);
        refused.says(&format!("haul: {place}: a file is expected"));
    }
}

#[test]
fn a_folder_that_does_not_exist_is_named_as_a_run_names_it() {
    let folder = Folder::new();
    let path = folder.file("none");
    let path = path.join("x").to_str().expect("a text").to_owned();
    let run = haul(["-o", &path, "http://127.0.0.1:1/"]).done();
    assert!(run.stderr.contains("none does not exist"), "{}", run.stderr);
    let out = folder.file("x").to_str().expect("a text").to_owned();
    // The server is not asked: it is not there.
    let redis = ["--redis", "redis://127.0.0.1:1/0"];
    let outputs: [&[&str]; 2] = [&["-o", &path], &["-o", &out, "--failures", &path]];
    for outputs in outputs {
        let collect = haul(["fleet", "collect", RUN]).and(outputs).and(redis);
        let collect = collect.done();
        assert_eq!((collect.status, &collect.stderr), (run.status, &run.stderr));
    }
}

#[test]
fn an_input_that_does_not_exist_is_named_as_a_run_names_it() {
    let Some(world) = World::start(&["--appendonly", "yes"]) else {
        return;
    };
    for name in ["none", "none.txt"] {
        let path = world.at(name);
        let run = haul([&*path]).done().exits(2);
        let load = world.fleet("load", &[&path]).done().exits(2);
        assert_eq!(load.stderr, run.stderr);
    }
}

/// Makes a pipe with a name. Returns false if that failed.
fn fifo(path: &str) -> io::Result<bool> {
    let made = std::process::Command::new("mkfifo").arg(path).status()?;
    Ok(made.success())
}

#[test]
fn an_input_without_requests_is_told() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of([]);
    let loaded = world.loading(&list, &[]).done().exits(0);
    loaded.says("haul: warning: r1: the input has no requests");
}

#[test]
fn a_password_in_a_url_is_refused_and_not_repeated() {
    for url in [
        "redis://me:sesame@localhost/0",
        "redis://:sesame@localhost",
        "unix:///tmp/redis.sock?pass=sesame",
    ] {
        let typed = haul(["fleet", "status", RUN, "--redis", url]);
        let kept = haul(["fleet", "status", RUN]).env("HAUL_REDIS", url);
        for command in [typed, kept] {
            let done = command.done().exits(2).never_says("sesame");
            done.says("haul: --redis: it holds a password (HAUL_REDIS_PASSWORD)\n");
        }
    }
}

#[test]
fn a_text_that_is_no_url_of_a_server_is_refused() {
    for url in [
        "localhost:6379",
        "http://localhost/",
        "redis://localhost/x",
        "",
    ] {
        let done = haul(["fleet", "status", RUN, "--redis", url]).done();
        done.exits(2).says("haul: --redis: ");
    }
    let far = haul(["fleet", "status", RUN, "--redis", "redis://192.0.2.1/0"]);
    far.done().exits(2).says("use rediss://");
}

#[test]
fn a_text_that_is_no_name_of_a_run_is_refused() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    for name in ["", "a b", "r:1", "{r}", &"r".repeat(65), "ü"] {
        let status = haul(["fleet", "status", name]).env("HAUL_REDIS", &world.redis.url());
        let done = status.done().exits(2);
        done.says("not the name of a run");
    }
}

#[test]
fn a_durable_run_needs_a_server_that_can_be_waited_for() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    let without = world.loading(&list, &["--durable"]).done().exits(2);
    without.says("appendonly is no (--durable needs yes)");
    world.ask::<()>(&["CONFIG", "SET", "appendonly", "yes"]);
    let info: String = world.ask(&["INFO", "server"]);
    if info.contains("redis_version:7.0.") {
        let old = world.loading(&list, &["--durable"]).done().exits(2);
        old.says("Redis 7.0.").says("(--durable needs 7.2)");
    }
}

#[test]
fn an_old_server_is_refused() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let proxy = RedisProxy::start(world.redis.socket(), |call| match call.step {
        "info" => Fate::Reply("+redis_version:6.2.14\r\n"),
        _ => Fate::Pass,
    });
    let done = world.fleet_at(&proxy.url, "status", &[]).done();
    done.exits(2)
        .says(&proxy.url)
        .says("Redis 6.2.14 (7.0 is needed)");
}

#[test]
fn a_replica_is_refused() {
    let Some(world) = World::start(&["--replicaof", "127.0.0.1 1"]) else {
        return;
    };
    let done = world.fleet("status", &[]).done().exits(2);
    done.says("a replica (the primary is needed)");
}

#[test]
fn a_missing_or_wrong_password_is_told_and_not_repeated() {
    let Some(world) = World::start(&["--requirepass", "sesame"]) else {
        return;
    };
    let missing = world.fleet("status", &[]).done().exits(2);
    missing.says("the server asks for a password");
    let wrong = world
        .fleet("status", &[])
        .env("HAUL_REDIS_PASSWORD", "simsalabim");
    let wrong = wrong.done().exits(2).never_says("simsalabim");
    wrong.says("the password is wrong");
    let right = world
        .fleet("status", &[])
        .env("HAUL_REDIS_PASSWORD", "sesame");
    right.done().exits(2).says("no run").never_says("sesame");
    let file = world.folder.write("password", "sesame\n");
    let file = file.to_str().expect("a text");
    let right = world.fleet("status", &["--redis-password-file", file]);
    right.done().exits(2).says("no run");
}

#[test]
fn what_is_no_redis_server_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            // Reading to the end lets the answer arrive.
            let _ = io::copy(&mut client, &mut io::sink());
        }
    });
    let url = format!("redis://{address}/0");
    let done = haul(["fleet", "status", RUN, "--redis", &url]).done();
    done.exits(2).says(&url).says("no Redis server");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let address = refused();
    let url = format!("redis://{address}/0");
    let done = haul(["fleet", "status", RUN, "--redis", &url]).done();
    done.exits(3).says(&url);
    let hole = BlackHole::dig();
    let url = hole.url("/0").replace("http", "redis");
    let done = haul(["fleet", "status", RUN, "--redis", &url]).done();
    done.exits(3).says(&url).says("no answer in time");
}

#[test]
fn keys_of_another_program_are_left_alone() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    let ways: [&[&str]; 4] = [
        &["SET", "haul:{r1.0}:m", "x"],
        &["HSET", "haul:{r1.0}:m", "a", "b"],
        &["SET", "haul:{r1.0}:q", "x"],
        &["XADD", "haul:{r1.0}:out", "*", "a", "b"],
    ];
    for words in ways {
        world.ask::<redis::Value>(words);
        let done = world.loading(&list, &[]).done().exits(2);
        done.says("that are no run of haul (use a new name)");
        assert_eq!(world.ask::<usize>(&["DBSIZE"]), 1, "{words:?}");
        world.ask::<()>(&["FLUSHALL"]);
    }
}

#[test]
fn options_of_the_run_are_refused_for_a_worker() {
    for option in [
        ["--rate-per-host", "5"],
        ["--retry", "3"],
        ["--max-time", "3s"],
        ["--accept", "404"],
        ["-o", "out.jsonl"],
        ["--data", "x"],
    ] {
        let done = haul(["fleet", "work", RUN]).and(option).done().exits(2);
        done.says("not an option of haul fleet work: ")
            .says("haul fleet ");
    }
}

#[test]
fn options_that_a_fleet_cannot_keep_are_refused() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    for (options, name) in [
        (["--paginate", "auto"], "--paginate"),
        (["--unique", "--quiet"], "--unique"),
        (["--max-cost", "5"], "--max-cost"),
        (["--jobs-per-host", "auto"], "--jobs-per-host"),
        (["--replay", "x"], "--replay"),
        (["--capture", "x"], "--capture"),
        (["-o", "x.jsonl"], "--output"),
        (["--bearer", "sesame"], "--bearer"),
        (["-u", "me:sesame"], "--user"),
        (["-b", "a=sesame"], "--cookie"),
        (["-H", "Authorization: sesame"], "--header"),
        (["--fail-early", "--quiet"], "--fail-early"),
        (["--ordered", "--quiet"], "--ordered"),
        (["--shard", "0/2"], "--shard"),
    ] {
        let done = world.loading(&list, &options).done().exits(2);
        done.says(&format!("haul: {name}: ")).never_says("sesame");
        assert_eq!(world.ask::<usize>(&["DBSIZE"]), 0, "{options:?}");
    }
}

#[test]
fn results_go_to_json_lines_only_and_to_a_file_that_can_be_written() {
    let server = Server::always(Answer::text("hello"));
    let Some((world, list)) = World::loaded(&server, 5) else {
        return;
    };
    world.work(&[]).finish().exits(0);
    for name in ["out.csv", "out.tsv", "out.db"] {
        let done = world.fleet("collect", &["-o", &world.at(name)]).done();
        done.exits(2).says(name).says("writes JSON Lines");
    }
    let nowhere = world.at("no/out.jsonl");
    let done = world.fleet("collect", &["-o", &nowhere]).done();
    assert!(matches!(done.status, Some(2 | 3)), "{done:?}");
    done.says(&nowhere);
    world.folder.write("out.jsonl", "kept\n");
    let out = world.at("out.jsonl");
    let done = world.fleet("collect", &["-o", &out]).done().exits(2);
    done.says(&out);
    assert_eq!(world.length("out"), 5, "nothing was lost");
    world
        .fleet("collect", &["-o", &out, "--overwrite"])
        .done()
        .exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}

#[test]
fn a_server_that_keeps_nothing_on_its_disk_is_warned_of() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    let done = world.load(&list, &[]);
    done.says("haul: warning: ").says("appendonly is no");
}
