//! Rows of outcomes.

use super::*;
use crate::outcome::sample::{self, response};
use crate::request::Request;

fn outcome(body: &str) -> Outcome {
    let mut answer = response("http://h/1", 200, "application/json", body.as_bytes());
    answer = answer.with_coding("a, b").with_coding("c");
    sample::success(3, Request::get("http://h/1").id("x"), answer)
}

fn text(layout: &Layout, outcome: &Outcome) -> String {
    let options = layout.adapt(RecordOptions::new());
    let record = Record::new(outcome, &options);
    let mut lines = Vec::new();
    layout.write(outcome, &record, &options, &mut lines);
    String::from_utf8(lines).unwrap()
}

fn row(format: RowFormat, names: &str, body: &str) -> String {
    let layout = Layout::rows(format).select(names.parse().unwrap());
    text(&layout, &outcome(body))
}

fn line(template: &str, body: &str) -> String {
    let layout = Layout::line(template.parse().unwrap()).unwrap();
    text(&layout, &outcome(body))
}

const BODY: &str = "{\"a\": {\"n\": 1.50, \"t\": \"x\\ty\\n\\\\\",\n \"l\": [1,\n2]}, \"q\": \"a,\\\"b\\\"\", \"z\": null}";

#[cfg(feature = "csv")]
#[test]
fn a_csv_field_is_quoted_where_rfc_4180_says_so() {
    assert_eq!(
        row(RowFormat::Csv, "id,/q,/a/n,/a/t,/none,/z", BODY),
        "x,\"a,\"\"b\"\"\",1.50,\"x\ty\n\\\",,\n"
    );
    assert_eq!(row(RowFormat::Csv, "/none", BODY), "\"\"\n");
}

#[test]
fn tabs_and_line_feeds_are_escapes_in_tsv_and_stay_in_text() {
    assert_eq!(
        row(RowFormat::Tsv, "id,/a/t,/a/l", BODY),
        "x\tx\\ty\\n\\\\\t[1,2]\n"
    );
    assert_eq!(row(RowFormat::Text, "id,/a/t", BODY), "x\tx\ty\n\\\n");
}

#[test]
fn objects_have_the_names_as_keys_and_null_for_what_is_missing() {
    assert_eq!(
        row(
            RowFormat::Jsonl,
            "id,status,/a/n,/none,header:Content-Encoding",
            BODY
        ),
        "{\"id\":\"x\",\"status\":200,\"/a/n\":1.50,\"/none\":null,\"header:Content-Encoding\":\"a, b, c\"}\n"
    );
}

#[test]
fn titles_are_the_names_as_they_are_given() {
    let names = "id,/a~1b,header:ETag";
    let title = |format| Layout::rows(format).select(names.parse().unwrap()).title();
    assert_eq!(title(RowFormat::Tsv).unwrap(), b"id\t/a~1b\theader:ETag\n");
    assert_eq!(
        (title(RowFormat::Text), title(RowFormat::Jsonl)),
        (None, None)
    );
}

#[test]
fn missing_pointers_and_headers_are_counted_and_missing_fields_are_not() {
    let names = "error_msg,/a/n,/none,header:etag";
    let layout = Layout::rows(RowFormat::Text).select(names.parse().unwrap());
    for body in [BODY, "{\"a\": 1}", "no JSON"] {
        text(&layout, &outcome(body));
    }
    let missing = layout.missing().into_iter();
    let missing: Vec<_> = missing.map(|of| (of.name, of.missing, of.rows)).collect();
    let expected = [("/a/n", 2), ("/none", 3), ("header:etag", 3)];
    assert_eq!(
        missing,
        expected.map(|(name, missing)| (name.to_owned(), missing, 3))
    );
}

#[test]
fn a_line_has_values_in_place_of_its_names() {
    assert_eq!(
        line("{index:03} {id}|{/a/n}|{/none}|{/a/l}", BODY),
        "003 x|1.50||[1,2]\n"
    );
    assert_eq!(
        line("{id:json} {/none:json} {/a/l:json}", BODY),
        "\"x\" null [1,2]\n"
    );
    assert!(Layout::line("{nmae}".parse().unwrap()).is_err());
}

