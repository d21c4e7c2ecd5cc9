//! Comparison with curl: status and body of every case equal those of haul, unless `differences.rs` says why not.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use test_support::corpus::{self, Case};
use test_support::{Authority, Folder};

use crate::conversation::host;
use crate::differences::{CURL, DIFFERENCES};
use crate::run::{Told, Way};
use crate::server::Server;
use crate::ways::{came, has_features};

/// Number of curl processes that read at once.
const PROCESSES: usize = 8;

/// Result of a case with curl.
#[derive(Debug)]
struct Curled {
    exit: usize,
    status: usize,
    body: Vec<u8>,
}

#[test]
fn curl_reads_every_case_as_haul_does() {
    let version = match curl_version() {
        Some(version) if version == CURL => version,
        Some(other) => {
            println!("skipped: curl is {other}, and the list of differences is that of {CURL}");
            return;
        }
        // In CI the tool is installed, and a test that is skipped unnoticed shows nothing.
        None if std::env::var_os("CI").is_some() => panic!("there is no curl"),
        None => {
            println!("skipped: there is no curl");
            return;
        }
    };
    let cases = corpus::cases();
    let carried: Vec<_> = cases
        .iter()
        .enumerate()
        .filter(|(_, case)| is_compared(case))
        .collect();
    let curled = curl(&cases, &carried);
    let (mut wrong, mut listed) = (Vec::new(), Vec::new());
    for (number, case) in carried {
        let carries = |way: &Way| way.carries(case);
        let way = Way::ALL.into_iter().find(carries).expect("a way");
        let (told, curled) = (&came(way)[&number].told, &curled[&number]);
        let differs = difference(case, told, curled);
        let why = DIFFERENCES.iter().find(|known| known.is_of(case));
        match (differs, why) {
            (Some(differs), None) => wrong.push(format!("{}: {differs}", case.place())),
            (None, Some(known)) => {
                wrong.push(format!("{}: agrees, though {}", case.place(), known.why));
            }
            (Some(_), Some(_)) => listed.push(case),
            (None, None) => {}
        }
    }
    println!("curl {version}: {} differ on purpose", listed.len());
    let count = wrong.len();
    assert!(wrong.is_empty(), "{count}:\n{}\n", wrong.join("\n"));
}

#[test]
fn each_difference_names_cases_that_there_are() {
    if std::env::var_os("WILD").is_some() {
        return;
    }
    let cases = corpus::cases();
    for known in DIFFERENCES {
        for name in known.cases {
            let there = cases.iter().any(|case| case.name == *name);
            assert!(there, "no case is named {name}");
        }
    }
}

/// True if curl and haul are both asked for the case.
fn is_compared(case: &Case) -> bool {
    // Requests that haul does not send, and certificates, have tests of their own.
    let apart = matches!(case.rule.as_str(), "requests" | "certificates");
    !apart && has_features(case)
}

fn curl_version() -> Option<String> {
    let output = Command::new("curl").arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.split(' ').nth(1)?.to_owned())
}

/// Lets curl read all cases: a few processes, each with many cases.
fn curl(cases: &[Case], carried: &[(usize, &Case)]) -> BTreeMap<usize, Curled> {
    let folder = Folder::new();
    let authority = Authority::new();
    let trusted = folder.write("ca.pem", authority.pem());
    let tls = authority.sign("*.a.test", 2100).serving();
    let server = Server::start(cases.to_vec(), &tls, false);
    let mut shares: [Vec<_>; PROCESSES] = Default::default();
    for (i, one) in carried.iter().enumerate() {
        shares[i % PROCESSES].push(*one);
    }
    thread::scope(|scope| {
        let started = shares.map(|share| {
            let (server, folder, trusted) = (&server, &folder, &trusted);
            scope.spawn(move || read(&share, server, folder, trusted))
        });
        let ended = started.into_iter().map(|thread| thread.join().unwrap());
        ended.flatten().collect()
    })
}

