//! Crawls a site from its first page, two links deep, each page once.

mod server;

use std::error::Error;

use haul::Client;

/// Returns the targets of the links in a page. A program for real pages would use an HTML parser.
fn hrefs(page: &str) -> impl Iterator<Item = &str> {
    page.split("href=\"")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0))
}

fn main() -> Result<(), Box<dyn Error>> {
    let base = server::start()?;
    let client = Client::builder().base_url(&base).build()?;
    let pages = client.follow(["/site/"], |page, next| {
        let Some(response) = page.success() else {
            return;
        };
        for href in hrefs(&response.text()) {
            // All links of this site begin with a slash; links to other sites are left alone.
            if href.starts_with('/')
                && let Err(full) = next.push(href)
            {
                eprintln!("left out: {:?}", full.into_request());
            }
        }
    });
    let pages = pages.max_depth(2).max_requests(10_000).unique(true);
    let figures = pages.summary();
    let mut found = 0;
    for page in pages {
        println!("{} {} {:?}", page.depth(), page.url(), page.status());
        found += 1;
    }
    let again = figures.snapshot().duplicates();
    println!("{found} pages, {again} links led to a page seen before");
    assert_eq!((found, again), (5, 4));
    Ok(())
}
