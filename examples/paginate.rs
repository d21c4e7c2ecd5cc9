//! Follows the pages of two lists: one names the next page in its `Link` header, as GitHub does, the other gives a
//! cursor in its JSON, as Slack does.

#[path = "pages/server.rs"]
mod server;

use std::error::Error;

use haul::{Client, Request};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder().base_url(server::start()?).build()?;

    // By link: `next_link` is the URL of the `Link` header's `next`, made absolute.
    let pages = client.follow(["/by-link"], |page, next| {
        if let Some(url) = page.success().and_then(|response| response.next_link()) {
            next.push(url).expect("one page waits at a time");
        }
    });
    let mut names: Vec<String> = Vec::new();
    for page in pages.max_requests(1_000) {
        names.extend(page.into_result()?.json::<Vec<String>>()?);
    }
    println!("by link: {}", names.join(" "));
    assert_eq!(names.concat(), "abcde");

    // By cursor: a value in the JSON becomes a query parameter of the next request.
    let first = Request::get("/by-cursor").query("limit", "2");
    let pages = client.follow([first.clone()], |page, next| {
        let cursor = page
            .success()
            .and_then(|response| response.pointer("/next_cursor").ok()?);
        if let Some(cursor) = cursor.as_ref().and_then(|cursor| cursor.as_str()) {
            let request = first.clone().query("cursor", cursor);
            next.push(request).expect("one page waits at a time");
        }
    });
    let mut items: Vec<u32> = Vec::new();
    for page in pages.max_requests(1_000) {
        let body = page.into_result()?.value()?;
        items.extend(
            body["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|n| n.as_u64())
                .map(|n| n as u32),
        );
    }
    println!("by cursor: {items:?}");
    assert_eq!(items, [1, 2, 3]);
    Ok(())
}
