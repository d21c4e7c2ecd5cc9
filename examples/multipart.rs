//! Uploads forms with files, which are streamed from the disk and sent again by retries.
//!
//! Feature `multipart`.

mod server;

use haul::request::{Multipart, Part};
use haul::{Client, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let client = Client::builder().base_url(base).build()?;
    let photo = std::env::temp_dir().join(format!("haul-multipart-{}.jpg", std::process::id()));
    std::fs::write(&photo, vec![0xff; 200_000])?;

    let albums = ["Summer", "Winter"].map(|title| {
        let notes = Part::bytes("day,place\n1,beach\n").file_name("notes.csv");
        let form = Multipart::new()
            .text("title", title)
            .part("photo", Part::file(&photo).content_type("image/jpeg"))
            .part("notes", notes.content_type("text/csv"));
        Request::post("/upload").multipart(form).id(title)
    });
    for outcome in client.map(albums) {
        let title = outcome.id().unwrap_or_default().to_owned();
        let received = outcome.into_result()?.value()?;
        println!("{title}: {} bytes received", received["bytes"]);
        for part in received["parts"].as_array().into_iter().flatten() {
            println!("    {}", part.as_str().unwrap_or_default());
        }
    }

    // A file that is missing fails its request, which names the part, and no other.
    std::fs::remove_file(&photo)?;
    let form = Multipart::new().file("photo", &photo);
    let outcome = client.send(Request::post("/upload").multipart(form));
    println!(
        "{}",
        outcome
            .error()
            .map_or_else(String::new, ToString::to_string)
    );
    Ok(())
}
