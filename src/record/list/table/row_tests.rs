//! Tests of the requests of rows.

use super::*;
use crate::record::RowReader;

fn request(text: &str) -> String {
    let mut rows = RowReader::csv(std::io::Cursor::new(text.to_owned()), b',').unwrap();
    let uses = ColumnUses::of(rows.columns(), None, None, InputFormat::Csv).unwrap();
    uses.request(&rows.next_row().unwrap().unwrap())
}

fn refused(header: &[&str], url: Option<&str>, id: Option<&str>) -> String {
    let columns: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
    let refused = ColumnUses::of(&columns, url, id, InputFormat::Csv).unwrap_err();
    refused.to_string()
}

#[test]
fn columns_of_a_request_are_used_in_any_case_and_the_others_are_the_tag() {
    let text = "URL,Id,METHOD,Body,Header:X-A,param:q,size,retry,Tag\nu,7,PUT,{},1,2,3,4,5\n";
    let json = r#"{"url":"u","id":"7","method":"PUT","body":"{}","headers":{"X-A":"1"},"params":{"q":"2"},"tag":{"size":"3","retry":"4","Tag":"5"}}"#;
    assert_eq!(request(text), json);
}

#[test]
fn an_empty_cell_is_absent() {
    assert_eq!(request("url,id,a,header:b\nu,,,\n"), r#"{"url":"u"}"#);
    assert_eq!(request("url,id\n,1\n"), r#"{"id":"1"}"#);
}

#[test]
fn columns_without_a_name_or_with_one_name_have_keys_of_their_own_in_the_tag() {
    let json = r#"{"url":"u","tag":{"column 1":"1","a":"2","a (column 4)":"3"}}"#;
    assert_eq!(request(",a,url,a\n1,2,u,3\n"), json);
}

#[test]
fn headers_of_one_name_are_all_sent() {
    let json = r#"{"url":"u","headers":{"x":"1","X":"2"}}"#;
    assert_eq!(request("url,header:x,header:X\nu,1,2\n"), json);
}

#[test]
fn other_columns_may_be_named_as_url_and_id() {
    let columns = ["url".to_owned(), "page".to_owned(), "sku".to_owned()];
    let uses = ColumnUses::of(&columns, Some("PAGE"), Some("sku"), InputFormat::Csv).unwrap();
    let text = "url,page,sku\n1,u,3\n";
    let mut rows = RowReader::csv(text.as_bytes(), b',').unwrap();
    let json = uses.request(&rows.next_row().unwrap().unwrap());
    assert_eq!(json, r#"{"url":"u","id":"3","tag":{"url":"1"}}"#);
}

#[test]
fn a_column_that_is_missing_or_doubled_is_refused_with_the_names() {
    let missing = refused(&["a", "b"], None, None);
    assert!(
        missing.contains("no column url (--url-column NAME"),
        "{missing}"
    );
    assert!(missing.contains(r#"its columns are "a", "b""#), "{missing}");
    let missing = refused(&["url"], None, Some("sku"));
    assert!(
        missing.contains(r#"no column "sku" (--id-column"#),
        "{missing}"
    );
    for header in [["url", "URL"], ["id", "Id"], ["body", "BODY"]] {
        let doubled = refused(
            &["url", header[0], header[1]][usize::from(header[0] == "url")..],
            None,
            None,
        );
        assert!(
            doubled.contains("two of its columns are named"),
            "{doubled}"
        );
    }
}
