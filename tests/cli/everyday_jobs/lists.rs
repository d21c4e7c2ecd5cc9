//! Jobs 1 to 6: requests of tables, domains, sitemaps, arrays, compressed lists and batch files.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use test_support::{Answer, Scenario, Server};

use super::super::command::Folder;
use super::{PAGE, job, pages, picked, placed};

#[test]
fn job_1_rows_of_a_table_are_posted() {
    let (server, folder) = (Server::always(Answer::text("")), Folder::new());
    let template = PAGE.split("```json\n").nth(1).unwrap();
    let template = template.split("```").next().unwrap();
    folder.file("order.json", placed(template, &server));
    folder.file("skus.csv", "sku,count\nA-7,2\n\"B/\"\"8\"\"\",10\n");
    job(1, &folder, &server).done().exits(0);
    let sent = server.seen();
    let mut sent: Vec<_> = sent
        .iter()
        .map(|seen| (seen.method.as_str(), seen.path(), seen.text()))
        .collect();
    sent.sort();
    let bodies = [
        r#"{"sku": "A-7", "count": 2}"#,
        r#"{"sku": "B/\"8\"", "count": 10}"#,
    ];
    assert_eq!(
        sent,
        [
            ("POST", "/orders/A-7", bodies[0].to_owned()),
            ("POST", "/orders/B%2F%228%22", bodies[1].to_owned()),
        ]
    );
    let mut written = picked(&folder.records("orders.jsonl"), &["id", "status"]);
    written.sort_by_key(Value::to_string);
    assert_eq!(written, [json!(["A-7", 200]), json!(["B/\"8\"", 200])]);
}

#[test]
fn job_2_domains_are_asked_by_https_and_then_by_http() {
    use test_support::{Authority, TlsServer};

    let (unused, folder) = (pages(), Folder::new());
    let authority = Authority::new();
    let ca = folder.file("ca.pem", authority.pem());
    let secure = TlsServer::start(authority.sign("localhost", 2100).serving());
    let port = secure.address.port();
    // No server listens at the ports 80 and 443 of the second address.
    folder.file("domains.txt", format!("localhost:{port}\n127.66.66.66\n"));
    let run = job(2, &folder, &unused).env("HAUL_CACERT", &ca);
    let run = run.env("HAUL_IPV4", "true").env("HAUL_RETRY", "0");
    run.done().exits(1);
    assert_eq!(
        folder.read("domains.csv"),
        format!(
            "url,status,error_type\nhttps://localhost:{port},200,\nhttp://127.66.66.66,,connect\n"
        )
    );
}

#[test]
fn job_3_the_pages_of_a_sitemap_become_a_table() {
    let inner = Scenario::new()
        .when("/pages.xml", |seen| {
            let host = seen.header("host").unwrap_or_default();
            let link = |path| format!("<url><loc>http://{host}{path}</loc></url>");
            let links = link("/a?b=1&amp;c=2") + &link("/missing");
            Answer::text(format!("<urlset>{links}</urlset>"))
        })
        .on("/a", Answer::text(""))
        .on("/missing", Answer::status(404))
        .start();
    let folder = Folder::new();
    let url = inner.url("/pages.xml");
    folder.file(
        "sitemap.xml",
        format!("<sitemapindex><sitemap><loc>{url}</loc></sitemap></sitemapindex>"),
    );
    job(3, &folder, &inner).done().exits(1);
    let [one, two] = ["/a?b=1&c=2", "/missing"].map(|path| inner.url(path));
    let table = format!("status\turl\n200\t{one}\n404\t{two}\n");
    assert_eq!(folder.read("pages.tsv"), table);
    let methods: Vec<_> = inner.seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(methods, ["GET", "HEAD", "HEAD"]);
}

#[test]
fn job_4_a_line_is_printed_for_each_url_of_an_array() {
    let (server, folder) = (pages(), Folder::new());
    let [one, two] = ["/1", "/missing"].map(|path| server.url(path));
    folder.file("pages.json", json!([one, {"url": two}]).to_string());
    let done = job(4, &folder, &server).done().exits(1);
    assert_eq!(done.stdout, format!("000 200 {one}\n001 404 {two}\n"));
}

#[test]
fn job_5_lines_as_curl_prints_them_come_of_a_compressed_list() {
    let (server, folder) = (Server::always(Answer::text("12345")), Folder::new());
    let [one, two] = ["/1", "/2"].map(|path| server.url(path));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    write!(packed, "{one}\n{two}\n").unwrap();
    folder.file("urls.txt.gz", packed.finish().unwrap());
    let done = job(5, &folder, &server).done().exits(0);
    assert_eq!(done.stdout, format!("200 5 {one}\n200 5 {two}\n"));
}

#[test]
fn job_6_a_batch_file_runs_as_it_is() {
    let (server, folder) = (
        Server::always(Answer::json(json!({"ok": true}))),
        Folder::new(),
    );
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "{hi}"}]});
    let line = json!({
        "custom_id": "r1", "method": "POST", "url": "/v1/chat/completions", "body": body,
    });
    folder.file("batch.jsonl", format!("{line}\n"));
    folder.file("token", "t0ken\n");
    job(6, &folder, &server).done().exits(0);
    let sent = server.last("/v1/chat/completions");
    assert_eq!(sent.header("authorization"), Some("Bearer t0ken"));
    assert_eq!(sent.header("content-type"), Some("application/json"));
    assert_eq!(serde_json::from_str::<Value>(&sent.text()).unwrap(), body);
    let written = folder.records("answers.jsonl");
    let written = picked(&written, &["id", "method", "status", "body"]);
    assert_eq!(written, [json!(["r1", "POST", 200, "{\"ok\":true}"])]);
    assert!(!folder.read("answers.jsonl").contains("t0ken"));
}