#[test]
fn curls_variables_and_escapes_are_replaced() {
    let written = |text: &str| {
        let layout = Layout::write_out(text.parse().unwrap());
        self::text(&layout, &outcome(BODY))
    };
    assert_eq!(
        written(
            r"%{http_code}|%{response_code}|%{url}|%{url_effective}|%{method}|%{time_total}|%{time_starttransfer}\n"
        ),
        "200|200|http://h/1|http://h/1|GET|0.142700|0.120100\n"
    );
    assert_eq!(
        written("%{size_download} %{content_type} %{errormsg} %{num_redirects} %{remote_ip}"),
        format!("{} application/json  0 192.0.2.7", BODY.len())
    );
    assert_eq!(written(r"100%% %d \t\\\q%"), "100% %d \t\\\\q%");
    assert_eq!(written(""), "");
    let failed = sample::connect_timeout(0, "http://h/");
    let layout = Layout::write_out("%{http_code} %{errormsg}".parse().unwrap());
    assert_eq!(
        text(&layout, &failed),
        "000 connect to x:443 took longer than 10s"
    );
    for wrong in ["%{http_cod}", "%header{etag}", "%{}"] {
        let error = WriteOut::parse(wrong).unwrap_err().to_string();
        assert!(error.contains("num_redirects or remote_ip"), "{error}");
    }
    assert_eq!(written("%{http_code"), "%{http_code");
}

#[cfg(feature = "csv")]
#[test]
fn rows_are_split_into_the_fields_that_were_written() {
    let mut random = fastrand::Rng::with_seed(3);
    let signs = ['"', ',', '\n', '\r', '\t', '\\', ' ', 'a', '\u{4f59}', '='];
    for _ in 0..20_000 {
        let text = |random: &mut fastrand::Rng| -> String {
            let length = random.usize(..6);
            (0..length)
                .map(|_| signs[random.usize(..signs.len())])
                .collect()
        };
        let fields: Vec<String> = (0..random.usize(1..5)).map(|_| text(&mut random)).collect();
        let row: Vec<Cow<'_, str>> = fields.iter().map(|text| text.into()).collect();
        for format in [RowFormat::Csv, RowFormat::Tsv] {
            let mut written = Vec::new();
            format.write(&row, &mut written);
            assert_eq!(format.split(&written).unwrap(), fields, "{written:?}");
            let mut reader = csv_core::Reader::new();
            if format == RowFormat::Csv && fields != [""] {
                let (mut out, mut ends) = ([0; 200], [0; 8]);
                let (_, _, _, count) = reader.read_record(&written, &mut out, &mut ends);
                let (.., more) = reader.read_record(
                    &[],
                    &mut out[ends[..count].last().copied().unwrap_or(0)..],
                    &mut ends[count..],
                );
                assert_eq!(count + more, fields.len(), "{written:?}");
            }
        }
    }
}

#[test]
fn a_form_tells_if_it_can_be_continued() {
    let rows = |format| Layout::rows(format);
    assert!(Layout::records().is_resumable() && rows(RowFormat::Tsv).is_resumable());
    assert!(!rows(RowFormat::Text).is_resumable() && !rows(RowFormat::Jsonl).is_resumable());
    let keyless = rows(RowFormat::Tsv).select("id,status".parse().unwrap());
    assert!(!keyless.is_resumable());
}

#[test]
fn the_ending_of_a_name_tells_the_form() {
    let named = |name: &str| RowFormat::by_ending(name).map(RowFormat::name);
    assert_eq!(named("a.tsv"), Some("tsv"));
    assert_eq!(named("a.TSV.gz"), Some("tsv"));
    assert_eq!(
        (named("a.jsonl.zst"), named("tsv"), named("a.tsv.bak")),
        (None, None, None)
    );
    #[cfg(feature = "csv")]
    assert_eq!(named("a.csv"), Some("csv"));
}
