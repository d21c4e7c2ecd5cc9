//! Checks every link of a site, and names the page on which each broken one stands.

mod server;

use std::error::Error;

use haul::{Client, Request, RetryPolicy};

/// Returns the targets of the links in a page. A program for real pages would use an HTML parser.
fn hrefs(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0))
}

fn main() -> Result<(), Box<dyn Error>> {
    let base = server::start()?;
    let retry = RetryPolicy::default().max_attempts(2);
    let client = Client::builder()
        .base_url(&base)
        .max_per_host(8)
        .retry(retry)
        .build()?;
    let outcomes = client.follow(["/site/"], |page, next| {
        // Pages of other sites are asked for, and not looked into.
        let own = page.final_url().is_some_and(|url| url.starts_with(&base));
        let Some(response) = page.success().filter(|_| own) else {
            return;
        };
        for href in hrefs(&response.text()) {
            // The tag says where the link stands. It makes no difference to what is a duplicate.
            let request = Request::get(href).tag(page.url().as_str());
            next.push(request)
                .expect("fewer links wait than `max_pending` allows");
        }
    });
    let (mut checked, mut broken) = (0, 0);
    for outcome in outcomes.unique(true).max_requests(100_000) {
        checked += 1;
        if let Some(error) = outcome.error() {
            broken += 1;
            let page = outcome.request().tag_value();
            let page = page.and_then(|tag| tag.as_str()).unwrap_or("nowhere");
            println!("{}: {error}, linked from {page}", outcome.url());
        }
    }
    println!("{checked} links, {broken} of them broken");
    assert_eq!((checked, broken), (7, 2));
    Ok(())
}
