//! Responses of the examples' server. The first part of a path decides how the server behaves:
//!
//! | path | response |
//! |---|---|
//! | `/items/7`, and every other path | 200 with `{"code": 0, "id": 7, ...}`; to a POST 201 with the body received |
//! | `/slow/7` | the same after 300 ms |
//! | `/flaky/7` | 503 twice, then 200 |
//! | `/missing/7` | 404 |
//! | `/moved/7` | 302 to `/items/7` |
//! | `/pay/7` | 200 with a business error in the body |
//! | `/graphql` | to the query of user 2 an error, to others a name |
//! | `/html/7` | 200 with a page in place of JSON |
//! | `/reset/7` | none: the connection is reset |
//! | `/files/7` | 7 KiB of bytes |
//! | `/rows` | 64 KiB of JSON |
//! | `/events/7` | 200 with an event stream: 7 events of 20 ms each, or without end for 0 |
//! | `/echo` | 200 with the headers received |
//! | `/upload` | 200 with the header of each part of a form |
//! | `/login`, `/account` | a cookie, and 401 without it |
//! | `/pages/link`, `/pages/cursor` | three pages of a list, the next in the `Link` header or as a cursor in the body |
//! | `/site/` | five pages that link to each other, and two broken links |
//! | `/token`, `/signed/7` | a token that lives for 60 ms, and 401 or 403 without it or the right signature |
//!
//! A request in absolute form (`GET http://shop.example/items/7`) is one to a proxy: it is answered in the place of that
//! server, with a `Via` header.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::{Request, pages};

/// Time for which a token is accepted.
const TOKEN_LIFE: Duration = Duration::from_millis(60);

/// Key with which requests are signed, known to client and server.
const KEY: &[u8] = b"a key that client and server share";

static ROWS: LazyLock<String> = LazyLock::new(|| {
    let row = json!({"id": 1, "name": "pen", "price": 12.5, "tags": ["a", "b"]});
    let count = (64 << 10) / row.to_string().len();
    Value::from(vec![row; count]).to_string()
});

/// Status, lines of headers, and body.
pub(super) type Answer = (u16, String, String);

/// Responses, and the state that they depend on.
#[derive(Default)]
pub(super) struct Answers {
    /// Number of requests to each path.
    visits: Mutex<HashMap<String, u32>>,
    /// Tokens, each with the time at which it expires.
    tokens: Mutex<HashMap<String, Instant>>,
}

