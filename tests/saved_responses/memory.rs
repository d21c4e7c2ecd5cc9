//! Memory that a large body takes on its way to a file: as much as a small body.

#![cfg(target_os = "linux")]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use haul::Request;
use test_support::{Folder, client};

const MIB: u64 = 1 << 20;

/// Size that is more than the limit of a body kept in memory, so that no limit applies here. 64 times as much is 2 GiB.
fn size() -> u64 {
    let scale: u64 = env::var("HAUL_SCALE").map_or(1, |n| n.parse().unwrap());
    32 * MIB * scale
}

/// Size of the body after which the memory is measured: code and buffers that any body needs are there by then.
const SMALL: u64 = MIB / 2;

/// Answers one request after another on a connection with `sizes` bytes, which the server does not hold in memory.
fn serve(listener: &TcpListener, sizes: [u64; 2]) {
    let (stream, _) = listener.accept().unwrap();
    let mut lines = BufReader::new(&stream).lines();
    for size in sizes {
        while !lines.next().unwrap().unwrap().is_empty() {}
        write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").unwrap();
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..size / piece.len() as u64 {
            (&stream).write_all(&piece).unwrap();
        }
    }
}

/// Runs the client in a process of its own, so that the memory is that of the client alone.
#[test]
fn a_large_body_goes_to_its_file_in_flat_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let folder = Folder::new();
    thread::scope(|scope| {
        scope.spawn(|| serve(&listener, [SMALL, size()]));
        let output = Command::new(env::current_exe().unwrap())
            .args(["--exact", "memory::child", "--ignored", "--nocapture"])
            .env("HAUL_BASE", format!("http://{address}/"))
            .env("HAUL_FOLDER", folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        println!("{said}");
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
    });
    assert_eq!(fs::metadata(folder.file("large")).unwrap().len(), size());
    assert_eq!(folder.names(), ["large", "small"]);
}

#[test]
#[ignore = "runs as the child of another test"]
fn child() {
    let Some((base, folder)) = env::var("HAUL_BASE").ok().zip(env::var_os("HAUL_FOLDER")) else {
        return;
    };
    let client = client(2);
    let save = |name: &str| {
        let path = Path::new(&folder).join(name);
        let outcome = client.send(Request::get(&*base).save_to(path));
        outcome.saved().unwrap().size
    };
    assert_eq!(save("small"), SMALL);
    let before = peak();
    assert_eq!(save("large"), size());
    let grown = peak() - before;
    println!(
        "{} MiB saved, memory grew by {} KiB",
        size() / MIB,
        grown >> 10
    );
    assert!(grown < MIB, "{grown} bytes");
}

/// Largest resident set that this process ever had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.parse::<u64>().unwrap() << 10
}
