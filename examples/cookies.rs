//! Logs in once, and sends the cookie that the server sets with all later requests. Off by default, unlike a `Session` of
//! Python's `requests`.
//!
//! Feature `cookies`.

mod server;

use haul::cookies::CookieJar;
use haul::{Client, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let jar = CookieJar::new();
    let client = Client::builder()
        .base_url(&base)
        .cookies(jar.clone())
        .build()?;

    println!("before: {:?}", client.get("/account/1").status());
    client.send(Request::post("/login")).into_result()?;
    println!(
        "the jar: {jar:?}, session = {:?}",
        jar.get(&base, "session")
    );
    for outcome in client.map(["/account/1", "/account/2", "/account/3"]) {
        println!("after: {}", outcome.into_result()?.text());
    }

    // A request with a jar of its own is a visitor of its own.
    let stranger = Request::get("/account/1").cookies(CookieJar::new());
    println!("a stranger: {:?}", client.send(stranger).status());

    // Kept for the next run, in a file that only its owner may read.
    let file = std::env::temp_dir().join(format!("haul-cookies-{}.json", std::process::id()));
    jar.save(&file)?;
    println!("loaded again: {:?}", CookieJar::load(&file)?);
    std::fs::remove_file(&file)?;
    Ok(())
}
