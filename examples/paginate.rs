//! Follows the pages of two lists: one names the next page in its `Link` header, as GitHub does, the other gives a
//! cursor in its JSON, as Slack does.

mod server;

use std::error::Error;

use haul::{Client, Request};

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::builder().base_url(server::start()?).build()?;

    // By link: `next_link` is the URL of the `Link` header's `next`, made absolute.
    let pages = client.follow(["/pages/link"], |page, next| {
        if let Some(url) = page.success().and_then(|response| response.next_link()) {
            next.push(url).expect("one page waits at a time");
        }
    });
    let mut items = Vec::new();
    for page in pages.max_requests(1_000) {
        items.extend(page.into_result()?.json::<Vec<u32>>()?);
    }
    println!("by link: {items:?}");
    assert_eq!(items, [1, 2, 3, 4, 5, 6]);

    // By cursor: a value in the JSON becomes a query parameter of the next request.
    let first = Request::get("/pages/cursor").query("limit", "2");
    let pages = client.follow([first.clone()], |page, next| {
        let cursor = page
            .success()
            .and_then(|response| response.pointer("/next_cursor").ok()?);
        if let Some(cursor) = cursor.as_ref().and_then(|cursor| cursor.as_str()) {
            let request = first.clone().query("cursor", cursor);
            next.push(request).expect("one page waits at a time");
        }
    });
    items.clear();
    for page in pages.max_requests(1_000) {
        let found = page.into_result()?.pointer("/items")?.unwrap_or_default();
        items.extend(serde_json::from_value::<Vec<u32>>(found)?);
    }
    println!("by cursor: {items:?}");
    assert_eq!(items, [1, 2, 3, 4, 5, 6]);
    Ok(())
}
