//! Generated URLs: results without parsing, and texts put together, compared with the crate `url`.
//!
//! `HAUL_SEED=n` generates other URLs, `HAUL_SCALE=n` n times as many: 50 is a million for each test.

use std::sync::Arc;

use ::url::Position;

use super::{Base, UrlPrefix, parse};

/// Number of URLs generated for each test.
const COUNT: u64 = 20_000;

/// Pieces that URLs are made of: every character that the standard treats specially, among harmless ones.
const PIECES: &[&str] = &[
    "a", "Z", "0", "é", "%", "%2e", "%2E", "%2", "%41", "%zz", ".", "..", "/", "/", "//", "\\",
    "?", "#", " ", "\t", "\n", "\r", "\u{0}", "\u{1f}", "\u{7f}", "\u{a0}", "\u{feff}", "😀", "'",
    "\"", "<", ">", "`", "{", "}", "|", "^", "[", "]", "(", ")", "!", "$", "&", "*", "+", ",", "-",
    ":", ";", "=", "@", "_", "~", "/./", "/../", "/.", "/%2e/", "/%2e%2E", "/.%2e", "a/b", "?x=1",
    "&y=2",
];

const FRONTS: &[&str] = &[
    "http://h",
    "https://h",
    "http://h:81",
    "http://h:80",
    "http://h:",
    "HTTP://H",
    "http://bücher.example",
    "http://xn--bcher-kva.example",
    "http://127.1",
    "http://127.0.0.1:8080",
    "http://[::1]:81",
    "http://[0:0::1]",
    "http://u:p@h",
    "http:\\\\h",
    "http:h",
    "http://h.",
    "http://a_b.example",
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Calls the test with a generator, as often as the environment says.
fn generated(mut test: impl FnMut(&mut fastrand::Rng)) {
    let mut random = fastrand::Rng::with_seed(number("HAUL_SEED").unwrap_or(1));
    for _ in 0..COUNT * number("HAUL_SCALE").unwrap_or(1).max(1) {
        test(&mut random);
    }
}

fn any<'a>(random: &mut fastrand::Rng, of: &[&'a str]) -> &'a str {
    of[random.usize(..of.len())]
}

/// Joins some pieces, mostly harmless ones, so that each kind of text is met often enough.
fn text(random: &mut fastrand::Rng, most: usize) -> String {
    let harmless = random.u8(..) < 200;
    let pieces = (0..random.usize(..=most)).map(|_| match harmless && random.u8(..) < 240 {
        true => any(random, &["a", "b/c", "/", "?d=", "%20", "|", "x.y", "1"]),
        false => any(random, PIECES),
    });
    pieces.collect::<Vec<_>>().concat()
}

/// Returns a URL as the crate has it, without its fragment.
fn by_crate(parsed: &::url::Url) -> String {
    parsed[..Position::AfterQuery].to_owned()
}

#[test]
fn a_url_known_by_its_front_is_what_the_crate_makes_of_it() {
    let (mut known, mut all) = (0, 0);
    generated(|random| {
        let first = any(random, FRONTS);
        let Some(front) = UrlPrefix::of(&parse(first).unwrap()) else {
            return;
        };
        // Front as it is written, or the front of the parsed URL.
        let begins = match random.bool() {
            true => first,
            false => front.as_str(),
        };
        let text: Arc<str> = format!("{begins}/{}", text(random, 12)).into();
        all += 1;
        let Some(url) = front.known(&text) else {
            return;
        };
        known += 1;
        let parsed = ::url::Url::parse(&text).unwrap();
        assert_eq!(by_crate(&parsed), *text, "parsing changes it");
        assert_eq!(parsed.fragment(), None, "{text:?}");
        let alone = parse(&text).unwrap();
        assert_eq!(
            (url.uri(), url.host()),
            (alone.uri(), alone.host()),
            "{text:?}"
        );
        let parts = [&url, &alone].map(|url| (url.authority(), url.path_and_query()));
        assert_eq!(parts[0], parts[1], "{text:?}");
    });
    assert!(
        known > all / 10 && known < all,
        "{known} of {all} are known"
    );
}

#[test]
fn a_parsed_url_is_what_the_crate_makes_of_it() {
    let mut sent = 0;
    generated(|random| {
        let text = format!("{}{}", any(random, FRONTS), text(random, 12));
        let Ok(url) = parse(&text) else {
            return;
        };
        sent += 1;
        let parsed = ::url::Url::parse(&text).unwrap();
        assert_eq!(url.uri().to_string(), by_crate(&parsed), "{text:?}");
    });
    assert!(sent > COUNT / 4, "{sent} are URLs");
}

#[test]
fn a_reference_is_resolved_as_by_the_url_crate() {
    let bases = [
        "http://h/a/b?c",
        "https://h:81",
        "http://h/x/",
        "http://u:p@h/./a//b",
    ]
    .map(|base| (Base::parse(base).unwrap(), ::url::Url::parse(base).unwrap()));
    let begins = [
        "", "", "", "/", "//", "\\", "/\\", "?", "#", "http:", "https:", "HTTP:/", "http:\\",
        "https://", "//h", "ftp:", " ",
    ];
    let mut resolved = 0;
    generated(|random| {
        let (base, by) = &bases[random.usize(..bases.len())];
        let reference = format!("{}{}", any(random, &begins), text(random, 8));
        let ours = base.resolve(&reference);
        let theirs = by
            .join(&reference)
            .ok()
            .filter(|url| url.scheme().starts_with("http"));
        match (&ours, theirs) {
            (Ok(url), Some(theirs)) => {
                resolved += 1;
                assert_eq!(
                    url.uri().to_string(),
                    by_crate(&theirs),
                    "{by} and {reference:?}"
                );
                for text in [base.written(&reference), base.resolved_text(&reference)] {
                    assert_eq!(parse(&text).as_ref(), Ok(url), "{text:?}");
                }
            }
            (Ok(url), None) => panic!("{by} and {reference:?}: {url:?}, and the crate refuses it"),
            (Err(_), None) => {}
            // Beside the URLs that the crate refuses, only a port of 0 and odd names of hosts are refused.
            (Err(error), Some(theirs)) => {
                let odd = error.reason.contains("port") || error.reason.contains("the host");
                assert!(odd, "{by} and {reference:?}: {error}, not {theirs}");
            }
        }
    });
    assert!(resolved > COUNT / 4, "{resolved} were resolved");
}
