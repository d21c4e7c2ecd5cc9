mod requests;

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::*;

fn template(text: &str) -> Template {
    Template::parse(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"))
}

/// Fills a template from pairs of names and texts.
fn filled(text: &str, escaping: ValueEscaping, values: &[(&str, &str)]) -> String {
    let values: HashMap<_, _> = values.iter().copied().collect();
    let fill = template(text).fill(escaping, |name| values.get(name).map(|v| (*v).into()));
    fill.unwrap()
}

fn url(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let values: HashMap<_, _> = values.iter().copied().collect();
    let filled = template(text).fill_url(|name| values.get(name).map(|v| (*v).into()));
    filled.map_err(|wrong| format!("{wrong} {:?}", wrong.text().unwrap_or_default()))
}

fn json(text: &'static str) -> TemplateValue<'static> {
    TemplateValue::Json(text.into())
}

#[test]
fn only_an_opening_brace_is_doubled() {
    for (text, shown) in [
        ("{{a}", "{a}"),
        ("{{{a}}", "{1}"),
        ("}a}}", "}a}}"),
        ("{{{{", "{{"),
        ("", ""),
        ("{a}{a}", "11"),
        ("a:{{\"b\": {a}}", "a:{\"b\": 1}"),
    ] {
        assert_eq!(
            filled(text, ValueEscaping::None, &[("a", "1")]),
            shown,
            "{text}"
        );
    }
}

#[test]
fn a_name_goes_up_to_its_form() {
    let names = |text: &str| -> Vec<String> { template(text).names().map(str::to_owned).collect() };
    assert_eq!(names("{a b}{a:raw}{a:json}{n:06}"), ["a b", "a", "a", "n"]);
    assert_eq!(
        names("{header:etag}{header:x:raw}"),
        ["header:etag", "header:x"]
    );
    assert_eq!(names("{/data/0/name}"), ["/data/0/name"]);
    assert_eq!(names("{余额}"), ["余额"]);
}

#[test]
fn a_mistake_is_told_with_its_column_and_placeholder() {
    for (text, column, shown) in [
        ("a{b", 2, "{b"),
        ("余{b c", 2, "{b c"),
        ("a{}", 2, "{}"),
        ("{a} {:raw}", 5, "{:raw}"),
        ("{a:}", 1, "{a:}"),
        ("{a{b}", 1, "{a"),
        ("{a\nb}", 1, "{a"),
        ("{a:6}", 1, "{a:6}"),
        ("{a:00}", 1, "{a:00}"),
        (
            "{a:0999999999999999999999}",
            1,
            "{a:0999999999999999999999}",
        ),
        ("x {", 3, "{"),
    ] {
        let wrong = Template::parse(text).unwrap_err();
        assert_eq!(
            (wrong.column(), wrong.placeholder()),
            (column, shown),
            "{text}"
        );
        let told = wrong.to_string();
        assert!(told.starts_with(&format!("column {column}: ")), "{told}");
    }
}

#[test]
fn a_number_keeps_its_digits_and_gets_zeros() {
    let fill = |text: &str, value: TemplateValue<'static>| {
        template(text).fill(ValueEscaping::None, |_| Some(value.clone()))
    };
    let long = "12345678901234567890123.50";
    assert_eq!(fill("{a}", json(long)).unwrap(), long);
    assert_eq!(fill("{a:06}", json("42")).unwrap(), "000042");
    assert_eq!(fill("{a:03}", json("-7")).unwrap(), "-007");
    assert_eq!(fill("{a:02}", json("12345")).unwrap(), "12345");
    assert_eq!(fill("{a:06}", json("1.5")).unwrap(), "1.5");
    assert_eq!(fill("{a:06}", "x".into()).unwrap(), "x");
}

#[test]
fn json_is_put_in_as_it_is_written() {
    let fill = |text: &str, value: TemplateValue<'static>| {
        template(text).fill(ValueEscaping::None, |_| Some(value.clone()))
    };
    assert_eq!(fill("{a}", json("\"q\\\"u\"")).unwrap(), "q\"u");
    assert_eq!(fill("{a:json}", json("\"q\\\"u\"")).unwrap(), "\"q\\\"u\"");
    assert_eq!(fill("{a:json}", json("[1, 2.0]")).unwrap(), "[1, 2.0]");
    assert_eq!(fill("{a:json}", " [1,2.0] ".into()).unwrap(), "[1,2.0]");
    for (text, value) in [
        ("{a}", json("[1]")),
        ("{a:raw}", json("{}")),
        ("{a:json}", "no json".into()),
        ("{a:json}", "".into()),
        ("{a:json}", "1 2".into()),
    ] {
        let wrong = fill(text, value).unwrap_err();
        assert_eq!(wrong.text(), Some("a"), "{text}");
    }
}