/// Lets curl read some cases, one after the other.
fn read(
    mut left: &[(usize, &Case)],
    server: &Server,
    folder: &Folder,
    trusted: &Path,
) -> BTreeMap<usize, Curled> {
    let ports = server.addresses.map(|address| address.port());
    let mut curled = BTreeMap::new();
    while let Some((first, _)) = left.first() {
        let options: Vec<String> = left
            .iter()
            .map(|(number, case)| options(*number, case, ports, folder, trusted))
            .collect();
        let config = folder.write(&format!("config-{first}"), options.join("next\n"));
        let mut command = Command::new("curl");
        command.args(["--disable", "--config"]).arg(config);
        let output = command.env_clear().output().unwrap();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let numbers: Vec<usize> = line.split(' ').map(|n| n.parse().unwrap()).collect();
            let [number, exit, status] = numbers[..] else {
                panic!("curl wrote {line}");
            };
            let path = folder.path().join(number.to_string());
            let body = match server.shared.cases[number].option("method") {
                Some("HEAD") => Vec::new(),
                _ => std::fs::read(path).unwrap_or_default(),
            };
            curled.insert(number, Curled { exit, status, body });
            server.conclude(number);
        }
        // Some errors end curl itself: the next process reads the cases that are left.
        assert!(curled.contains_key(first), "{output:?}");
        let rest = left
            .iter()
            .position(|(number, _)| !curled.contains_key(number));
        left = &left[rest.unwrap_or(left.len())..];
    }
    curled
}

/// Returns the options of one case, a line each.
fn options(
    number: usize,
    case: &Case,
    [port, other, secure]: [u16; 3],
    folder: &Folder,
    trusted: &Path,
) -> String {
    let mut lines = String::from("silent\ncompressed\nlocation\n");
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(lines, "{text}").unwrap();
    // If curl waits for bytes that never come, a short wait is enough.
    let classes = &case.expected().classes;
    let fails = classes.iter().any(|class| class != "http_status");
    let fails = fails || DIFFERENCES.iter().any(|known| known.is_of(case));
    line(format_args!("max-time = {}", if fails { 1 } else { 20 }));
    for port in [port, other, secure] {
        line(format_args!("resolve = \"*:{port}:127.0.0.1\""));
    }
    let (scheme, port) = match case.option("start") {
        Some("tls") => ("https", secure),
        _ => ("http", port),
    };
    line(format_args!(
        "url = \"{scheme}://{}:{port}/case\"",
        host(number)
    ));
    line(format_args!("cacert = \"{}\"", trusted.display()));
    let body = folder.path().join(number.to_string());
    line(format_args!("output = \"{}\"", body.display()));
    line(format_args!(
        "write-out = \"{number} %{{exitcode}} %{{http_code}}\\n\""
    ));
    match case.option("method") {
        None => {}
        Some("HEAD") => line(format_args!("head")),
        Some("POST") => {}
        Some(method) => line(format_args!("request = \"{method}\"")),
    }
    if let Some(size) = case.number("body").or(case.number("stream")) {
        let file = folder.write(&format!("body-{number}"), "x".repeat(size as usize));
        line(format_args!("data-binary = \"@{}\"", file.display()));
    }
    let asks = case.rule == "expect" && case.option("expect-from") == Some("1");
    if asks {
        line(format_args!("header = \"Expect: 100-continue\""));
    } else if case.has_body() {
        line(format_args!("header = \"Expect:\""));
    }
    if let Some(limit) = case.number("body-limit") {
        line(format_args!("max-filesize = {limit}"));
    }
    if case.option("redirects").is_some() {
        line(format_args!("no-location"));
    }
    for (name, value) in &case.sends {
        let (name, value) = (
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
        );
        line(format_args!("header = \"{name}: {value}\""));
    }
    lines
}

/// Describes the difference between haul and curl. Two failures count as equal, whatever their reasons.
fn difference(case: &Case, told: &Told, curled: &Curled) -> Option<String> {
    let answered = match told.what.as_str() {
        "success" | "rejected" | "http_status" => true,
        // curl does not check the content of the body.
        "decode" => case.rule == "text",
        _ => false,
    };
    let same = match (answered, curled.exit == 0) {
        (true, true) => {
            told.status.map(usize::from) == Some(curled.status) && told.body == curled.body
        }
        (answered, read) => answered == read,
    };
    let start = |body: &[u8]| String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
    (!same).then(|| {
        let (status, body) = (told.status, start(&told.body));
        let haul = format!("{} {status:?} {body:?}", told.what);
        let body = start(&curled.body);
        let curl = format!("exit {} status {} {body:?}", curled.exit, curled.status);
        format!("haul: {haul}; curl: {curl}")
    })
}
