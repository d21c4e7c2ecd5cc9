//! Parts that a key of version 2 covers, each with its name and length in front.

use std::borrow::Cow;

use crate::digest::Sha256;
use crate::request::{Request, add_part};
use crate::url::Base;

/// Adds all parts that the request itself sends.
pub(super) fn add(hash: &mut Sha256, request: &Request, base: Option<&Base>) {
    if let Some(digest) = request.line_digest() {
        return add_part(hash, "line", digest);
    }
    if let Some(id) = request.request_id() {
        add_part(hash, "id", id.as_bytes());
    }
    add_part(hash, "method", request.method().as_str().as_bytes());
    let written = request.url();
    let url = base.map_or(Cow::Borrowed(written), |base| base.resolved_text(written));
    add_part(hash, "url", url.as_bytes());
    if let Some(options) = request.options() {
        for (name, value) in &options.query {
            add_part(hash, "param", name.as_bytes());
            add_part(hash, "value", value.as_bytes());
        }
    }
    request.add_headers_and_body(hash);
    if request.is_sitemap() {
        add_part(hash, "sitemap", b"");
    }
    if let Some(mistake) = request.invalid() {
        add_part(hash, "invalid", mistake.reason.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::super::{Key, KeyMaker, KeyVersion};
    use super::*;

    #[test]
    fn each_part_goes_in_with_its_name_and_length_in_front() {
        // printf 'method:3:GETurl:9:http://h/' | sha256sum
        let plain = Key::of(&"http://h/".into());
        assert_eq!(plain.to_string(), "2-4056c2b501bdae0405ef180ace1872c5");
        // printf 'id:1:amethod:4:POSTurl:10:http://h/pparam:1:qvalue:3:x yheader:6:acceptvalue:1:*without:10:user-agentbody:4:body'
        let all = Request::post("http://h/p")
            .without_header("User-Agent")
            .query("q", "x y")
            .header("Accept", "*")
            .body("body")
            .id("a");
        assert_eq!(
            Key::of(&all).to_string(),
            "2-d14d435d23f3d226ff81f649dd70e851"
        );
    }

    #[test]
    fn the_length_of_a_part_is_a_decimal_number() {
        for length in [1, 9, 10, 99, 100, 12_345] {
            let body = "x".repeat(length);
            let mut whole = Sha256::new();
            whole.update(format!("method:4:POSTurl:1:ubody:{length}:{body}"));
            let digest = whole.finish();
            let key = Key::of(&Request::post("u").body(body));
            assert_eq!(key.digest()[..], digest[..16], "{length}");
        }
    }

    #[test]
    fn every_part_makes_a_difference() {
        let get = || Request::get("http://h/p");
        let put = || Request::put("http://h/p");
        let requests = [
            get(),
            put(),
            get().of_sitemap(),
            get().id("a"),
            get().id("b"),
            get().id(""),
            Request::get("http://h/p?").id("a"),
            Request::get("http://h/P"),
            Request::get("http://h/p#part"),
            Request::get("http://u:p@h/p"),
            Request::get("http://u:q@h/p"),
            get().query("a", "1"),
            get().query("a", "2"),
            get().query("a", ""),
            get().query("", "a"),
            get().query("a", "1").query("b", "2"),
            get().query("b", "2").query("a", "1"),
            Request::get("http://h/p?a=1"),
            get().header("accept-language", "de"),
            get().header("accept-language", "en"),
            get()
                .header("accept-language", "en")
                .header("accept-language", "de"),
            get()
                .header("accept-language", "de")
                .header("accept-language", "en"),
            get().header("accept-language", ""),
            get().without_header("accept-language"),
            get().without_header("accept"),
            get().bearer("one"),
            get().bearer("two"),
            get().basic_auth("u", "p"),
            get().digest_auth("u", "p"),
            get().digest_auth("u", "q"),
            get().digest_auth("v", "p"),
            put().body("x"),
            put().body("y"),
            put().text("x"),
            put().json("x"),
            put().body_file("x"),
            put().body_file("y"),
            put().body_reader(Cursor::new("x")),
            put().body_reader(Cursor::new("xy")),
            put().body_stream(std::io::empty(), None),
            put().body_stream(std::io::empty(), 0),
            get().header("bad name", "x"),
            get().header("x", "a\nb"),
            Request::unreadable("http://h/p", "not JSON"),
        ];
        let keys: Vec<Key> = requests.iter().map(Key::of).collect();
        for (at, key) in keys.iter().enumerate() {
            let same = keys[..at].iter().position(|other| other == key);
            assert_eq!(same, None, "{at}: {:?}", requests[at]);
        }
    }

    #[test]
    fn no_id_can_be_made_to_equal_other_content() {
        let whole = Request::get("http://h/").id("a");
        for id in ["amethod:3:GETurl:9:http://h/", "a\0", "1:a"] {
            assert_ne!(Key::of(&Request::get("").id(id)), Key::of(&whole));
        }
        let moved = |name: &str, value: &str| Key::of(&Request::get("u").query(name, value));
        assert_ne!(moved("a", "value:1:b"), moved("avalue:1:", "b"));
    }

    #[test]
    fn settings_that_are_not_sent_are_no_part_of_a_key() {
        let get = || Request::get("http://h/");
        let plain = Key::of(&get());
        for same in [
            get().tag(1),
            get().max_redirects(3),
            get().no_retry(),
            get().timeouts(crate::Timeouts::new().attempt(std::time::Duration::from_secs(1))),
            get().require("/code", 0),
            get().save_to("file"),
            get().idempotent(true),
            get().cost(7),
            get().read_at("list", 7),
            get().body(""),
        ] {
            assert_eq!(Key::of(&same), plain, "{same:?}");
        }
    }

    #[test]
    fn the_order_of_headers_of_different_names_makes_no_difference() {
        let one = Request::get("u").header("a", "1").header("B", "2");
        let other = Request::get("u").header("b", "2").header("A", "1");
        assert_eq!(Key::of(&one), Key::of(&other));
    }

    #[test]
    fn a_streamed_body_is_known_by_its_path_or_length_without_being_read() {
        let put = || Request::put("http://h/");
        let file = || Key::of(&put().body_file("no/such/file"));
        assert_eq!(file(), file());
        let reader = |text: &'static str| Key::of(&put().body_reader(Cursor::new(text)));
        assert_eq!(reader("abc"), reader("xyz"));
    }

    #[cfg(feature = "multipart")]
    #[test]
    fn a_form_with_files_is_the_same_whatever_its_boundary_is() {
        let form = |value: &str| {
            let form = crate::request::Multipart::new()
                .text("a", value)
                .file("b", "x");
            Request::post("http://h/").multipart(form)
        };
        assert_eq!(Key::of(&form("1")), Key::of(&form("1")));
        assert_ne!(Key::of(&form("1")), Key::of(&form("2")));
    }

    #[test]
    fn a_relative_url_counts_as_resolved_against_the_base_url() {
        let keys = |base: &str| KeyMaker {
            version: KeyVersion::Two,
            base: Base::parse(base).ok(),
        };
        let resolved = keys("http://h/api/").of(&"items/1".into());
        assert_eq!(resolved, Key::of(&"http://h/api/items/1".into()));
        assert_ne!(resolved, keys("http://other/api/").of(&"items/1".into()));
        // A scheme alone or a backslash makes no URL absolute, as when the request is sent.
        for (relative, full) in [("http:1", "http://h/api/1"), ("\\\\x\\1", "http:\\\\x\\1")] {
            let full = Key::of(&full.into());
            assert_eq!(
                keys("http://h/api/").of(&relative.into()),
                full,
                "{relative}"
            );
        }
        let absolute = "http://x/".into();
        assert_eq!(keys("http://h/").of(&absolute), Key::of(&absolute));
    }
}
