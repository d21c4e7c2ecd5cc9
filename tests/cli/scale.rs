//! Large inputs in little memory.

use std::env;
use std::fs::File;
use std::io::{BufWriter, Write};

use test_support::{Answer, Scenario};

use super::command::{Folder, haul};

fn scale() -> usize {
    let given = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    given.unwrap_or(1)
}

/// Largest resident set that the process had, in KiB.
#[cfg(target_os = "linux")]
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok())
        .expect("VmHWM")
}

/// Runs `count` lines, every hundredth of which is no request, and returns the peak of memory when all results are
/// there.
#[cfg(target_os = "linux")]
fn run(count: usize, url: &str, folder: &Folder) -> u64 {
    let list = folder.at("list");
    let mut to = BufWriter::new(File::create(&list).unwrap());
    for i in 0..count {
        match i % 100 {
            99 => writeln!(to, "not a request"),
            n if n % 10 == 5 => writeln!(to, r#"{{"url": "{url}/{i}", "id": {i}}}"#),
            _ => writeln!(to, "{url}/{i}"),
        }
        .unwrap();
    }
    to.flush().unwrap();
    let mut run = haul(["-qq", "-j", "16", &list, "-"]).start();
    for _ in 0..count {
        run.next_result();
    }
    // The run waits for the end of its input.
    let peak = peak(run.id());
    run.close_input();
    run.finish().exits(1);
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_flat_in_the_length_of_the_input() {
    let server = Scenario::new()
        .on("/*", Answer::text(""))
        .unlogged()
        .start();
    let folder = Folder::new();
    let url = server.url("");
    let few = run(10_000, &url, &folder);
    let many = run(100_000 * scale(), &url, &folder);
    assert!(
        many < few + (16 << 10),
        "{few} KiB for few lines, {many} KiB for many"
    );
    assert!(many < 100 << 10, "{many} KiB");
}

/// Returns the peak of a run over responses of `[[],[],...]`, all of them at once.
#[cfg(target_os = "linux")]
fn peak_of_lists(options: &[&str], answers: usize, server: &str) -> u64 {
    let mut run = haul(options.iter().chain(&["-qq", "-j", "16", "-m", "0", "-"])).start();
    for i in 0..answers {
        run.say(&format!("{server}{i}"));
    }
    for _ in 0..answers {
        run.next_result();
    }
    let peak = peak(run.id());
    run.close_input();
    run.finish();
    peak
}

#[cfg(target_os = "linux")]
#[test]
fn looking_into_bodies_takes_no_more_memory_than_the_bodies() {
    const BODY: usize = 512 << 10;
    let body = format!("[{}[]]", "[],".repeat(BODY / 3));
    let server = Scenario::new().on("/*", Answer::json(body)).start();
    let url = server.url("/");
    let bodies = ((16 * BODY) >> 10) as u64;
    let plain = peak_of_lists(&[], 16, &url);
    for options in [
        &["--require", "/code=0"][..],
        &["--require", "/0/1=0"],
        &["--expect-json"],
    ] {
        let looked = peak_of_lists(options, 16, &url);
        assert!(
            looked < plain + bodies / 2,
            "{options:?}: {looked} KiB, and {plain} KiB without"
        );
    }
}
