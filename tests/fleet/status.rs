//! `haul fleet status`: its figures, its formats, and what it costs the server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use test_support::{Answer, Gate, Server};

use crate::world::{Member, RUN, World, scaled, wait_until};

/// Run whose host was asked to be left alone for a minute, and its worker.
fn with_a_waiting_host(world: &World, server: &Server) -> Member {
    let list = world.list(server, 3);
    world.load(&list, &[]);
    let worker = world.work(&["-j", "1"]);
    wait_until("a host that waits", || {
        !world.status().waiting_hosts.is_empty()
    });
    worker
}

fn busy_server() -> Server {
    Server::always(Answer::status(429).header("Retry-After", "60"))
}

fn end(world: &World, worker: Member) {
    world.fleet("cancel", &[]).done().exits(0);
    worker.finish().exits(4);
}

#[test]
fn hosts_that_wait_are_shown_with_the_reason() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = busy_server();
    let worker = with_a_waiting_host(&world, &server);
    let waiting = world.status().waiting_hosts;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].host, format!("http://{}", server.address()));
    assert_eq!(waiting[0].reason.as_str(), "asked");
    assert!(waiting[0].left <= Duration::from_secs(61));
    let shown = world.fleet("status", &[]).done().exits(0).stdout;
    let line = shown.lines().find(|line| line.starts_with("hosts "));
    let line = line.unwrap_or_else(|| panic!("{shown}"));
    assert!(
        line.contains(" waits ") && line.ends_with("(asked to)"),
        "{line}"
    );
    end(&world, worker);
}

#[test]
fn the_json_has_each_figure_under_its_name() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = busy_server();
    let worker = with_a_waiting_host(&world, &server);
    let shown = world.fleet("status", &["--json"]).done().exits(0).stdout;
    assert_eq!(shown.lines().count(), 1);
    let status: BTreeMap<String, Value> = serde_json::from_str(&shown).expect("an object");
    let names: BTreeSet<&str> = status.keys().map(String::as_str).collect();
    let expected = "run state odd_lanes loaded success rejected failed given_up queued leased parked \
        results_waiting collected stale reclaimed queued_bytes result_bytes rate remaining_ms \
        workers hosts_waiting memory_used_bytes memory_limit_bytes aof_enabled aof_bytes aof_write_ok \
        aof_rewrite_ok";
    assert_eq!(names, expected.split_whitespace().collect());
    let numbers = [
        "loaded",
        "success",
        "queued",
        "leased",
        "parked",
        "collected",
        "stale",
        "memory_used_bytes",
        "memory_limit_bytes",
        "aof_bytes",
    ];
    for name in numbers {
        assert!(status[name].is_u64(), "{name}");
    }
    assert_eq!(status["loaded"], 3);
    assert!(status["workers"][0]["last_beat_ms"].is_u64());
    assert!(status["workers"][0]["silent"].is_boolean());
    let host = &status["hosts_waiting"][0];
    assert_eq!(host["reason"], "asked");
    assert!(host["wait_ms"].as_u64().expect("a time") > 1_000);
    end(&world, worker);
}

/// Sample of a metric: its labels and its value.
type Sample = (BTreeMap<String, String>, f64);

/// Reads Prometheus' text format, version 0.0.4, as strictly as its specification is. Returns type and samples of each
/// metric.
fn read_metrics(text: &str) -> BTreeMap<String, (String, Vec<Sample>)> {
    assert!(text.ends_with('\n'), "the last line has an end");
    let mut metrics = BTreeMap::<String, (String, Vec<Sample>)>::new();
    let (mut helped, mut last) = (BTreeSet::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').expect("a name and a text");
            assert!(helped.insert(name.to_owned()), "{name} is explained once");
            assert!(!text.is_empty() && !text.contains('\\'), "{line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and a type");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(helped.contains(name), "{name} is explained");
            let before = metrics.insert(name.to_owned(), (kind.to_owned(), Vec::new()));
            assert!(before.is_none(), "{name} has one type, before its samples");
            last = name.to_owned();
        } else {
            let (name, sample) = read_sample(line);
            assert_eq!(name, last, "samples of a metric come together");
            let (_, samples) = metrics.get_mut(&name).expect("a type comes first");
            assert!(
                samples.iter().all(|(labels, _)| *labels != sample.0),
                "{line}"
            );
            samples.push(sample);
        }
    }
    metrics
}

