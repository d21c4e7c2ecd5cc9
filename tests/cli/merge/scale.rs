//! Results of many requests in little memory.

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::thread;
use std::time::Duration;

use haul::record::Key;

use super::super::command::{Folder, haul};

/// Number of lines: 100,000, and ten million with `HAUL_SCALE=100`.
fn lines() -> u64 {
    let scale = env::var("HAUL_SCALE").ok().and_then(|n| n.parse().ok());
    100_000 * scale.unwrap_or(1)
}

/// Largest resident set that the process had up to now, in KiB. `None`: it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line?.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[test]
fn one_missing_and_one_doubled_line_are_found_in_sixty_four_mebibytes() {
    let (folder, count) = (Folder::new(), lines());
    let (missing, doubled) = (count / 3, count / 7);
    let results: Vec<_> = (0..4).map(|n| folder.at(&format!("r-{n}.jsonl"))).collect();
    let open = |path: &str| BufWriter::new(File::create(path).unwrap());
    let mut list = open(&folder.at("list"));
    let mut files: Vec<_> = results.iter().map(|path| open(path)).collect();
    for n in 0..count {
        let url = format!("http://127.0.0.1/items/{n}");
        let key = Key::of(&url.as_str().into());
        let file = &mut files[n as usize % 4];
        writeln!(list, "{url}").unwrap();
        // Copies of other times: the same outcome would be dropped.
        let copies = 1 + u64::from(n == doubled) - u64::from(n == missing);
        for time in 0..copies {
            writeln!(
                file,
                r#"{{"v":1,"index":{n},"key":"{key}","outcome":"success","url":"{url}","status":200,"queued_ms":{time}}}"#
            )
            .unwrap();
        }
    }
    files.push(list);
    for mut file in files {
        file.flush().unwrap();
    }
    let (all, list) = (folder.at("all.jsonl"), folder.at("list"));
    let merge = haul(["merge", "-o", &all, "--verify", &list]).and(&results);
    let mut merge = merge.start();
    let mut most = 0;
    while !merge.is_over() {
        most = most.max(peak(merge.id()).unwrap_or(0));
        thread::park_timeout(Duration::from_millis(2));
    }
    let told = merge.finish().exits(1);
    assert!(
        told.stdout.contains(&format!("items/{missing}"))
            && told.stdout.contains(&format!("items/{doubled}")),
        "{}",
        told.stdout
    );
    assert!(most > 0 && most <= 64 << 10, "{most} KiB");
}
