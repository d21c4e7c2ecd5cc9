//! Previews of requests, which send nothing.

use super::*;

#[test]
fn a_preview_shows_the_request_with_the_clients_defaults() {
    let client = Client::builder()
        .base_url("http://user:sesame@h:81/api/")
        .header("x-team", "a")
        .query("key", "sesame")
        .sensitive_query("key")
        .build()
        .unwrap();
    let request = Request::put("b?x=1").body("text").header("x-team", "b");
    let preview = client.preview(request).unwrap();
    assert_eq!(preview.method(), "PUT");
    assert_eq!(preview.url(), "http://h:81/api/b?x=1&key=***");
    assert_eq!(preview.body_bytes(), Some(4));
    let headers: Vec<_> = preview.headers().collect();
    assert_eq!(headers[0], ("host", "h:81"));
    for header in [
        ("x-team", "b"),
        ("authorization", "***"),
        ("accept", "*/*"),
        ("content-length", "4"),
    ] {
        assert!(
            headers.contains(&header),
            "{header:?} is not in {headers:?}"
        );
    }
    assert!(!format!("{preview:?}").contains("sesame"));
}

#[test]
fn a_preview_fails_as_the_request_would() {
    let client = Client::builder()
        .address_policy(crate::settings::AddressPolicy::PublicOnly)
        .build()
        .unwrap();
    let class = |request: Request| client.preview(request).unwrap_err().error_type();
    for url in ["example.com", "ftp://h/", "http://h:99999/", "http:///"] {
        assert_eq!(class(Request::get(url)), ErrorType::InvalidRequest, "{url}");
    }
    assert_eq!(
        class(Request::get("http://127.0.0.1/")),
        ErrorType::AddressDenied
    );
    assert_eq!(
        class(Request::get("http://h/").header("a b", "")),
        ErrorType::InvalidRequest
    );
    let missing = Request::put("http://h/").body_file("/no/such");
    let error = client.preview(missing).unwrap_err();
    assert_eq!(error.error_type(), ErrorType::InvalidRequest);
    assert!(error.message().contains("/no/such"), "{error}");
    let both = Request::get("http://h/").save_to("x").expect_json(true);
    assert_eq!(class(both), ErrorType::InvalidRequest);
}

#[test]
fn a_preview_of_a_reader_without_a_length_says_that_it_is_chunked() {
    let client = Client::new();
    let request = Request::put("http://h/").body_stream(std::io::empty(), None);
    let preview = client.preview(request).unwrap();
    assert_eq!(preview.body_bytes(), None);
    assert!(
        preview
            .headers()
            .any(|header| header == ("transfer-encoding", "chunked"))
    );
    assert!(
        preview
            .headers()
            .any(|header| header == ("expect", "100-continue"))
    );
}
