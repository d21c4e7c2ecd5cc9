//! A small server on loopback for the examples that follow links: two lists in pages, and a site of five pages with two
//! broken links.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Starts the server and returns its base URL. It runs until the program ends.
pub(crate) fn start() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that the client gives up is no error of the server.
            thread::spawn(move || drop(serve(&stream)));
        }
    });
    Ok(base)
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(first) = lines.next() {
        let first = first?;
        for line in lines.by_ref() {
            if line?.is_empty() {
                break;
            }
        }
        let target = first.split(' ').nth(1).unwrap_or_default();
        let (status, link, body) = answer(target);
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{link}Content-Length: {length}\r\n\r\n");
        (&mut &*stream).write_all((head + &body).as_bytes())?;
    }
    Ok(())
}

/// Returns status, `Link` line and body of the answer.
fn answer(target: &str) -> (&'static str, String, String) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let number = query.rsplit('=').next().and_then(|n| n.parse().ok());
    let link = |n: u32| format!("Link: <?page={n}>; rel=\"next\", <?page=3>; rel=\"last\"\r\n");
    let links = match (path, number) {
        ("/by-link", n @ (None | Some(1))) => return ok(link(n.unwrap_or(1) + 1), r#"["a","b"]"#),
        ("/by-link", Some(2)) => return ok(link(3), r#"["c","d"]"#),
        ("/by-link", _) => return ok(String::new(), r#"["e"]"#),
        ("/by-cursor", Some(77)) => {
            return ok(String::new(), r#"{"items":[3],"next_cursor":null}"#);
        }
        ("/by-cursor", _) => return ok(String::new(), r#"{"items":[1,2],"next_cursor":"77"}"#),
        ("/", _) => ["/about", "/shop", "/missing"],
        ("/about", _) => ["/", "/shop#top", "http://127.0.0.1:9/elsewhere"],
        ("/shop", _) => ["/shop/pens", "/about", "/missing"],
        ("/shop/pens", _) => ["/shop", "/shop/pens/red", "/"],
        ("/shop/pens/red", _) => ["/shop/pens", "/", "/"],
        _ => return ("404 Not Found", String::new(), "no such page".to_owned()),
    };
    let body: String = links
        .map(|to| format!("<a href=\"{to}\">{to}</a>\n"))
        .concat();
    ok(String::new(), &body)
}

fn ok(link: String, body: &str) -> (&'static str, String, String) {
    ("200 OK", link, body.to_owned())
}
