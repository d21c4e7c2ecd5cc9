use super::disposition::file_name;
use super::safe::parts;
use super::*;
use crate::record::InputLines;

/// Names the files of these lines without making any.
fn named(template: &str, lines: &[&str]) -> Vec<String> {
    let names = OutputNames::parse(template).unwrap();
    let mut reader = InputLines::new()
        .save_in("/nowhere", false, false)
        .without_directories()
        .output_names(names);
    let name = |line: &&str| {
        let request = reader.read(line).unwrap().request;
        let path = request.saves_to().unwrap().strip_prefix("/nowhere");
        path.unwrap().to_str().unwrap().to_owned()
    };
    lines.iter().map(name).collect()
}

fn name_of(template: &str, url: &str) -> String {
    named(template, &[url]).remove(0)
}

#[test]
fn a_name_is_made_of_the_parts_of_a_request() {
    let url = "https://Example.com:8443/a/b%20c.tar.gz?x=1/2#f";
    for (template, name) in [
        ("{scheme}-{host}-{port}", "https-example.com-8443"),
        ("{path}", "a/b c.tar.gz"),
        ("{host}/{path}", "example.com/a/b c.tar.gz"),
        ("{name}", "b c.tar.gz"),
        ("{stem}.x", "b c.tar.x"),
        ("q/{query}", "q/x=1_2"),
        ("{index:06}.html", "000000.html"),
        ("{{{index}}", "{0}"),
    ] {
        assert_eq!(name_of(template, url), name, "{template}");
    }
    for (url, name) in [
        ("http://h", "h/index"),
        ("http://h/", "h/index"),
        ("http://h/a/", "h/a/index"),
        ("http://h//a//b", "h/a/b"),
        ("http://h/a/../../b", "h/b"),
        ("http://[::1]/a", "__1/a"),
    ] {
        assert_eq!(name_of("{host}/{path}", url), name, "{url}");
    }
    assert_eq!(name_of("{port}", "http://h/"), "80");
    assert_eq!(name_of("{port}", "https://h/"), "443");
    let line = r#"{"url":"http://h/","id":"a/b\\c"}"#;
    assert_eq!(name_of("{id}.json", line), "a_b_c.json");
    assert_eq!(name_of("{id:raw}.json", line), "a_b_c.json");
}

#[test]
fn a_relative_url_has_the_parts_of_its_base() {
    let names = OutputNames::parse("{host}/{path}").unwrap();
    let mut reader = InputLines::new()
        .save_in("/nowhere", false, false)
        .without_directories()
        .output_names(names.base_url("http://base/api/"));
    let request = reader.read("items/7").unwrap().request;
    assert_eq!(
        request.saves_to(),
        Some(Path::new("/nowhere/base/api/items/7"))
    );
}

#[test]
fn a_request_without_an_id_has_no_name_by_it() {
    let names = OutputNames::parse("{id}").unwrap();
    let mut reader = InputLines::new()
        .save_in("/nowhere", false, false)
        .output_names(names);
    let wrong = reader.read("http://h/").unwrap_err();
    assert_eq!(wrong.text(), Some("id"));
}

#[test]
fn a_template_that_leads_out_of_the_directory_is_refused() {
    for template in [
        "",
        "/",
        "/{id}",
        "../{id}",
        "a/../{id}",
        "{id}/",
        "a//{id}",
        "./{id}",
        ".{id}",
        "C:{id}",
        "a\\{id}",
        "a\0{id}",
        "{id} ",
        "{id}.",
        "con",
        "NUL.txt",
        "com1.{ext}",
        "a\u{202e}{id}",
        "a?{id}",
        " {id}",
        "aux/{id}",
    ] {
        let wrong = OutputNames::parse(template).unwrap_err();
        assert!(
            matches!(wrong, InvalidOutputName::Path(_)),
            "{template:?}: {wrong}"
        );
    }
    let unknown = OutputNames::parse("{sku}").unwrap_err().to_string();
    assert!(unknown.contains("\"sku\""), "{unknown}");
    assert!(unknown.contains("id, index, host"), "{unknown}");
    let wrong = OutputNames::parse("a{").unwrap_err().to_string();
    assert!(wrong.starts_with("column 2: "), "{wrong}");
}

