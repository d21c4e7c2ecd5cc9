//! Downloads to files: each body is written as it arrives, never whole in memory. A file appears under its name only when
//! it is complete, with its size and SHA-256 in the outcome.

mod server;

use haul::{Client, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().workers(4).base_url(base).build()?;
    let folder = std::env::temp_dir().join(format!("haul-download-{}", std::process::id()));
    std::fs::create_dir(&folder)?;

    let downloads = ["/files/1", "/files/300", "/files/2000", "/missing/4"].map(|path| {
        let name = path.trim_start_matches('/').replace('/', "-");
        Request::get(path).save_to(folder.join(name + ".bin"))
    });
    for outcome in client.map(downloads) {
        match outcome.saved() {
            Some(file) => println!(
                "{:16} {:>8} bytes, sha256 {}...",
                file.path.file_name().unwrap_or_default().display(),
                file.size,
                &file.sha256[..16]
            ),
            None => println!("{} not saved: {:?}", outcome.url(), outcome.status()),
        }
    }

    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        files.push(entry?.file_name());
    }
    files.sort();
    println!("in the folder: {files:?}");
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
