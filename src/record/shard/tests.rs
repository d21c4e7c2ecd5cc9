//! Shards by key and by host, and their text.

use super::*;

fn shards(count: u32) -> Vec<Shard> {
    let shards = (0..count).map(|number| Shard::new(number, count).unwrap());
    shards.collect()
}

fn key(digest: [u8; 16]) -> Key {
    Key::new(crate::record::KeyVersion::Two, digest)
}

/// Numbers of the shards, by host, that own a request.
fn owners(count: u32, request: &Request) -> Vec<u32> {
    let all = shards(count).into_iter().map(Shard::by_host);
    let owners = all.filter(|shard| shard.owns_request(request));
    owners.map(|shard| shard.number()).collect()
}

#[test]
fn the_shard_of_a_key_is_the_remainder_of_its_first_eight_bytes() {
    let mut digest = [0xff; 16];
    digest[..8].copy_from_slice(&0x0102_0304_0506_0708_u64.to_be_bytes());
    for count in [1, 2, 3, 16, 100_000] {
        let expected = (0x0102_0304_0506_0708_u64 % u64::from(count)) as u32;
        assert!(Shard::new(expected, count).unwrap().owns(key(digest)));
        let owners = shards(count.min(16))
            .iter()
            .filter(|shard| shard.owns(key(digest)))
            .count();
        assert_eq!(owners, 1, "{count}");
    }
}

#[test]
fn the_shard_of_a_host_is_the_remainder_of_its_digest() {
    // printf 'https://example.com:443' | sha256sum | cut -c 1-16
    let expected = (0x3276_d403_185d_4a1a_u64 % 16) as u32;
    for url in [
        "https://example.com/1",
        "https://EXAMPLE.com:443/2",
        "https://ada:sesame@example.com/?x#y",
    ] {
        assert_eq!(owners(16, &url.into()), [expected], "{url}");
    }
}

#[test]
fn a_request_without_a_host_belongs_to_the_shard_of_its_key() {
    for text in ["items/7", "no url at all", "", "http://"] {
        let request = Request::unreadable(text, "not a URL");
        let own = shards(16).iter().position(|s| s.owns(Key::of(&request)));
        assert_eq!(owners(16, &request), [own.unwrap() as u32], "{text}");
    }
}

#[test]
fn a_relative_url_belongs_to_the_shard_of_the_absolute_one() {
    let base = "http://example.com/api/";
    for by_host in [false, true] {
        for shard in shards(16) {
            let shard = shard.base_url(base);
            let shard = if by_host { shard.by_host() } else { shard };
            let absolute = Request::get("http://example.com/api/items/7");
            let owns = shard.owns_request(&"items/7".into());
            assert_eq!(owns, shard.owns_request(&absolute), "{by_host}");
        }
    }
}

#[test]
fn each_request_is_in_one_shard_with_its_position_in_the_whole_input() {
    for count in [1, 3, 16] {
        let urls = (0..500).map(|i| format!("http://h{}/{i}", i % 7));
        for by_host in [false, true] {
            let mut seen: Vec<(u64, String)> = Vec::new();
            for shard in shards(count) {
                let shard = if by_host { shard.by_host() } else { shard };
                let own = shard.of(urls.clone());
                seen.extend(own.map(|r| (r.index().unwrap(), r.url().to_owned())));
            }
            seen.sort_unstable();
            assert!(seen.into_iter().eq((0..).zip(urls.clone())), "{count}");
        }
    }
}

#[test]
fn shards_by_key_are_about_equally_large() {
    let urls = (0..16_000).map(|i| format!("https://example.com/{i}"));
    for shard in shards(16) {
        let size = shard.of(urls.clone()).count();
        assert!((800..1200).contains(&size), "{shard}: {size}");
    }
}

#[test]
fn a_shard_reads_back_from_its_text() {
    for text in ["0/1", "3/16", "99999/100000"] {
        assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
    }
    assert_eq!("03/16".parse(), Shard::new(3, 16));
}

#[test]
fn other_text_is_no_shard() {
    for text in [
        "16/16",
        "0/0",
        "",
        "/",
        "3",
        "3/",
        "/3",
        "-1/3",
        "+1/3",
        "1/+3",
        "1/3/5",
        " 1/3",
        "1 / 3",
        "a/3",
        "1.0/3",
        "18446744073709551616/18446744073709551617",
    ] {
        let wrong = text.parse::<Shard>().unwrap_err().to_string();
        let expected = format!("not a shard: {text:?} (I/N with I from 0 to N-1)");
        assert_eq!(wrong, expected);
    }
}

#[test]
fn there_are_at_most_a_hundred_thousand_shards() {
    let wrong = "0/100001".parse::<Shard>().unwrap_err().to_string();
    assert_eq!(wrong, "not a shard: \"0/100001\" (I/N with N up to 100000)");
    assert!(Shard::new(99_999, 100_000).is_ok());
}

#[test]
fn an_outcome_of_another_shard_is_told_with_its_shard() {
    let request = Request::get("https://example.com/1");
    let (key, url) = (Key::of(&request), ("https://example.com/1", false));
    for by_host in [false, true] {
        let by = |shard: Shard| if by_host { shard.by_host() } else { shard };
        let all: Vec<Shard> = shards(16).into_iter().map(by).collect();
        let own = all.iter().find(|shard| shard.owns_request(&request));
        let own = own.unwrap();
        for shard in &all {
            let owner = (shard != own).then(|| own.clone());
            let url = by_host.then_some(url);
            assert_eq!(shard.other_owner(key, url), owner, "{shard}, {by_host}");
        }
    }
}

#[test]
fn an_outcome_of_the_other_scheme_belongs_to_the_shard_if_it_was_tried_again() {
    let key = key([0; 16]);
    let own = owners(16, &"https://example.com/".into())[0];
    let shard = Shard::new(own, 16).unwrap().by_host();
    assert_ne!(owners(16, &"http://example.com/".into()), [own]);
    for (tried_again, is_own) in [(true, true), (false, false)] {
        let url = Some(("http://example.com/", tried_again));
        assert_eq!(shard.other_owner(key, url).is_none(), is_own);
    }
}
