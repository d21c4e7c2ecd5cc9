use http::HeaderValue;

use super::*;
use crate::response::ExchangeFacts;
use crate::url;

/// Makes a response of `http://h/list/page?n=1` with these `Link` lines.
fn response(lines: &[&[u8]]) -> Response {
    let url = Arc::new(url::parse("http://h/list/page?n=1").unwrap());
    let mut head = ExchangeFacts::of(200, url);
    head.headers.change(|headers| {
        for line in lines {
            headers.append(LINK, HeaderValue::from_bytes(line).unwrap());
        }
    });
    Response::new(Arc::new(head), Vec::new(), false)
}

fn links(line: &str) -> Vec<(String, String)> {
    let links = response(&[line.as_bytes()]).links();
    links
        .iter()
        .map(|link| (link.rel().to_owned(), link.url().to_owned()))
        .collect()
}

fn expected(links: &[(&str, &str)]) -> Vec<(String, String)> {
    let links = links.iter();
    links
        .map(|(rel, url)| ((*rel).into(), (*url).into()))
        .collect()
}

fn next(line: &str) -> Option<String> {
    response(&[line.as_bytes()]).next_link()
}

#[test]
fn a_link_has_its_relation_and_its_target() {
    let line = r#"<http://h/2>; rel="next", <http://h/9>; rel="last""#;
    let all = [("next", "http://h/2"), ("last", "http://h/9")];
    assert_eq!(links(line), expected(&all));
    assert_eq!(next(line).as_deref(), Some("http://h/2"));
}

#[test]
fn a_target_is_resolved_against_the_url_that_answered() {
    for (target, url) in [
        ("/2", "http://h/2"),
        ("2", "http://h/list/2"),
        ("../2", "http://h/2"),
        ("?n=2", "http://h/list/page?n=2"),
        ("//other/2", "http://other/2"),
        ("", "http://h/list/page?n=1"),
        ("#top", "http://h/list/page?n=1"),
        (" /2 ", "http://h/2"),
        ("/a b", "http://h/a%20b"),
        ("mailto:a@h", "mailto:a@h"),
        ("http://", "http://"),
    ] {
        let line = format!("<{target}>; rel=next");
        assert_eq!(links(&line), expected(&[("next", url)]), "{target}");
        assert_eq!(next(&line).as_deref(), Some(url), "{target}");
    }
}

#[test]
fn each_relation_of_a_value_is_a_link() {
    let line = r#"</2>;rel="last  next	start""#;
    let all = ["last", "next", "start"].map(|rel| (rel, "http://h/2"));
    assert_eq!(links(line), expected(&all));
    assert_eq!(next(line).as_deref(), Some("http://h/2"));
}

#[test]
fn relations_and_names_of_parameters_are_in_any_case() {
    assert_eq!(links("</2>; REL=NexT"), expected(&[("next", "http://h/2")]));
    let links = response(&[b"</2>; rel=next; TITLE=a"]).links();
    assert_eq!(links[0].param("Title"), Some("a"));
}