#[test]
fn a_part_is_safe_on_all_systems() {
    for (text, safe) in [
        ("..", "index"),
        (".", "index"),
        ("", "index"),
        ("...", "index"),
        (". .", "index"),
        (".bashrc", "bashrc"),
        ("a. .", "a"),
        ("a/b", "a_b"),
        ("C:\\x", "C__x"),
        ("a\0b\n\u{7f}\u{9f}", "a_b___"),
        ("a\u{202e}txt.exe", "a_txt.exe"),
        ("con", "_con"),
        ("Con.txt", "_Con.txt"),
        ("nul .txt", "_nul .txt"),
        ("COM9", "_COM9"),
        ("lpt0.x", "_lpt0.x"),
        ("COM¹", "_COM¹"),
        ("com10", "com10"),
        ("console", "console"),
        ("CONIN$", "_CONIN$"),
        ("*?\"<>|", "______"),
        ("余额", "余额"),
    ] {
        assert_eq!(safe_part(text), safe, "{text:?}");
    }
    let long = safe_part(&format!("{}.tar", "余".repeat(200)));
    assert!(long.len() <= 180 && long.ends_with("余.tar"), "{long}");
}

#[test]
fn random_paths_never_lead_out_of_the_directory() {
    const PIECES: [&str; 16] = [
        "..", ".", "/", "\\", "a", " ", "con", ":", "\0", "%2e", "%2f", "余", "\u{202e}", "~", "-",
        "//",
    ];
    let mut random = fastrand::Rng::with_seed(35);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(..40))
            .map(|_| PIECES[random.usize(..16)])
            .collect();
        let parts = parts(&text);
        assert!(!parts.is_empty() && parts.len() <= 17);
        for part in parts {
            assert_eq!(safe_part(&part), part, "{text:?}");
            assert!(
                !part.is_empty()
                    && !part.contains(['/', '\\', '\0', ':'])
                    && !part.starts_with('.')
            );
        }
        let name = name_of(
            "{host}/{path}",
            &format!("http://h/{}", text.replace('\0', "%00").replace(' ', "%20")),
        );
        assert!(name.starts_with("h/"), "{text:?}: {name}");
        assert!(
            !name.split('/').any(|part| part.starts_with('.')),
            "{text:?}: {name}"
        );
    }
}

#[test]
fn equal_names_get_the_number_of_their_request() {
    let urls = [
        "http://h/a.png",
        "http://h/a.png?2",
        "http://h/b",
        "http://h/a.png?4",
    ];
    assert_eq!(
        named("x/{path}", &urls),
        ["x/a.png", "x/a-2.png", "x/b", "x/a-4.png"]
    );
    let urls = ["http://h/x-2", "http://h/x?", "http://h/x??"];
    assert_eq!(named("{path}", &urls), ["x-2", "x", "x-3"]);
}

#[test]
fn names_that_some_system_takes_for_equal_are_equal() {
    for urls in [
        ["http://h/A.png", "http://h/a.PNG"],
        ["http://h/%C3%A9", "http://h/e%CC%81"],
        ["http://h/%C3%89", "http://h/e%CC%81"],
        ["http://h/stra%C3%9Fe", "http://h/STRASSE"],
        ["http://h/a%2e", "http://h/a"],
    ] {
        let names = named("{path}", &urls);
        assert!(names[1].contains("-2"), "{names:?}");
    }
}

#[test]
fn a_file_and_a_folder_of_one_name_do_not_meet() {
    let urls = ["http://h/a", "http://h/a/b", "http://h/A/c/d"];
    assert_eq!(named("{path}", &urls), ["a", "a-2/b", "a-2/c/d"]);
    let urls = ["http://h/a/b", "http://h/a"];
    assert_eq!(named("{path}", &urls), ["a/b", "a-2"]);
}

#[test]
fn a_name_that_the_response_decides_is_shown_with_its_placeholder() {
    assert_eq!(name_of("{index}.{ext}", "http://h/"), "0.{ext}");
    assert_eq!(name_of("{ext}/{index}", "http://h/"), "{ext}");
}

