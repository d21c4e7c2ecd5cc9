//! Hostile lines made at random: every key, wrong types, control characters, paths, URLs and broken JSON. Their hosts
//! are addresses of 127.0.0.0/8 and names below `.invalid`.

use fastrand::Rng;
use serde_json::{Map, Value, json};

/// First letters of every secret in a line.
pub(crate) const SECRET: &str = "SECRET-";

/// Keys of requests, and some that mean nothing.
const KEYS: [&str; 33] = [
    "url",
    "id",
    "custom_id",
    "method",
    "headers",
    "params",
    "auth",
    "max_time_ms",
    "connect_timeout_ms",
    "retry",
    "idempotent",
    "cost",
    "max_redirs",
    "accept",
    "expect_json",
    "require",
    "output_file",
    "output_durable",
    "sha256",
    "size",
    "tag",
    "redacted",
    "invalid",
    "body",
    "json",
    "form",
    "body_base64",
    "body_file",
    "body_pieces",
    "colour",
    "v",
    "request",
    "URL",
];

/// Hosts, most of which refuse a connection at once. `{}` stands for the server of the test.
const HOSTS: [&str; 14] = [
    "{}",
    "{}",
    "{}",
    "127.0.0.1:9",
    "127.1.2.3:9",
    "0x7f.1:9",
    "2130706433:9",
    "017700000001:9",
    "[::ffff:127.0.0.1]:9",
    "127.0.0.1.:9",
    "a.invalid",
    "余额.invalid",
    "x.a.invalid:8443",
    "127.0.0.1:99999",
];

const PATHS: [&str; 14] = [
    "/",
    "",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/outside/marker",
    "/..%2f..%2foutside%2fmarker",
    "/a b",
    "/\u{202e}gpj.exe",
    "/\u{1b}[2J",
    "/a\tb",
    "/余额?a=1#f",
    "/.bashrc",
    "/CON",
    "/redirect",
    "/%00",
];

/// Schemes before which no host is put.
const OTHERS: [&str; 12] = [
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "unix:/run/socket",
    "//a.invalid/",
    "/relative",
    "javascript:1",
    "http:/a.invalid",
    "http://",
    "ftp://a.invalid/",
    "gopher://127.0.0.1:9/",
    "data:text/plain,x",
    "https:127.0.0.1:9",
];

/// Names of files: of the markers, and of files to be saved. `{root}` is the directory of the test.
const FILES: [&str; 25] = [
    "{root}/outside/marker",
    "outside/marker",
    "allowed/../outside/marker",
    "{root}/allowed/link",
    "allowed/leads/marker",
    "{root}/allowed/leads/sub/marker",
    "allowed/leads/../outside/sub/marker",
    "out/../outside/marker",
    "allowed/pipe",
    "{root}/allowed",
    "/dev/zero",
    "/dev/stdin",
    "/proc/self/environ",
    "allowed/a",
    "{root}/allowed/own",
    "../outside/new",
    "leads/new",
    "leads/made/new",
    "a/b/c",
    "plain",
    "/tmp/../{root}/outside/new",
    "new\u{0}",
    "",
    ".",
    "~/x",
];

const TEXTS: [&str; 16] = [
    "",
    "x",
    "a\r\nX-Injected: 1",
    "a\nb",
    "\u{0}",
    "\u{7f}\u{9b}2J",
    "\u{1b}]0;title\u{7}",
    "\u{202e}abc",
    "null",
    "-1",
    "@outside/marker",
    "{root}/outside/marker",
    "GET / HTTP/1.1\r\n\r\n",
    "余额不足",
    "' or 1=1 --",
    "${IFS}$(id)`id`",
];

const METHODS: [&str; 12] = [
    "GET",
    "POST",
    "get",
    "CONNECT",
    "GET\r\nX: y",
    "",
    "GET /",
    "PUT",
    "DELETE",
    "HEAD",
    "G\u{0}T",
    "TRACE",
];

/// Generator of lines, without their line feeds.
pub(crate) struct Lines<'a> {
    pub(crate) random: Rng,
    /// Address that a server of the test listens on.
    pub(crate) server: &'a str,
    pub(crate) root: &'a str,
}

