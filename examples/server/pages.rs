//! Lists in pages, and a site of five pages with two broken links.

use serde_json::json;

use super::answers::Answer;

/// Returns a page of a list. `kind` is the part of the path behind `/pages/`.
pub(super) fn list(kind: &str, query: &str) -> Answer {
    let values = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut given = values.filter(|(name, _)| matches!(*name, "page" | "cursor"));
    let number = given.next_back().and_then(|(_, value)| value.parse().ok());
    let number: u32 = number.unwrap_or(1);
    let items = [2 * number - 1, 2 * number];
    let next = (number < 3).then(|| number + 1);
    match kind {
        "link" => {
            let link = next.map(|n| format!("Link: <?page={n}>; rel=\"next\"\r\n"));
            (200, link.unwrap_or_default(), json!(items).to_string())
        }
        _ => {
            let next = next.map(|n| n.to_string());
            let body = json!({"items": items, "next_cursor": next});
            (200, String::new(), body.to_string())
        }
    }
}

/// Returns a page of the site. `path` is the part of the path behind `/site`.
pub(super) fn site(path: &str) -> Answer {
    let links = match path {
        "" | "/" => ["/site/about", "/site/shop", "/site/missing"],
        "/about" => ["/site/", "/site/shop#top", "http://127.0.0.1:9/elsewhere"],
        "/shop" => ["/site/shop/pens", "/site/about", "/site/missing"],
        "/shop/pens" => ["/site/shop", "/site/shop/pens/red", "/site/"],
        "/shop/pens/red" => ["/site/shop/pens", "/site/", "/site/about"],
        _ => return (404, String::new(), "no such page".to_owned()),
    };
    let links = links.map(|to| format!("<a href=\"{to}\">{to}</a>\n"));
    (
        200,
        "Content-Type: text/html\r\n".to_owned(),
        links.concat(),
    )
}
