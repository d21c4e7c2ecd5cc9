//! Settings of a run: those that no run can have, those that differ, and those that were changed on the server.

use crate::world::{RUN, World};

/// Loads a line of a URL with options, and returns the world, if a server is installed.
fn loaded(options: &[&str]) -> Option<(World, String)> {
    let world = World::start(&[])?;
    let list = world.list_of(["http://localhost/".to_owned()]);
    world.fleet("load", &[&list]).and(options).done().exits(0);
    Some((world, list))
}

#[test]
fn a_setting_that_no_run_can_have_is_named_by_its_option() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let list = world.list_of(["http://localhost/".to_owned()]);
    let wrong = [
        ("--lanes", "5000", "5000 (1 to 1024 are possible)"),
        ("--lease", "0s", "0s (at least 1s is needed)"),
        ("--lease", "999ms", "999ms (at least 1s is needed)"),
        ("--lease", "86401s", "86401s (at most a day is possible)"),
        ("--max-queued", "0", "0 (at least 1 is needed)"),
        (
            "--base-url",
            "http://me:sesame@h/",
            "it holds a user or a password, which the server would keep",
        ),
    ];
    for (option, value, text) in wrong {
        let done = world.fleet("load", &[&list, option, value]).done();
        let done = done.exits(2).never_says("sesame");
        done.says(&format!("haul: {option}: {text}\n"));
    }
    assert_eq!(world.ask::<usize>(&["DBSIZE"]), 0);
}

#[test]
fn settings_that_differ_are_named_by_their_options() {
    let Some((world, list)) = loaded(&["--output-files", "--lease", "90s"]) else {
        return;
    };
    let options = "--lanes 3 --max-queued 4 --max-deliveries 2 --resume-writes";
    let done = world.fleet("load", &[&list]).and(options.split(' ')).done();
    done.exits(2).says(
        "haul: the run \"r1\" was created with other options: --lanes: 3 (the run has 1); \
         --lease: 30s (the run has 90s); --max-queued: 4 (the run has 100000); \
         --max-deliveries: 2 (the run has 3); --resume-writes: given (the run does not have it); \
         --output-files: not given (the run has it) \
         (use the same ones, or a new name)\n",
    );
}

#[test]
fn a_run_whose_facts_were_changed_is_refused_by_each_command() {
    let Some((world, list)) = loaded(&[]) else {
        return;
    };
    let facts = format!("haul:{{{RUN}.0}}:m");
    let url = world.redis.url();
    let field = |name| {
        format!("haul: {url}: the run \"r1\" has a field {name:?} whose value no run can have\n")
    };
    let setting = |text: &str| {
        format!("haul: {url}: the run \"r1\" has a setting that no run can have: {text}\n")
    };
    let changes = [
        (
            "lease",
            "119",
            setting("lease: 119ms (at least 1s is needed)"),
        ),
        ("lease", "0", setting("lease: 0s (at least 1s is needed)")),
        (
            "lease",
            "99999999999",
            setting("lease: 99999999.999s (at most a day is possible)"),
        ),
        ("lease", "soon", field("lease")),
        ("lease", "18446744073709551615", field("lease")),
        ("lanes", "0", field("lanes")),
        ("lanes", "4294967297", field("lanes")),
        ("lanes", "-1", field("lanes")),
        ("state", "asleep", field("state")),
        ("pos", "18446744073709551615", field("pos")),
        ("eof", "", field("eof")),
        ("generation", "18446744073709551615", field("generation")),
        (
            "args",
            r#"{"max_queued":9,"max_deliveries":0}"#,
            setting("max_deliveries: 0 (at least 1 is needed)"),
        ),
        (
            "args",
            r#"{"max_queued":9,"max_deliveries":1,"base_url":"h"}"#,
            format!("haul: {url}: the run \"r1\" has a setting that no run can have: base_url: "),
        ),
        (
            "args",
            "[]",
            format!("haul: {url}: the run \"r1\" was made by another version of haul: "),
        ),
        (
            "v",
            "2",
            format!("haul: {url}: r1: a run of version \"2\" (this build knows 1)\n"),
        ),
    ];
    let out = world.at("out.jsonl");
    let commands: [(&str, &[&str]); 5] = [
        ("load", &[&list]),
        ("work", &[]),
        ("collect", &["-o", &out]),
        ("status", &[]),
        ("pause", &[]),
    ];
    for (name, value, message) in changes {
        let before: Option<String> = world.ask(&["HGET", &facts, name]);
        world.ask::<()>(&["HSET", &facts, name, value]);
        for (command, options) in commands {
            let done = world.fleet(command, options).done();
            done.exits(2).says(&message);
        }
        match before {
            Some(before) => world.ask::<()>(&["HSET", &facts, name, &before]),
            None => world.ask::<()>(&["HDEL", &facts, name]),
        }
    }
    world.fleet("status", &[]).done().exits(0);
}

#[test]
fn counts_that_were_changed_are_shown_without_an_overflow() {
    let Some((world, _)) = loaded(&["--lanes", "2"]) else {
        return;
    };
    for lane in ["0", "1"] {
        let counts = format!("haul:{{{RUN}.{lane}}}:n");
        for name in ["success", "failed", "queued_bytes", "reclaimed"] {
            world.ask::<()>(&["HSET", &counts, name, "9223372036854775807"]);
        }
    }
    for options in [&[][..], &["--json"], &["--prom"]] {
        world.fleet("status", options).done().exits(0);
    }
}
