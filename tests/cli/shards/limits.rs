//! Limits of the whole run, of which each shard has a part.

use test_support::{Answer, Server};

use super::super::command::{Folder, haul};

const LIMITS: [&str; 14] = [
    "--rate",
    "50,3000/m",
    "--rate-per-host",
    "5/s",
    "--jobs-per-host",
    "40",
    "--rate-cost",
    "9/h",
    "--max-cost",
    "33",
    "-j",
    "8",
    "--burst",
    "3",
];

#[test]
fn a_shard_by_key_has_its_part_of_every_limit_and_says_so() {
    let told = "haul: shard 0/16 of the input, with --rate 50 in 16s, --rate 3000 in 960s, --rate-cost 9 in 57600s, \
                --rate-per-host 5 in 16s, --jobs-per-host 2, --max-cost 3\n";
    let done = haul(LIMITS).and(["--shard", "0/16", "-"]).done().exits(0);
    assert_eq!(done.says(told).stderr.matches("shard 0/16").count(), 1);
}

#[test]
fn a_shard_by_host_has_the_whole_limits_of_its_hosts() {
    let told = "--rate 50 in 16s, --rate 3000 in 960s, --rate-cost 9 in 57600s, --rate-per-host 5 in 1s, \
                --jobs-per-host 40, --max-cost 2\n";
    let run = haul(LIMITS).and(["--shard", "1/16", "--shard-by", "host", "-"]);
    run.done().exits(0).says(told);
}

#[test]
fn a_host_gets_one_request_at_once_at_least() {
    let run = haul(["--jobs-per-host", "2", "--shard", "5/16", "-"]);
    run.done()
        .exits(0)
        .says("shard 5/16 of the input, with --jobs-per-host 1\n");
}

#[test]
fn limits_of_the_file_of_options_are_divided_too() {
    let folder = Folder::new();
    let text = "rate = \"8\"\n[host.\"a.example\"]\nrate-per-host = \"4\"\njobs-per-host = 8\n";
    let config = folder.file("haul.toml", text);
    let run = haul(["--config", &config, "--shard", "0/4", "-"]);
    let told = "with --rate 8 in 4s, --rate-per-host 4 in 4s to a.example, --jobs-per-host 2 to a.example\n";
    run.done().exits(0).says(told);
}

#[test]
fn a_quiet_run_says_nothing_of_its_shard() {
    let done = haul(["-q", "--rate", "5", "--shard", "0/4", "-"])
        .done()
        .exits(0);
    assert_eq!(done.stderr, "");
}

#[test]
fn the_shards_together_cost_no_more_than_the_whole() {
    let server = Server::always(Answer::text(""));
    let urls: String = (0..200).map(|n| server.url(&format!("/{n}\n"))).collect();
    for number in 0..4 {
        let shard = format!("{number}/4");
        let run = haul(["-q", "--max-cost", "10", "--shard", &shard, "-"]);
        run.input(urls.clone()).done().exits(4);
    }
    assert_eq!(server.requests(), 10);
}

#[test]
fn a_rate_of_the_whole_is_kept_by_the_shard() {
    let server = Server::always(Answer::text(""));
    let urls: String = (0..40).map(|n| server.url(&format!("/{n}\n"))).collect();
    // A rate of a start in four hours: the first request is sent, and none after it.
    let run = haul([
        "-q",
        "--rate",
        "1/h",
        "--shard",
        "0/4",
        "--max-run-time",
        "1s",
        "-",
    ]);
    run.input(urls).done().exits(4);
    assert_eq!(server.requests(), 1);
}
