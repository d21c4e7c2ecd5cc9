//! Secrets: passwords of the server and of users stay out of outputs, files, the queue and the list of processes.

use std::fs;
use std::path::Path;

use serde_json::json;
use test_support::{Answer, Authority, Folder, RedisServer, Server};

use haul::fleet::Fleet;

use crate::world::{LOGIN, World, wait_until};

/// Option of a server that writes its files as text.
const PLAIN: &[&str] = &["--aof-use-rdb-preamble", "no"];

/// Asserts that no file of a folder holds a secret.
fn assert_unwritten(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            assert_unwritten(&path, secret);
            continue;
        }
        let bytes = fs::read(&path).unwrap_or_default();
        let holds = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!holds, "{} holds it", path.display());
    }
}

/// Asserts that no process of this machine was started with a secret as an argument, but for a server that is told its
/// own.
fn assert_not_an_argument(secret: &str) {
    for entry in fs::read_dir("/proc").expect("processes").flatten() {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        assert!(!line.contains(secret), "{line}");
    }
}

#[test]
fn a_user_with_few_rights_runs_everything_and_its_password_is_nowhere() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let (_, password) = LOGIN;
    let by_user = |command: &str, options: &[&str]| world.fleet(command, options);
    let count = 300;
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, count);
    let limits = ["--max-queued", "100", "--rate-per-host", "2000"];
    let loader = by_user("load", &[&list, "--lease", "1s"])
        .and(limits)
        .begin();
    world.wait_for_run();
    let killed = by_user("work", &["-j", "2", "-vv"]).begin();
    server.wait_for_requests(20);
    assert_not_an_argument(password);
    killed.kill();
    let worker = by_user("work", &["-j", "2", "-vv"]).begin();
    let out = world.at("out.jsonl");
    let collector = by_user("collect", &["-o", &out]).begin();
    for command in ["pause", "resume", "status"] {
        by_user(command, &[]).done().exits(0).never_says(password);
    }
    for member in [loader, worker, collector] {
        member.finish().exits(0).never_says(password);
    }
    assert!(world.status().reclaimed > 0);
    world.assert_exact(&list, &["out.jsonl"]);
    by_user("remove", &[]).done().exits(0).never_says(password);
    assert_unwritten(world.folder.path(), password);
}

#[test]
fn a_right_that_a_user_lacks_is_named() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    let user = [
        "ACL", "SETUSER", "haul", "on", "nopass", "~haul:*", "+@all", "-xadd",
    ];
    world.ask::<()>(&user);
    let url = format!("{}?user=haul", world.redis.url());
    let worker = world
        .fleet_at(&url, "work", &[])
        .env("HAUL_REDIS_PASSWORD", "x");
    worker.done().exits(2).says("the user may not run XADD");
}

#[test]
fn secrets_of_requests_are_not_in_the_queue_and_come_from_the_worker() {
    let Some(world) = World::start(PLAIN) else {
        return;
    };
    let server = Server::start(|seen| match seen.header("authorization") {
        Some("Bearer open-sesame") => Answer::text("hello"),
        _ => Answer::status(401),
    });
    let line = |number: usize| {
        let headers = json!({"Authorization": "Bearer open-sesame"});
        json!({"url": server.url(&format!("/{number}")), "headers": headers}).to_string()
    };
    let list = world.list_of((0..3).map(line));
    world.load(&list, &[]).never_says("open-sesame");
    world.write_to_disk();
    let without = world.work(&[]);
    without.finish().exits(0).never_says("open-sesame");
    let collector = world.collect("out.jsonl");
    collector.finish().exits(0).never_says("open-sesame");
    let records = world.records("out.jsonl");
    assert_eq!(records.len(), 3);
    assert!(
        records.iter().all(|r| r["error_type"] == "invalid_request"),
        "{records:#?}"
    );
    assert_eq!(server.requests(), 0);
    assert_unwritten(world.redis.folder().path(), "open-sesame");
    fs::remove_file(&list).expect("a file");
    assert_unwritten(world.folder.path(), "open-sesame");
}

#[test]
fn a_worker_adds_its_secret_which_nobody_keeps() {
    let Some(world) = World::start(PLAIN) else {
        return;
    };
    let server = Server::start(|seen| match seen.header("authorization") {
        Some("Bearer open-sesame") => Answer::text("hello"),
        _ => Answer::status(401),
    });
    let list = world.list(&server, 20);
    world.load(&list, &[]);
    let worker = world
        .fleet("work", &["-vv"])
        .env("HAUL_BEARER", "open-sesame");
    let worker = worker.begin();
    wait_until("requests", || server.requests() > 0);
    worker.finish().exits(0).never_says("open-sesame");
    let collector = world.collect("out.jsonl");
    collector.finish().exits(0);
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert!(records.iter().all(|r| r["status"] == 200), "{records:#?}");
    assert_unwritten(world.redis.folder().path(), "open-sesame");
    assert_unwritten(world.folder.path(), "open-sesame");
}