#[test]
fn commas_semicolons_and_quotes_in_quotes_end_nothing() {
    let line = r#"</a,b;c>; title="x, </z>; rel=next; \"y\"" ; rel="prev", </2>;rel=next"#;
    let all = [("prev", "http://h/a,b;c"), ("next", "http://h/2")];
    assert_eq!(links(line), expected(&all));
    let first = &response(&[line.as_bytes()]).links()[0];
    assert_eq!(first.param("title"), Some(r#"x, </z>; rel=next; "y""#));
}

#[test]
fn several_lines_are_read_in_their_order() {
    let response = response(&[
        b"</1>; rel=prev",
        b"garbage",
        b"</3>; rel=next, </9>; rel=last",
    ]);
    let links = response.links();
    let rels: Vec<_> = links.iter().map(Link::rel).collect();
    assert_eq!(rels, ["prev", "next", "last"]);
}

#[test]
fn the_first_of_two_parameters_of_a_name_counts() {
    assert_eq!(
        links("</2>; rel=prev; rel=next"),
        expected(&[("prev", "http://h/2")])
    );
    assert_eq!(next("</2>; rel=prev; rel=next"), None);
}

#[test]
fn blanks_and_missing_parts_are_tolerated() {
    let two = expected(&[("next", "http://h/2")]);
    for line in [
        "</2>;rel=next",
        "</2> ; rel = next ",
        "</2>;; ;rel=\"next\";",
        ", ,</2>; rel=next,,",
        "</2> rel=next",
        "</2>; =x; rel=next",
        "</2>; crossorigin; rel=next",
        "</2>; rel=\"next",
        "text, </2>; rel=next",
        "a=\"</1>; rel=next\", </2>; rel=next",
    ] {
        assert_eq!(links(line), two, "{line}");
    }
}

#[test]
fn a_link_without_a_relation_has_the_empty_one() {
    assert_eq!(links("</2>"), expected(&[("", "http://h/2")]));
    assert_eq!(links("</2>; rel=\"\""), expected(&[("", "http://h/2")]));
    assert_eq!(next("</2>"), None);
}

#[test]
fn text_that_is_no_link_gives_none() {
    for line in [
        "",
        ",",
        "next",
        "</2",
        "<",
        ">",
        "rel=next",
        "\"",
        "\"</2>; rel=next",
    ] {
        assert_eq!(links(line), [], "{line}");
    }
}

#[test]
fn a_title_in_utf_8_counts_before_the_plain_one() {
    let title = |line: &[u8]| {
        response(&[line]).links()[0]
            .param("title")
            .map(str::to_owned)
    };
    let encoded = b"</2>; title=plain; title*=UTF-8'de'n%c3%a4chstes%20Kapitel";
    assert_eq!(title(encoded).as_deref(), Some("n\u{e4}chstes Kapitel"));
    for line in [
        &b"</2>; title=plain; title*=n%c3%a4chstes"[..],
        b"</2>; title=plain; title*=UTF-8''%ff",
        b"</2>; title=plain; title*=KOI8-R''%c3",
        b"</2>; title=plain; *=UTF-8''x",
    ] {
        assert_eq!(title(line).as_deref(), Some("plain"));
    }
    let raw = &response(&[encoded]).links()[0];
    assert_eq!(
        raw.param("title*"),
        Some("UTF-8'de'n%c3%a4chstes%20Kapitel")
    );
}

#[test]
fn no_encoded_form_replaces_a_relation() {
    assert_eq!(next("</2>; rel*=UTF-8''next; rel=prev"), None);
    assert_eq!(next("</2>; rel*=UTF-8''next"), None);
}

#[test]
fn text_beyond_ascii_is_utf_8_or_latin_1() {
    for (line, title) in [
        (&b"</2>; title=\"\xc3\xa4\"; rel=next"[..], "\u{e4}"),
        (b"</2>; title=\"\xe4\"; rel=next", "\u{e4}"),
    ] {
        let links = response(&[line]).links();
        assert_eq!(
            (links[0].rel(), links[0].param("title")),
            ("next", Some(title))
        );
    }
}

#[test]
fn a_link_of_another_resource_leads_to_no_next_page() {
    assert_eq!(
        next("</2>; rel=next; anchor=\"/other\", </3>; rel=next").as_deref(),
        Some("http://h/3")
    );
    for anchor in ["", "?n=1", "http://h/list/page?n=1"] {
        let line = format!("</2>; rel=next; anchor=\"{anchor}\"");
        assert_eq!(next(&line).as_deref(), Some("http://h/2"), "{anchor}");
    }
}

#[test]
fn no_more_than_a_thousand_links_are_kept() {
    let many = format!("</2>; rel=\"{}\"", "a ".repeat(30_000));
    assert_eq!(response(&[many.as_bytes()]).links().len(), MOST_LINKS);
    let many = "<>,".repeat(20_000);
    assert_eq!(response(&[many.as_bytes()]).links().len(), MOST_LINKS);
    assert_eq!(response(&["<,".repeat(30_000).as_bytes()]).links().len(), 0);
}

#[test]
fn any_text_is_read_to_its_end() {
    let pieces = [
        "<", ">", ";", ",", "=", "\"", "\\", " ", "rel", "next", "/2", "*", "'", "\u{e4}", "%c3",
    ];
    for seed in 0..20_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let length = random.usize(0..24);
        let text: String = (0..length)
            .map(|_| pieces[random.usize(0..pieces.len())])
            .collect();
        let values: Vec<_> = field::parse(text.clone()).collect();
        assert!(values.len() <= text.matches('<').count(), "{seed}: {text}");
        let read = response(&[text.as_bytes()]);
        let first = read.links().into_iter().find(|link| link.rel() == "next");
        if let Some(next) = read.next_link() {
            assert!(
                first.is_some_and(|link| !link.url().is_empty() && !next.is_empty()),
                "{seed}: {text}"
            );
        }
    }
}

#[test]
fn debug_masks_secrets() {
    let links = response(&[b"<http://u:sesame@h/2?access_token=sesame>; rel=next"]).links();
    assert!(!format!("{links:?}").contains("sesame"), "{links:?}");
}
