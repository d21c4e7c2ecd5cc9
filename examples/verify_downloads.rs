//! Downloads files and compares their SHA-256 with a list, as `sha256sum` writes it. The digests are made while the bodies
//! arrive, so no file is read a second time, and a wrong file never gets its name.

mod server;

use std::fs;

use haul::{Client, Request};

/// The second digest is not that of the file.
const LIST: &str = "\
9ed2e31f1440ca12982b574a6329c8e0209537f30db8dea8008d7fa91699b452  files/1
0000000000000000000000000000000000000000000000000000000000000000  files/300
d5e38a430729dcae6dbbb6cba93db2146a1efd1e2ecc1d3384b05b631dcd632e  files/2000
d5e38a430729dcae6dbbb6cba93db2146a1efd1e2ecc1d3384b05b631dcd632e  missing/4";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(4).base_url(base).build()?;
    let folder = std::env::temp_dir().join(format!("haul-verify-{}", std::process::id()));
    fs::create_dir(&folder)?;

    let lines = LIST.lines().filter_map(|line| line.split_once("  "));
    let downloads = lines.map(|(sha256, path)| {
        let file = folder.join(path.replace('/', "-"));
        Request::get(format!("/{path}"))
            .save_to(file)
            .sha256(sha256)
    });
    let mut wrong = 0;
    for outcome in client.map(downloads) {
        let verdict = outcome
            .error()
            .map_or("right".to_owned(), ToString::to_string);
        wrong += usize::from(outcome.is_failed());
        println!("{}: {verdict}", outcome.url());
    }
    println!("{wrong} wrong or missing");
    fs::remove_dir_all(&folder)?;
    Ok(())
}