#[test]
fn a_loader_tells_which_secrets_of_a_line_its_workers_must_be_given() {
    let Some(world) = World::start(PLAIN) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let with_user = server.url("/user").replace("http://", "http://ada:sesame@");
    let lines = [
        server.url("/plain"),
        server.url("/key?api_key=sesame&page=2"),
        with_user,
        json!({"url": server.url("/team"), "headers": {"X-Team": "sesame"}}).to_string(),
    ];
    let list = world.list_of(lines);
    let loaded = world.load(&list, &["--secret", "X-Team"]);
    let told = "its secrets stay out of the queue, and each worker sends those that it is given";
    loaded
        .never_says("sesame")
        .never_says(&format!("{list}:1: "))
        .says(&format!(
            "haul: warning: {list}:2: {told}: ?api_key (haul fleet work --url-query api_key=VALUE)"
        ))
        .says(&format!(
            "haul: warning: {list}:3: {told}: authorization (haul fleet work -u USER:PASSWORD or"
        ))
        .says(&format!(
            "haul: warning: {list}:4: {told}: x-team (haul fleet work -H 'x-team: VALUE')"
        ));
    world.write_to_disk();
    assert_unwritten(world.redis.folder().path(), "sesame");
    let given = [
        "--url-query",
        "api_key=open",
        "-u",
        "ada:open",
        "-H",
        "X-Team: open",
    ];
    let worker = world.work(&given).finish().exits(0);
    worker.never_says("open");
    world.collect("out.jsonl").finish().exits(0);
    let records = world.assert_exact(&list, &["out.jsonl"]);
    assert!(
        records.iter().all(|r| r["outcome"] == "success"),
        "{records:#?}"
    );
    let seen = server.seen();
    let target = |path: &str| {
        seen.iter()
            .find(|seen| seen.path() == path)
            .map(|s| &*s.target)
    };
    assert_eq!(target("/key"), Some("/key?page=2&api_key=open"));
}

#[test]
fn a_line_whose_secret_no_worker_can_give_is_told_and_fails_by_name() {
    let Some(world) = World::start(PLAIN) else {
        return;
    };
    let server = Server::always(Answer::text("hello"));
    let list = world.at("rows.jsonl");
    fs::write(&list, "{\"pin\": \"sesame\"}\n").expect("a file");
    let template = format!("--url-template={}", server.url("/of/{pin}"));
    let loaded = world.load(&list, &[&template, "--secret", "pin"]);
    let told = "the queue does not hold the secret value of {pin}";
    loaded
        .says(&format!("{list}:1: this line will fail: {told}"))
        .never_says("sesame");
    let records = world.finish("out.jsonl");
    let said = records[0]["error_msg"].as_str().expect("a text");
    assert!(said.starts_with(told), "{said}");
    assert_eq!(server.requests(), 0);
}

#[test]
fn further_lines_with_secrets_are_told_once() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let line = |number: usize| format!("http://localhost/{number}?token=1&api_key=sesame");
    let list = world.list_of((0..50).map(line));
    let loaded = world.load(&list, &[]);
    let told = loaded.stderr.matches("its secrets stay out").count();
    assert_eq!(told, 10, "{}", loaded.stderr);
    loaded.says("the secrets of further lines stay out of the queue without a warning");
}

#[test]
fn a_program_without_a_provider_of_tls_gets_an_error() {
    // The commands install one themselves; this process has none.
    let error = Fleet::connect("rediss://localhost:1").expect_err("no provider");
    let message = error.to_string();
    assert!(message.contains("no provider of TLS"), "{message}");
}

#[test]
fn a_server_with_tls_is_trusted_by_the_authority_that_is_given() {
    let files = Folder::new();
    let authority = Authority::new();
    let signed = authority.sign("localhost", 2100);
    let file = |name: &str, text: String| {
        let path = files.write(name, text);
        path.to_str().expect("a path of text").to_owned()
    };
    let own = file("ca.pem", authority.pem());
    let other = file("other.pem", Authority::new().pem());
    let certificate = file("cert.pem", signed.certificate.pem());
    let key = file("key.pem", signed.key.serialize_pem());
    let options = [
        "--port",
        "0",
        "--tls-port",
        "{port}",
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &own,
        "--tls-auth-clients",
        "no",
    ];
    let Some(redis) = RedisServer::start_on_port(&options) else {
        return;
    };
    let url = format!("rediss://localhost:{}/0", redis.port());
    let world = World::on(redis);
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 20);
    let with = |authority: &str, command: &str, options: &[&str]| {
        let command = world.fleet_at(&url, command, options);
        command.and(["--redis-cacert", authority])
    };
    let wrong = with(&other, "load", &[&list, "--lease", "1s"]).done();
    wrong.exits(2).says(&url).says("certificate");
    let unknown = world.fleet_at(&url, "load", &[&list]).done();
    unknown.exits(2).says(&url).says("certificate");
    with(&own, "load", &[&list, "--lease", "1s"])
        .done()
        .exits(0);
    with(&own, "work", &[]).done().exits(0);
    let out = world.at("out.jsonl");
    with(&own, "collect", &["-o", &out]).done().exits(0);
    world.assert_exact(&list, &["out.jsonl"]);
}