fn read_sample(line: &str) -> (String, Sample) {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let (series, value) = line.rsplit_once(' ').expect("a value");
    let value: f64 = value.parse().unwrap_or_else(|e| panic!("{line}: {e}"));
    assert!(value.is_finite() && value >= 0.0, "{line}");
    let (name, labels) = series.split_once('{').expect("labels");
    let labels = labels.strip_suffix('}').expect("the end of the labels");
    let labels = labels.split(',').map(|label| {
        let (name, value) = label.split_once('=').expect("a label");
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = value.unwrap_or_else(|| panic!("{line}"));
        assert!(is_name(name) && !value.contains(['"', '\\']), "{line}");
        (name.to_owned(), value.to_owned())
    });
    assert!(is_name(name), "{line}");
    (name.to_owned(), (labels.collect(), value))
}

#[test]
fn the_metrics_are_in_the_format_of_prometheus() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    let server = busy_server();
    let worker = with_a_waiting_host(&world, &server);
    let text = world.fleet("status", &["--prom"]).done().exits(0).stdout;
    let metrics = read_metrics(&text);
    let value = |name: &str| {
        let (_, samples) = &metrics[&format!("haul_fleet_{name}")];
        assert_eq!(samples.len(), 1, "{name}");
        assert_eq!(samples[0].0["run"], RUN, "{name}");
        samples[0].1
    };
    assert_eq!(value("loaded_total") as u64, 3);
    assert_eq!(value("workers") as u64, 1);
    assert!(value("workers_silent") <= 1.0);
    assert_eq!(value("hosts_waiting") as u64, 1);
    assert!(metrics.keys().all(|name| name.starts_with("haul_fleet_")));
    end(&world, worker);
}

#[test]
fn the_figures_are_those_of_the_queue_and_of_the_server_that_was_asked() {
    let gate = Gate::closed();
    let held = gate.clone();
    let server = Server::start(move |seen| match seen.number < 40 {
        true => Answer::text("hello"),
        false => Answer::text("hello").behind(&held),
    });
    let Some((world, _)) = World::loaded(&server, 200) else {
        return;
    };
    let worker = world.work(&["-j", "3"]);
    gate.wait_for(3);
    wait_until("outcomes", || world.length("out") == 40);
    let key = |name: &str| format!("haul:{{{RUN}.0}}:{name}");
    let pending: Vec<redis::Value> = world.ask(&["XPENDING", &key("q"), "w", "-", "+", "1000"]);
    let shown = world.fleet("status", &["--json"]).done().exits(0).stdout;
    let status: BTreeMap<String, Value> = serde_json::from_str(&shown).expect("an object");
    let figure = |name: &str| status[name].as_u64().expect("a number") as usize;
    assert_eq!((figure("loaded"), figure("success")), (200, 40));
    assert_eq!((figure("results_waiting"), figure("collected")), (40, 0));
    assert_eq!(figure("leased"), pending.len());
    assert_eq!(figure("queued") + figure("leased") + figure("parked"), 160);
    assert_eq!(world.length("q"), 160);
    assert_eq!(status["workers"].as_array().map(Vec::len), Some(1));
    gate.open();
    end(&world, worker);
}

#[test]
fn a_look_at_a_long_queue_costs_the_server_less_than_two_milliseconds() {
    let Some(world) = World::start(&[]) else {
        return;
    };
    // With HAUL_SCALE=50 it is a million.
    let count = scaled(20_000);
    let server = Server::always(Answer::text("hello"));
    let list = world.list(&server, 1);
    world.load(&list, &[]);
    let fill = "for n = 2, ARGV[1] do redis.call('XADD', KEYS[1], n .. '-0', 'r', 'http://h/', 'k', '0123456789abcdef') end";
    let queue = format!("haul:{{{RUN}.0}}:q");
    let _: () = world.ask(&["EVAL", fill, "1", &queue, &count.to_string()]);
    assert_eq!(world.status().queued, count as u64);
    let costs = (0..5).map(|_| {
        let _: () = world.ask(&["CONFIG", "RESETSTAT"]);
        world.fleet("status", &["--json"]).done().exits(0);
        server_time(&world.ask::<String>(&["INFO", "commandstats"]))
    });
    // Another process may have had the processor meanwhile.
    let least = costs.min().expect("five");
    assert!(least > 0 && least <= 2_000, "{least} µs");
}

/// Time that the server took for the commands of a client, but for what the test itself asked. Commands within scripts
/// count in these.
fn server_time(stats: &str) -> u64 {
    let commands = stats.lines().filter_map(|line| {
        let (name, facts) = line.strip_prefix("cmdstat_")?.split_once(':')?;
        let time = facts
            .split(',')
            .find_map(|fact| fact.strip_prefix("usec="))?;
        Some((name.to_owned(), time.parse::<u64>().ok()?))
    });
    // The time of a script has the times of its commands in it, which are counted twice.
    let is_counted = |name: &str| name != "config|resetstat";
    let counted = commands.filter(|(name, _)| is_counted(name));
    counted.map(|(_, time)| time).sum()
}
