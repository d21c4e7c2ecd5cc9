//! Reports on random histories of runs, against the view `last` of the database that the runs wrote.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Mutex;

use fastrand::Rng;
use serde_json::Value;
use test_support::{Answer, Server};

use super::command::{Folder, haul};

/// Starts a server of items and of lists with four pages. A third of the requests fails, and each link has a new token,
/// which records mask.
fn server(seed: u64) -> Server {
    let random = Mutex::new(Rng::with_seed(seed));
    Server::start(move |request| {
        let mut random = random.lock().unwrap();
        let query = request.query().unwrap_or_default();
        let page = query.split("page=").nth(1);
        let page: u32 = page.and_then(|page| page.parse().ok()).unwrap_or(1);
        let answer = Answer::text("x");
        match random.u32(0..10) {
            0 | 1 => Answer::status(500),
            2 => Answer::status(404),
            _ if request.path().starts_with("/list") && page < 4 => {
                let (path, token) = (request.path(), random.u32(..));
                let next = format!("{path}?access_token=t{token}&page={}", page + 1);
                answer.header("Link", format!("<{next}>; rel=next"))
            }
            _ => answer,
        }
    })
}

/// Runs a list a few times. Between the runs, lines are added, moved and removed. Returns the files of the runs' lines.
fn history(seed: u64, folder: &Folder) -> Vec<String> {
    let (server, mut random) = (server(seed), Rng::with_seed(seed));
    let out = folder.at("run.db");
    let mut urls = Vec::new();
    for _ in 0..4 {
        for _ in 0..6 {
            let kind = ["list", "item"][random.usize(0..2)];
            urls.push(server.url(&format!("/{kind}/{}", random.u32(0..5))) + "\n");
        }
        random.shuffle(&mut urls);
        urls.truncate(15);
        let again = match random.u32(0..4) {
            0 => "--resume",
            _ => "--retry-failed",
        };
        let arguments = ["-q", "--retry", "0", "--paginate", "link", "-o", &out];
        let run = haul(arguments).and([again, "-"]).input(urls.concat());
        assert!(matches!(run.done().status, Some(0 | 1)));
    }
    let runs = folder.ask(
        "run.db",
        "SELECT run_id FROM outcomes GROUP BY run_id ORDER BY min(number)",
    );
    let lines = |run: &String| {
        let query = format!(
            "SELECT record || char(10) FROM outcomes WHERE run_id = '{run}' ORDER BY number"
        );
        let lines = folder.ask("run.db", &query).concat();
        folder.file(&format!("{run}.jsonl"), lines)
    };
    runs.iter().map(lines).collect()
}

/// Numbers of the requests by outcome and by status.
type Counts = BTreeMap<String, u64>;

fn reported(files: &[String], folder: &Folder) -> Counts {
    let figures = folder.at("figures.json");
    let arguments = ["report", "-q", "--overwrite", "--summary-json", &figures];
    haul(arguments).and(files).done().exits(0);
    let figures: Value = serde_json::from_str(&fs::read_to_string(figures).unwrap()).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let outcomes = ["succeeded", "failed", "rejected", "attempts"];
    let outcomes = outcomes.map(|name| (name.to_owned(), number(&figures[name])));
    let statuses = figures["statuses"].as_object().unwrap();
    let statuses = statuses
        .iter()
        .map(|(status, n)| (status.clone(), number(n)));
    outcomes
        .into_iter()
        .chain(statuses)
        .filter(|(_, n)| *n > 0)
        .collect()
}

/// Counts of the view `last`.
fn last(folder: &Folder) -> Counts {
    let by = |what: &str| {
        let query = format!("SELECT {what} || ' ' || count(*) FROM last GROUP BY {what}");
        folder.ask("run.db", &query)
    };
    let outcome = "CASE outcome WHEN 'success' THEN 'succeeded' ELSE outcome END";
    let attempts = folder.ask("run.db", "SELECT 'attempts ' || sum(attempts) FROM last");
    let rows = [by(outcome), by("status"), attempts].concat();
    let pair = |row: &String| {
        let (name, n) = row.rsplit_once(' ').unwrap();
        (name.to_owned(), n.parse().unwrap())
    };
    rows.iter().map(pair).collect()
}

#[test]
fn the_report_of_a_history_counts_what_the_view_last_has() {
    let mut superseded = 0;
    for seed in 0..6 {
        let folder = Folder::new();
        let files = history(seed, &folder);
        let expected = last(&folder);
        let database = [folder.at("run.db")];
        assert_eq!(reported(&database, &folder), expected, "seed {seed}");
        assert_eq!(reported(&files, &folder), expected, "seed {seed}");
        let count = folder.ask("run.db", "SELECT '' || count(superseded_by) FROM outcomes");
        superseded += count[0].parse::<u64>().unwrap();
    }
    assert!(superseded > 20, "{superseded}");
}

#[test]
fn the_number_of_requests_does_not_depend_on_the_order_of_the_files() {
    for seed in 10..14 {
        let folder = Folder::new();
        let mut files = history(seed, &folder);
        let total = |counts: &Counts| -> u64 {
            let outcomes = ["succeeded", "failed", "rejected"];
            outcomes.iter().filter_map(|name| counts.get(*name)).sum()
        };
        let expected = total(&last(&folder));
        let mut random = Rng::with_seed(seed);
        for _ in 0..3 {
            random.shuffle(&mut files);
            assert_eq!(total(&reported(&files, &folder)), expected, "seed {seed}");
        }
    }
}
