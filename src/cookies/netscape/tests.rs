use std::time::{SystemTime, UNIX_EPOCH};

use super::*;

/// Adds the cookies of a text to sites without any, and returns them.
fn sites_of(text: &str) -> Sites {
    let mut sites = Sites::default();
    for cookie in cookies(text).unwrap() {
        sites
            .store_of_file(&cookie.set_cookie, &cookie.uri)
            .unwrap();
    }
    sites
}

fn sent(sites: &Sites, url: &str) -> String {
    let url = crate::url::parse(url).unwrap();
    let pairs = sites.matching(url.uri()).into_iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}

fn next_year() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs() + 365 * 86_400
}

#[test]
fn each_field_of_a_line_decides_as_in_curl() {
    let later = next_year();
    let text = format!(
        "\u{feff}# Netscape HTTP Cookie File\r\n\r\n# a remark\r\n\
         .example.com\tTRUE\t/\tFALSE\t{later}\tall\t1\r\n\
         example.com\tTRUE\t/\tFALSE\t0\tdotless\t2\r\n\
         .example.com\tFALSE\t/\tFALSE\t{later}.75\talone\t3\r\n\
         example.com\tFALSE\t/\ttrue\t\tsecure\t4\r\n\
         #HttpOnly_example.com\tfalse\t/deep\tFALSE\t0\thidden\ta=b c\r\n\
         example.com\tFALSE\t/\tFALSE\t0\tempty\r\n\
         example.com\tFALSE\t/\tFALSE\t1\tpast\tgone\r\n\
         127.0.0.1\tTRUE\t/\tFALSE\t99999999999999999999\tip\t5\r\n\
         ::1\tTRUE\t/\tFALSE\t0\tsix\t6\r\n"
    );
    let sites = sites_of(&text);
    assert_eq!(
        sent(&sites, "http://example.com/deep/x"),
        "hidden=a=b c; all=1; alone=3; dotless=2; empty="
    );
    assert_eq!(sent(&sites, "http://www.example.com/"), "all=1; dotless=2");
    assert_eq!(
        sent(&sites, "https://example.com/"),
        "all=1; alone=3; dotless=2; empty=; secure=4"
    );
    assert_eq!(sent(&sites, "http://127.0.0.1:8080/"), "ip=5");
    assert_eq!(sent(&sites, "http://[::1]:8080/"), "six=6");
}

#[test]
fn a_file_that_was_written_reads_back_as_it_was() {
    const NAMES: [&str; 5] = ["a", "SID", "__Host-x", "b.c", "%20"];
    const VALUES: [&str; 7] = ["", "1", "a=b", "\"q\"", "x y", "%41", "é"];
    const DOMAINS: [&str; 6] = [
        "example.com",
        "a.b.example.co.uk",
        "intra.example",
        "10.1.2.3",
        "[::1]",
        "xn--bcher-kva.example",
    ];
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut text = String::new();
        for _ in 0..random.usize(0..12) {
            let mut any = |list: &[&'static str]| list[random.usize(..list.len())];
            let (name, value, domain) = (any(&NAMES), any(&VALUES), any(&DOMAINS));
            let (mark, path) = (any(&["", HTTP_ONLY]), any(&["/", "/a", "/a/b", "/ö"]));
            let (subdomains, secure) = match domain.starts_with(['1', '[']) {
                // An address has no subdomains.
                true => ("FALSE", any(&["TRUE", "FALSE"])),
                false => (any(&["TRUE", "FALSE"]), any(&["TRUE", "FALSE"])),
            };
            let expiry = match random.bool() {
                true => next_year() + random.u64(..100_000_000),
                false => 0,
            };
            text += &format!(
                "{mark}{domain}\t{subdomains}\t{path}\t{secure}\t{expiry}\t{name}\t{value}\n"
            );
        }
        let (first, second) = (sites_of(&text), sites_of(&super::text(&sites_of(&text))));
        assert_eq!(super::text(&first), super::text(&second), "seed {seed}");
        // The last line of a name, domain and path holds; each is in what was written, dots aside.
        let written = super::text(&first);
        for line in written.lines().filter(|line| line.contains('\t')) {
            let plain = line.strip_prefix(HTTP_ONLY).unwrap_or(line);
            let plain = plain.strip_prefix('.').unwrap_or(plain);
            assert!(
                text.contains(plain),
                "seed {seed}: {line} is not of\n{text}"
            );
        }
    }
}

#[test]
fn a_line_that_is_no_cookie_is_named_without_its_text() {
    for (line, reason) in [
        ("s3cret", "seven fields"),
        ("a\tb\tc\td\te\ts3cret\tg\th", "seven fields"),
        ("{\"raw_cookie\":\"s3cret\"}", "seven fields"),
        ("a.example\tYES\t/\tFALSE\t0\tn\ts3cret", "TRUE or FALSE"),
        ("a.example\tTRUE\tx\tFALSE\t0\tn\ts3cret", "slash"),
        ("a.example\tTRUE\t/\tFALSE\tsoon\tn\ts3cret", "seconds"),
        ("a.example\tTRUE\t/\tFALSE\t-1\tn\ts3cret", "seconds"),
        ("a b\tTRUE\t/\tFALSE\t0\tn\ts3cret", "no domain"),
        ("\tTRUE\t/\tFALSE\t0\tn\ts3cret", "no domain"),
        ("a.example/x\tTRUE\t/\tFALSE\t0\tn\ts3cret", "no domain"),
        ("a.example\tTRUE\t/\tFALSE\t0\t\ts3cret", "no name"),
        (
            "a.example\tTRUE\t/\tFALSE\t0\tn\ts3cret; Domain=b",
            "no cookie has",
        ),
        (
            "a.example\tTRUE\t/\tFALSE\t0\tn\ts3cret\u{1}",
            "no cookie has",
        ),
    ] {
        let text = format!("# Netscape HTTP Cookie File\n\n{line}\n");
        let (number, wrong) = cookies(&text).unwrap_err();
        assert!(wrong.contains(reason) && number == 3, "{line}: {wrong}");
        assert!(!wrong.contains("s3cret"));
    }
}

#[test]
fn a_cookie_for_a_public_suffix_is_for_that_host_alone() {
    let sites = sites_of(".co.uk\tTRUE\t/\tFALSE\t0\tn\tv\n");
    assert_eq!(sent(&sites, "http://example.co.uk/"), "");
    assert_eq!(sent(&sites, "http://co.uk/"), "n=v");
}