#[test]
fn the_file_name_of_a_content_disposition_is_read() {
    let read = |header: &str| file_name(header.as_bytes()).unwrap_or_default();
    for (header, name) in [
        ("attachment; filename=\"a b.pdf\"", "a b.pdf"),
        ("attachment; filename=a.pdf", "a.pdf"),
        ("attachment;FileName = a.pdf ; size=7", "a.pdf"),
        ("inline; filename=\"a\\\"b\\\\.pdf\"", "."),
        ("attachment; filename=\"a;b=c.pdf\"; x=y", "a;b=c.pdf"),
        ("attachment; filename*=UTF-8''%e4%bd%99%20x.pdf", "余 x.pdf"),
        (
            "attachment; filename=\"plain.pdf\"; filename*=utf-8'en'%C3%A9.pdf",
            "é.pdf",
        ),
        (
            "attachment; filename*=iso-8859-1''%E9.pdf; filename=b.pdf",
            "é.pdf",
        ),
        (
            "attachment; filename*=utf-8''%FF.pdf; filename=b.pdf",
            "b.pdf",
        ),
        (
            "attachment; filename*=koi8-r''%C5.pdf; filename=b.pdf",
            "b.pdf",
        ),
        ("attachment; filename=\"../../etc/passwd\"", "passwd"),
        ("attachment; filename=\"C:\\\\dir\\\\a.pdf\"", "a.pdf"),
        ("attachment; filename*=utf-8''..%2F..%2Fa.pdf", "a.pdf"),
        ("attachment; filename=\"open.pdf", "open.pdf"),
        ("attachment; filename=first; filename=second", "first"),
        ("attachment", ""),
        ("attachment; filename=", ""),
        ("attachment; filename=\"\"", ""),
        ("attachment; filename=\"dir/\"", ""),
        ("attachment; filename", ""),
        ("", ""),
        (";;;", ""),
        ("attachment; filename=\"余.pdf\"", "余.pdf"),
    ] {
        let expected = match header.contains("\\\"b") {
            true => ".pdf",
            false => name,
        };
        assert_eq!(read(header), expected, "{header}");
    }
    assert_eq!(file_name(b"a; filename=\xe9.pdf").as_deref(), Some("é.pdf"));
}

#[test]
fn an_ending_is_that_of_the_content_type() {
    for (content_type, ending) in [
        ("text/html; charset=utf-8", Some("html")),
        ("TEXT/CSV", Some("csv")),
        ("application/vnd.api+json", Some("json")),
        ("image/jpeg", Some("jpg")),
        ("application/octet-stream", None),
        ("", None),
        ("nonsense", None),
    ] {
        assert_eq!(types::ending(content_type), ending, "{content_type}");
    }
    for (path, ending) in [
        ("/a/b.TAR.GZ", Some("gz")),
        ("/a.b/c", None),
        ("/a.", None),
        ("/.bashrc", None),
        ("/a.%2e%2f", None),
        ("/a.verylongending", None),
    ] {
        assert_eq!(values::ending(path).as_deref(), ending, "{path}");
    }
}

#[test]
fn a_name_that_is_always_refused_ends_the_search() {
    let folder = std::env::temp_dir();
    let wanted = NameRequest {
        folder: &folder,
        parts: &["a/../b.c".to_owned()],
        existing: Existing::Refuse,
        confined: true,
    };
    for number in [None, Some(3)] {
        let taken = TakenNames::default().take(&wanted, number, &FileRegister::new());
        let wrong = taken.unwrap_err().to_string();
        assert!(wrong.contains("no free name"), "{wrong}");
    }
}

#[test]
fn a_name_without_a_template_is_the_last_part_of_the_path_made_harmless() {
    for (url, name) in [
        ("http://h/a/logo.png?v=1", "logo.png"),
        ("http://h/a/%E4%BD%A0.txt", "你.txt"),
        ("http://h/a/b/", "index.html"),
        ("http://h", "index.html"),
        ("items/7", "7"),
        ("http://h/..%2f..%2fetc%2fpasswd", "_.._etc_passwd"),
        ("http://h/%2e%2e", "index.html"),
        ("http://h/.bashrc", "bashrc"),
        ("http://h/a%00b%0ac", "a_b_c"),
    ] {
        assert_eq!(safe::last_part(url), name, "{url}");
    }
    let long = safe::last_part(&format!("http://h/{}.tar", "x".repeat(500)));
    assert!(long.len() == 180 && long.ends_with("x.tar"), "{long}");
}