impl Lines<'_> {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.random.usize(..of.len())]
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{}", self.server).replace("{root}", self.root)
    }

    fn secret(&mut self) -> String {
        format!("{SECRET}{:06}", self.random.u32(..1_000_000))
    }

    fn text(&mut self) -> String {
        let text = self.one(&TEXTS);
        self.filled(text)
    }

    fn file(&mut self) -> String {
        let file = self.one(&FILES);
        self.filled(file)
    }

    fn url(&mut self) -> String {
        if self.random.u8(..8) == 0 {
            return self.one(&OTHERS).to_owned();
        }
        let (host, path) = (self.one(&HOSTS), self.one(&PATHS));
        let scheme = if self.random.u8(..6) == 0 {
            "https"
        } else {
            "http"
        };
        let user = match self.random.u8(..8) {
            0 => format!("user:{}@", self.secret()),
            1 => format!("{}@", self.secret()),
            2 => format!("a%0d%0ab:{}@", self.secret()),
            _ => String::new(),
        };
        let host = self.filled(host);
        format!("{scheme}://{user}{host}{path}")
    }

    /// Returns any JSON, for a key that expects something else.
    fn anything(&mut self, depth: usize) -> Value {
        match self.random.u8(..if depth > 0 { 10 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.random.bool()),
            2 => json!(self.one(&[0, -1, 1, 200, 99_999, i64::MAX, i64::MIN])),
            3 => json!(self.one(&[0.5, 1e300, -0.0])),
            4 | 5 => json!(self.text()),
            6 => json!(self.file()),
            7 | 8 => (0..self.random.usize(..4))
                .map(|_| self.anything(depth - 1))
                .collect(),
            _ => {
                let pairs =
                    (0..self.random.usize(..4)).map(|_| (self.text(), self.anything(depth - 1)));
                Value::Object(pairs.collect())
            }
        }
    }

    /// Returns a value that the key takes, or nearly takes.
    fn fitting(&mut self, key: &str) -> Value {
        match key {
            "url" | "URL" => json!(self.url()),
            "method" => json!(self.one(&METHODS)),
            "headers" => {
                let secret = self.secret();
                let name = self.one(&[
                    "Authorization",
                    "Cookie",
                    "Proxy-Authorization",
                    "X-Api-Key",
                    "X-Session-Id",
                    "my_secret",
                    "X-Hub-SIGNATURE",
                ]);
                let other = self.one(&[
                    "X-One",
                    "Host",
                    "Content-Length",
                    "Transfer-Encoding",
                    "",
                    "a b",
                    "X\r\nY",
                ]);
                json!({name: secret, other: self.text()})
            }
            "auth" => match self.random.u8(..3) {
                0 => json!({"bearer": self.secret()}),
                1 => json!({"user": "u", "password": self.secret()}),
                _ => json!({"user": "a\r\nb", "password": self.secret(), "bearer": null}),
            },
            "params" => {
                let name = self.one(&["access_token", "API-key", "X-Amz-Signature", "sig"]);
                let secret = self.secret();
                json!({name: secret, self.text(): [self.text(), 1, null], "a": self.text()})
            }
            "form" => json!({self.text(): [self.text(), 1, null], "a": self.text()}),
            "max_time_ms" | "connect_timeout_ms" => json!(self.one(&[1, 50, 1000])),
            "sha256" => json!(["00", "0"][self.random.usize(..2)].repeat(32)),
            "retry" | "max_redirs" | "cost" | "size" => json!(self.one(&[0, 1])),
            "accept" => json!(self.one(&["200", "100..=599", "x"])),
            "require" => json!({self.one(&["/a", "", "a", "/a/~0/0"]): self.anything(1)}),
            "output_file" | "body_file" => json!(self.file()),
            "body_pieces" => json!([{"file": self.file()}, self.text(), {"boundary": self.text()}]),
            "body_base64" => json!(self.one(&["AA==", "/w==", "no base64"])),
            "redacted" => json!([self.one(&["authorization", "?a", "no name"])]),
            "request" => {
                let file = self.file();
                json!({"url": self.url(), "body_file": file, "output_file": self.file()})
            }
            "v" => json!(self.one(&[1, 2])),
            "idempotent" | "expect_json" | "output_durable" => json!(self.random.bool()),
            _ => json!(self.text()),
        }
    }

    fn object(&mut self) -> String {
        let mut keys = Map::new();
        if self.random.u8(..10) > 0 {
            keys.insert("url".to_owned(), json!(self.url()));
        }
        for _ in 0..self.random.usize(..6) {
            let key = self.one(&KEYS);
            let value = match self.random.u8(..5) {
                0 => self.anything(3),
                _ => self.fitting(key),
            };
            keys.insert(key.to_owned(), value);
        }
        // Hundreds of retries of a port that refuses them would take minutes.
        if keys.get("retry").and_then(Value::as_u64) > Some(1) {
            keys.insert("retry".to_owned(), json!(1));
        }
        Value::Object(keys).to_string()
    }

    /// Returns the next line. Secrets stand only where every part of the command knows them as such.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut line = match self.random.u8(..20) {
            0..12 => self.object().into_bytes(),
            12..15 => self.url().into_bytes(),
            15 => json!(self.url()).to_string().into_bytes(),
            16 => json!({"v": 1, "request": {"url": self.url(), "body_file": self.file()}})
                .to_string()
                .into_bytes(),
            17 => {
                // This JSON ends too early, or goes on too long.
                let bearer = self.secret();
                let text = json!({
                    "auth": {"bearer": bearer}, "url": self.url(), "body_file": self.file(),
                })
                .to_string();
                let mut at = self.random.usize(..text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                let end = self.one(&["", "}", ",}", " x", "]"]);
                format!("{}{end}", &text[..at]).into_bytes()
            }
            18 => self.text().into_bytes(),
            _ => (0..self.random.usize(..30))
                .map(|_| self.random.u8(..))
                .collect(),
        };
        line.retain(|byte| *byte != b'\n');
        line
    }
}
