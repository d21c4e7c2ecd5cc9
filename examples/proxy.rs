//! Sends requests through a proxy, except those to some servers. The server inside this program is both: it answers as a
//! proxy when a request is addressed to another server, and says so in `Via`.

mod server;

use haul::{Client, ProxySettings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = server::start()?;
    let proxy = base.replace("http://", "http://ada:sesame@");
    let client = Client::builder()
        .proxy(ProxySettings::all(proxy).except("127.0.0.0/8, .internal"))
        .build()?;

    // The proxy resolves the name `shop.example`; the client does not.
    let urls = ["http://shop.example/items/1".to_owned(), base + "/items/2"];
    for outcome in client.map(urls) {
        let url = outcome.url();
        let response = outcome.into_result()?;
        match response.header("via") {
            Some(via) => println!("{url}: {} via {via}", response.status()),
            None => println!("{url}: {}, direct", response.status()),
        }
    }

    // A failure at the proxy has a class of its own.
    let client = Client::builder().proxy("http://127.0.0.1:1").build()?;
    let outcome = client.send(haul::Request::get("http://shop.example/").no_retry());
    if let Some(error) = outcome.error() {
        println!("no proxy there: {} ({error})", error.error_type());
    }
    Ok(())
}