impl Answers {
    /// Returns the bytes of the response. `None`: the connection is reset.
    pub(super) fn answer(&self, request: &Request) -> Option<Vec<u8>> {
        let absolute = request.path.strip_prefix("http://");
        let path = match absolute.and_then(|rest| rest.split_once('/')) {
            Some((_, path)) => path,
            None => request.path.trim_start_matches('/'),
        };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (kind, number) = path.split_once('/').unwrap_or((path, "0"));
        let healthy = format!(r#"{{"code": 0, "id": {number}, "name": "item {number}"}}"#);
        let (status, header, body) = match kind {
            "slow" => {
                pause(Duration::from_millis(300));
                (200, String::new(), healthy)
            }
            "flaky" if self.visit(path) <= 2 => failure(503, "try again"),
            "missing" => failure(404, "no such item"),
            "moved" => (302, format!("Location: /items/{number}\r\n"), String::new()),
            "pay" => failure(200, "余额不足"),
            "graphql" => (200, String::new(), graphql(&request.body)),
            "html" => {
                let page = "<html><p>Under maintenance</p></html>".to_owned();
                (200, "Content-Type: text/html\r\n".to_owned(), page)
            }
            "reset" => return None,
            "files" => {
                let kib: usize = number.parse().unwrap_or(0);
                let header = "Content-Type: application/octet-stream\r\n".to_owned();
                (200, header, "haul".repeat(kib << 8))
            }
            "rows" => (200, String::new(), ROWS.clone()),
            "echo" => (200, String::new(), json!(request.headers).to_string()),
            "upload" => (200, String::new(), parts(&request.body)),
            "login" => {
                let cookie = "Set-Cookie: session=s-1; Path=/; HttpOnly\r\n".to_owned();
                (200, cookie, json!({"code": 0}).to_string())
            }
            "account" if request.header("cookie").contains("session=s-1") => {
                let account = json!({"code": 0, "user": "Ada", "page": number});
                (200, String::new(), account.to_string())
            }
            "account" => failure(401, "log in first"),
            "pages" => pages::list(number, query),
            "site" => pages::site(&path["site".len()..]),
            "token" => (200, String::new(), self.new_token()),
            "signed" => self.signed(request),
            _ if request.method == "POST" => {
                let received = String::from_utf8_lossy(&request.body);
                let body = format!(r#"{{"code": 0, "received": {received}}}"#);
                (201, String::new(), body)
            }
            _ => (200, String::new(), healthy),
        };
        let header = match header.contains("Content-Type") {
            true => header,
            false => header + "Content-Type: application/json\r\n",
        };
        let via = if absolute.is_some() {
            "Via: 1.1 example\r\n"
        } else {
            ""
        };
        Some(response(status, &(header + via), &body))
    }

    /// Counts a visit of this path, and returns its number, from 1.
    fn visit(&self, path: &str) -> u32 {
        let mut visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        let visit = visits.entry(path.to_owned()).or_default();
        *visit += 1;
        *visit
    }

    fn new_token(&self) -> String {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let token = format!("token-{}", tokens.len() + 1);
        tokens.insert(token.clone(), Instant::now() + TOKEN_LIFE);
        json!({"token": token, "expires_in_ms": TOKEN_LIFE.as_millis()}).to_string()
    }

    fn signed(&self, request: &Request) -> Answer {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let token = request.header("authorization");
        let token = token.trim_start_matches("Bearer ");
        let until = tokens.get(token);
        if until.is_none_or(|until| Instant::now() >= *until) {
            return failure(401, "the token has expired");
        }
        let time = request.header("x-time");
        let first = format!("{} {} {time}\n", request.method, request.path);
        let signed = [first.as_bytes(), &request.body].concat();
        let signature = BASE64_STANDARD.encode(hmac_sha256::HMAC::mac(signed, KEY));
        if signature != request.header("x-signature") {
            return failure(403, "bad signature");
        }
        let header = format!("X-Token: {token}\r\n");
        (200, header, json!({"code": 0}).to_string())
    }
}

/// Sends an event stream of this many events, which ends with its connection. Zero: it has no end.
pub(super) fn send_events(mut to: impl Write, count: u64) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    to.write_all(head.as_bytes())?;
    let last = if count == 0 { u64::MAX } else { count };
    for id in 1..=last {
        let word = ["all", "that", "is", "gold"][id as usize % 4];
        let data = json!({"word": word, "tokens": 3});
        let event = format!("event: delta\nid: {id}\ndata: {data}\n\n");
        to.write_all(event.as_bytes())?;
        pause(Duration::from_millis(20));
    }
    to.write_all(b"event: done\ndata: [DONE]\n\n")
}

/// Makes a response whose body says in JSON why the request is not done.
fn failure(status: u16, message: &str) -> Answer {
    // A business error has a code of its own, beside the status of a success.
    let code = if status == 200 { 4001 } else { status };
    let body = json!({"code": code, "msg": message});
    (status, String::new(), body.to_string())
}

/// Answers a GraphQL query for the name of a user.
fn graphql(body: &[u8]) -> String {
    let query: Value = serde_json::from_slice(body).unwrap_or_default();
    let user = &query["variables"]["id"];
    let answer = match user.as_u64() {
        Some(2) => json!({
            "data": {"user": null},
            "errors": [{"message": "no such user", "extensions": {"code": "NOT_FOUND"}}],
        }),
        _ => json!({"data": {"user": {"name": format!("user {user}")}}}),
    };
    answer.to_string()
}

/// Lists the parts of a form: the header of each that tells its name and its file.
fn parts(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let headers = text
        .lines()
        .filter_map(|line| line.strip_prefix("Content-Disposition: "));
    json!({"bytes": body.len(), "parts": headers.collect::<Vec<_>>()}).to_string()
}

fn response(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        _ => "Service Unavailable",
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} {reason}\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body.as_bytes()].concat()
}

// A server may be slow; only the client's threads must not sleep.
#[allow(clippy::disallowed_methods)]
fn pause(time: Duration) {
    thread::sleep(time);
}
