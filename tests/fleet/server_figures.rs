//! Memory and files of the server, as `haul fleet status` shows them.

use std::fs;

use serde_json::Value;

use crate::world::{World, wait_until};

fn json_of(world: &World) -> Value {
    let shown = world.fleet("status", &["--json"]).done().exits(0).stdout;
    serde_json::from_str(&shown).expect("an object")
}

/// Returns the line about the server.
fn line_of(world: &World) -> String {
    let shown = world.fleet("status", &[]).done().exits(0).stdout;
    let line = shown.lines().find(|line| line.starts_with("server "));
    line.unwrap_or_else(|| panic!("{shown}")).to_owned()
}

/// Returns the value of a metric.
fn metric_of(world: &World, name: &str) -> f64 {
    let shown = world.fleet("status", &["--prom"]).done().exits(0).stdout;
    let start = format!("haul_fleet_{name}{{");
    let line = shown.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("{shown}"));
    let value = line.rsplit(' ').next().expect("a value");
    value.parse().expect("a number")
}

/// Lets the server write its file anew, whatever it answers.
fn write_file_anew(world: &World) {
    let client = redis::Client::open(world.redis.url()).expect("a URL");
    let mut connection = client.get_connection().expect("a connection");
    let _ = redis::cmd("BGREWRITEAOF").exec(&mut connection);
}

#[test]
fn memory_is_shown_with_its_bound() {
    let Some(world) = World::with_login(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    assert!(line_of(&world).contains(" in use, without a bound; AOF off"));
    assert_eq!(json_of(&world)["memory_limit_bytes"], 0);
    world.ask::<()>(&["CONFIG", "SET", "maxmemory", "200mb"]);
    let status = json_of(&world);
    assert_eq!(status["memory_limit_bytes"], 200 << 20);
    let used = status["memory_used_bytes"].as_u64().expect("a number");
    assert!(used > 10_000 && used < 200 << 20, "{used}");
    assert!(line_of(&world).contains(" of 200 MiB in use ("));
    assert_eq!(metric_of(&world, "memory_limit_bytes") as u64, 200 << 20);
    assert!(metric_of(&world, "memory_used_bytes") > 10_000.0);
}

#[test]
fn the_file_of_changes_is_shown_with_its_failures() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.load(&list, &[]);
    let facts = |world: &World| {
        let status = json_of(world);
        ["aof_enabled", "aof_write_ok", "aof_rewrite_ok"].map(|name| status[name] == true)
    };
    assert_eq!(facts(&world), [false, true, true]);
    world.write_to_disk();
    assert_eq!(facts(&world), [true, true, true]);
    assert!(json_of(&world)["aof_bytes"].as_u64() > Some(0));
    assert!(line_of(&world).contains("; AOF on ("));
    assert_eq!(metric_of(&world, "aof_enabled") as u8, 1);
    // A file stands where the server would make its directory.
    let directory = world.redis.folder().file("appendonlydir");
    fs::remove_dir_all(&directory).expect("a directory");
    fs::write(&directory, "").expect("a file");
    write_file_anew(&world);
    wait_until("a failure", || !facts(&world)[2]);
    assert!(line_of(&world).ends_with(", its last rewrite failed"));
    assert_eq!(metric_of(&world, "aof_rewrite_ok") as u8, 0);
    assert_eq!(metric_of(&world, "aof_write_ok") as u8, 1);
}
