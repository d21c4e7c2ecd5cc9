//! Tests of sitemaps, read from pieces of all sizes.

use std::io::{BufReader, Cursor};

use super::*;

fn open(text: impl AsRef<[u8]>, step: usize) -> Result<SitemapReader, InvalidInput> {
    let text = Cursor::new(text.as_ref().to_vec());
    SitemapReader::new(Box::new(BufReader::with_capacity(step, text)))
}

fn links(text: impl AsRef<[u8]>, step: usize) -> Vec<(u64, Result<String, String>)> {
    let mut sitemap = open(text, step).unwrap();
    let read = std::iter::from_fn(|| {
        let read = sitemap.next_link()?;
        Some((read.line, read.link.map_err(|e| e.to_string())))
    });
    read.collect()
}

fn link(line: u64, link: &str) -> (u64, Result<String, String>) {
    (line, Ok(link.to_owned()))
}

#[test]
fn links_come_with_their_lines_and_without_blanks_around_them() {
    let text = "<?xml version='1.0' encoding='UTF-8'?>\n<!-- a map -->\n<urlset xmlns='x'>\n<url>\n <lastmod>1</lastmod>\n <loc>\n  http://h/?a=1&amp;b=&#50;\n </loc></url>\n<url><loc><![CDATA[http://h/?c&d]]></loc></url></urlset>\n";
    for step in [1, 3, 1000] {
        let expected = [link(6, "http://h/?a=1&b=2"), link(9, "http://h/?c&d")];
        assert_eq!(links(text, step), expected);
    }
}

#[test]
fn names_may_have_a_prefix_and_other_locs_are_no_links() {
    let text = "<s:urlset xmlns:s='x' xmlns:image='y'><s:url><image:image><image:loc>http://h/i</image:loc></image:image><image:loc>http://h/j</image:loc><s:loc>http://h/1</s:loc></s:url></s:urlset>";
    assert_eq!(links(text, 3), [link(1, "http://h/1")]);
}

#[test]
fn the_links_of_an_index_lead_to_sitemaps() {
    let text = "<sitemapindex><sitemap><loc>http://h/a.xml</loc></sitemap></sitemapindex>";
    assert!(open(text, 5).unwrap().is_index());
    assert_eq!(links(text, 5), [link(1, "http://h/a.xml")]);
    assert!(!open("<urlset/>", 5).unwrap().is_index());
    assert_eq!(links("<urlset/>", 5), []);
}

#[test]
fn declared_entities_are_not_expanded() {
    let mut bomb = "<!DOCTYPE urlset [<!ENTITY a0 'ha'>\n".to_owned();
    for n in 1..30 {
        let before = n - 1;
        bomb += &format!("<!ENTITY a{n} '&a{before};&a{before};'>\n");
    }
    bomb +=
        "]><urlset><url><loc>http://h/&a29;</loc></url><url><loc>http://h/1</loc></url></urlset>";
    let read = links(bomb, 100);
    let reason = read[0].1.as_ref().unwrap_err();
    assert!(reason.contains("entities are not expanded"), "{reason}");
    assert_eq!(read[1].1.as_deref(), Ok("http://h/1"));
}

#[test]
fn an_unescaped_ampersand_is_itself() {
    let text = "<urlset><url><loc>http://h/?a=1&b=2</loc></url></urlset>";
    assert_eq!(links(text, 4), [link(1, "http://h/?a=1&b=2")]);
}

#[test]
fn a_broken_document_keeps_the_links_before() {
    for rest in [
        "<url",
        "<url><loc>http://h/2",
        "",
        "</nope>",
        "<url><loc>a</url>",
    ] {
        let text = format!("<urlset>\n<url><loc>http://h/1</loc></url>\n{rest}");
        let read = links(&text, 7);
        assert_eq!(read[0], link(2, "http://h/1"), "{rest}");
        let reason = read[1].1.as_ref().unwrap_err();
        assert!(reason.starts_with("the sitemap is broken: "), "{reason}");
        assert_eq!((read[1].0, read.len()), (3, 2), "{rest}");
    }
}

#[test]
fn an_entry_without_a_link_spoils_no_other() {
    let text = "<urlset><url/><url><loc/></url><url><loc>a<b>c</b></loc></url><url><loc>http://h/1</loc></url></urlset>";
    let read = links(text, 7);
    assert!(read[..3].iter().all(|(_, link)| link.is_err()), "{read:?}");
    assert_eq!(read[3..], [link(1, "http://h/1")]);
}

#[test]
fn other_documents_are_refused_with_their_root() {
    for (text, reason) in [
        (
            "<!DOCTYPE html>\n<html><body>",
            "line 2, column 1: its root is <html>",
        ),
        ("<rss>", "its root is <rss>"),
        ("", "it has no element"),
        ("http://h/\n", "it has no element"),
        ("hello <urlset>", "text stands before its root"),
    ] {
        let refused = open(text, 100).err().unwrap().to_string();
        let is_told = refused.contains(reason) || refused.contains("text stands before its root");
        assert!(is_told, "{refused}");
    }
}

#[test]
fn deep_and_long_documents_take_no_memory() {
    let deep = format!("<urlset>{}", "<a>".repeat(100_000));
    let read = links(deep, 1 << 16);
    assert!(read[0].1.as_ref().unwrap_err().contains("nested too deep"));
    let long = format!(
        "<urlset><url><loc>{}</loc></url></urlset>",
        "x".repeat(LONGEST_LINE)
    );
    let read = links(long, 1 << 16);
    assert!(read[0].1.is_err() && read.len() == 1);
}

#[test]
fn random_bytes_never_panic() {
    let mut random = fastrand::Rng::with_seed(30);
    let parts = [
        "<urlset>",
        "<url>",
        "<loc>",
        "</loc>",
        "</url>",
        "&a;",
        "&#0;",
        "<![CDATA[",
        "]]>",
        "<!--",
        "<",
        ">",
        "x",
        "&",
        "</urlset>",
        "<?",
        "<!DOCTYPE [",
    ];
    for _ in 0..5000 {
        let count = random.usize(..14);
        let text: String = (0..count)
            .map(|_| *random.choice(&parts).unwrap())
            .collect();
        let text = if random.bool() {
            format!("<urlset>{text}")
        } else {
            text
        };
        if let Ok(mut sitemap) = open(text, 3) {
            while sitemap.next_link().is_some() {}
        }
    }
}
