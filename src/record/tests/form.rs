//! A form with files as the body of lines that have none.

use std::path::Path;

use crate::Request;
use crate::record::{InputLines, Key};
use crate::request::Multipart;

#[test]
fn a_form_is_the_body_of_lines_that_have_none() {
    let form = || Multipart::new().text("a", "1").file("f", "no/such/file");
    let lines = || InputLines::new().multipart(form()).unwrap().refuse_files();
    let request = |line: &str| lines().read(line).unwrap().request;
    let posted = request("http://h/");
    assert_eq!(posted.method(), "POST");
    assert!(posted.body_files().eq([Path::new("no/such/file")]));
    assert_eq!(
        request(r#"{"url":"http://h/","method":"PUT"}"#).method(),
        "PUT"
    );
    let own = request(r#"{"url":"http://h/","body":"x"}"#);
    assert_eq!(own.body_bytes(), b"x");
    // A later run makes another boundary, and finds the outcome of this request.
    let of_library = Request::post("http://h/").multipart(form());
    let keys = [posted, request("http://h/"), of_library].map(|r| Key::of(&r));
    assert!(keys[0] == keys[1] && keys[1] == keys[2]);
    let foreign = r#"{"url":"http://h/","body_file":"no/such/file"}"#;
    assert!(lines().read(foreign).is_err());
}
