//! Progress bar without a terminal: it prints nothing.

#![cfg(feature = "progress")]

use std::process::Command;

use haul::Client;
use test_support::{Answer, Server};

#[test]
fn off_a_terminal_nothing_is_shown() {
    if std::env::var_os("SHOW_A_BAR").is_some() {
        let server = Server::always(Answer::text(""));
        let client = Client::builder().workers(2).build().unwrap();
        let urls = (0..200).map(|i| server.url(&format!("/{i}")));
        assert_eq!(client.as_completed(urls).with_bar().count(), 200);
        return;
    }
    let shown = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "off_a_terminal_nothing_is_shown", "--nocapture"])
        .env("SHOW_A_BAR", "1")
        .output()
        .unwrap();
    assert!(shown.status.success());
    assert_eq!(String::from_utf8_lossy(&shown.stderr), "");
    let printed = String::from_utf8_lossy(&shown.stdout);
    assert!(!printed.contains("in flight"), "{printed}");
}