#[test]
fn a_value_in_a_url_changes_no_other_part_of_it() {
    let at = |value| url("https://h/a/{v}/b?q={v}#{v}", &[("v", value)]).unwrap();
    for (value, encoded) in [
        ("x", "x"),
        ("a/b", "a%2Fb"),
        ("a?b#c&d=e", "a%3Fb%23c%26d%3De"),
        ("a b+c", "a%20b%2Bc"),
        ("50%", "50%25"),
        ("%2e%2e", "%252e%252e"),
        ("余额", "%E4%BD%99%E9%A2%9D"),
        ("a\\b\r\n\t", "a%5Cb%0D%0A%09"),
        ("...", "..."),
        ("..a", "..a"),
    ] {
        let expected = format!("https://h/a/{encoded}/b?q={encoded}#{encoded}");
        assert_eq!(at(value), expected, "{value}");
    }
}

#[test]
fn a_raw_value_and_one_that_begins_the_url_are_not_encoded() {
    let values = [("u", "https://h/a?b=c&d"), ("p", "x/y?z=1&w")];
    assert_eq!(url("{u}", &values).unwrap(), "https://h/a?b=c&d");
    assert_eq!(
        url("{u}&p={p}", &values).unwrap(),
        "https://h/a?b=c&d&p=x%2Fy%3Fz%3D1%26w"
    );
    assert_eq!(
        url("https://h/{p:raw}", &values).unwrap(),
        "https://h/x/y?z=1&w"
    );
    assert_eq!(
        url("https://h/{p}", &values).unwrap(),
        "https://h/x%2Fy%3Fz%3D1%26w"
    );
}

#[test]
fn a_value_is_no_dot_segment_of_a_path() {
    for (text, value) in [
        ("https://h/{v}", ".."),
        ("https://h/{v}", "."),
        ("https://h/a/{v}/b", ".."),
        ("https://h/a/.{v}?x", "."),
        ("https://h/a/{v}{v}#f", "."),
        ("https://h/a/%2e{v}", "."),
        ("https://h/a/%2E{v}/", "."),
        ("https://h/a/{v:raw}", ".."),
        ("https://h/a/{v:raw}", "%2e."),
        ("https://h/a/{v:raw}", ".\t."),
        ("https://h/a/{v:raw}", "../"),
        ("https://h/a/{v:raw}", "../../x"),
        ("https://h/a/{v:raw}", "x/..?y"),
        ("https://h/a{v:raw}", "/../x"),
        ("https://h/a/{v:raw}/x", "..\\"),
        ("https://h{v:raw}", "/.."),
        ("items/{v}", ".."),
        ("/items/{v}", ".."),
        ("{v}", ".."),
        ("//h/{v}", ".."),
    ] {
        let wrong = url(text, &[("v", value)]).unwrap_err();
        assert!(
            wrong.contains("dot segment") && wrong.ends_with("\"v\""),
            "{text}: {wrong}"
        );
    }
    for (text, value) in [
        ("https://h/?q={v}", ".."),
        ("https://h/#{v}", ".."),
        ("https://h/a{v}", ".."),
        ("https://h/../{v}", "x"),
        ("https://h/{v}/", "..."),
        ("https://h/{v:raw}/x", "a//b/"),
        ("https://h/{v:raw}", "?x=.."),
        ("{v}", "https://h/a/../b"),
    ] {
        url(text, &[("v", value)]).unwrap();
    }
}

#[test]
fn an_empty_value_leaves_no_segment_of_a_path_empty() {
    for text in ["https://h/items/{v}", "https://h/{v}/x", "/{v}?a"] {
        let wrong = url(text, &[("v", "")]).unwrap_err();
        assert!(wrong.contains("empty"), "{wrong}");
    }
    assert_eq!(
        url("https://h/?q={v}", &[("v", "")]).unwrap(),
        "https://h/?q="
    );
    assert_eq!(url("https://h/a{v}", &[("v", "")]).unwrap(), "https://h/a");
}

#[test]
fn a_missing_value_is_told_by_its_name() {
    assert_eq!(
        url("https://h/{colour}", &[]).unwrap_err(),
        "the line has no value for a placeholder of the template \"colour\""
    );
}

/// Random text of characters that mean something somewhere.
fn random_text(random: &mut fastrand::Rng, most: usize) -> String {
    const PARTS: [&str; 24] = [
        "{", "}", "{{", ":", "raw", "json", "06", "a", "b", "/", "?", "#", "%", "%2e", ".", "\\",
        "\"", "\n", "余", "🦀", " ", "&", "=", "\u{0}",
    ];
    (0..random.usize(..most))
        .map(|_| PARTS[random.usize(..PARTS.len())])
        .collect()
}

#[test]
fn random_templates_never_panic() {
    let mut random = fastrand::Rng::with_seed(30);
    for _ in 0..20_000 {
        let text = random_text(&mut random, 14);
        let Ok(template) = Template::parse(&text) else {
            continue;
        };
        let value = random_text(&mut random, 6);
        for escaping in [
            ValueEscaping::None,
            ValueEscaping::Json,
            ValueEscaping::Percent,
        ] {
            let _ = template.fill(escaping, |_| Some(value.clone().into()));
        }
        let _ = template.fill_url(|_| Some(value.clone().into()));
    }
}

#[test]
fn a_text_without_placeholders_comes_back_after_its_braces_are_doubled() {
    let mut random = fastrand::Rng::with_seed(31);
    for _ in 0..5_000 {
        let text = random_text(&mut random, 14);
        let doubled = text.replace('{', "{{");
        assert_eq!(filled(&doubled, ValueEscaping::None, &[]), text);
    }
}

#[test]
fn random_values_in_a_url_are_read_back_by_another_parser() {
    let mut random = fastrand::Rng::with_seed(32);
    let mut sent = 0;
    for _ in 0..5_000 {
        let (a, b) = (random_text(&mut random, 6), random_text(&mut random, 6));
        let values = [("a", &*a), ("b", &*b)];
        let Ok(filled) = url("https://h/x/{a}/y?p={b}&q=1", &values) else {
            assert!(["", ".", ".."].contains(&&*a), "{a:?}");
            continue;
        };
        let parsed = ::url::Url::parse(&filled).unwrap();
        let segments: Vec<_> = parsed.path_segments().unwrap().collect();
        assert_eq!(
            (segments.len(), segments[0], segments[2]),
            (3, "x", "y"),
            "{a:?}"
        );
        assert_eq!(percent_decode_str(segments[1]).decode_utf8().unwrap(), a);
        let query: Vec<_> = parsed.query_pairs().collect();
        assert_eq!(
            query,
            [("p".into(), (&*b).into()), ("q".into(), "1".into())]
        );
        assert!(parsed.host_str() == Some("h") && parsed.fragment().is_none());
        sent += 1;
    }
    assert!(sent > 3_000);
}

#[test]
fn random_values_in_json_are_read_back_by_another_parser() {
    let mut random = fastrand::Rng::with_seed(33);
    for _ in 0..5_000 {
        let value = random_text(&mut random, 8);
        let text = filled("\"x {a} y\"", ValueEscaping::Json, &[("a", &value)]);
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read, format!("x {value} y"));
    }
}
