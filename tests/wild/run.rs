//! Runner of one case in one way: makes the request, and compares its result with the expectation.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use haul::record::{Record, RecordOptions};
use haul::{Client, Outcome, Request, RetryPolicy, State, Timeouts, TlsSettings};
use test_support::corpus::{Case, Expect};

use crate::conversation::{NEXT, host};
use crate::server::{Progress, Server};

/// Way in which a response comes, and so the code that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Way {
    Plain,
    /// The request has a body of one byte, so that it does not go the plain way.
    General,
    Tls,
    TlsGeneral,
    /// The response comes byte by byte.
    Pieces,
    PiecesGeneral,
}

impl Way {
    pub(crate) const ALL: [Way; 6] = [
        Way::Plain,
        Way::General,
        Way::Tls,
        Way::TlsGeneral,
        Way::Pieces,
        Way::PiecesGeneral,
    ];

    fn is_tls(self) -> bool {
        matches!(self, Way::Tls | Way::TlsGeneral)
    }

    fn is_general(self) -> bool {
        matches!(self, Way::General | Way::TlsGeneral | Way::PiecesGeneral)
    }

    pub(crate) fn in_pieces(self) -> bool {
        matches!(self, Way::Pieces | Way::PiecesGeneral)
    }

    /// True if the case can go this way.
    pub(crate) fn carries(self, case: &Case) -> bool {
        match case.rule.as_str() {
            "certificates" => false,
            // Cases of these rules have requests and schemes of their own.
            "redirects" => matches!(self, Way::Plain | Way::Pieces),
            "requests" => matches!(self, Way::Plain | Way::Tls | Way::Pieces),
            _ if case.has_body() => matches!(self, Way::General | Way::Tls | Way::Pieces),
            _ => true,
        }
    }
}

/// Result of a case as a caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// `success`, `rejected`, or the class of the failure.
    pub(crate) what: String,
    pub(crate) status: Option<u16>,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: BTreeMap<String, Vec<Vec<u8>>>,
    pub(crate) attempts: u32,
    /// True if the next request went over the same connection.
    pub(crate) reused: bool,
}

/// Parts that the cases of one way share.
pub(crate) struct Runner {
    pub(crate) way: Way,
    pub(crate) server: Server,
    authority: Box<Path>,
    clients: Mutex<BTreeMap<String, Client>>,
}

impl Runner {
    pub(crate) fn new(way: Way, server: Server, authority: &Path) -> Runner {
        Runner {
            way,
            server,
            authority: authority.into(),
            clients: Mutex::default(),
        }
    }

    /// Runs a case, and returns its result and the differences from the expected one.
    pub(crate) fn run(&self, number: usize, case: &Case) -> (Told, Vec<String>) {
        let client = self.client(case);
        let outcome = client.send(self.request(number, case));
        let progress = self.server.conclude(number);
        let next = client.get(self.url(number, case, "/next"));
        let mut wrong = progress.complaints.clone();
        match next.success() {
            Some(response) if response.bytes() == NEXT.as_bytes() => {}
            _ => wrong.push(format!("the next request: {}", short(&next))),
        }
        let after = self.server.progress(number);
        let told = told(&outcome, &after);
        judge(case, &outcome, &told, &progress, &mut wrong);
        (told, wrong)
    }

    fn url(&self, number: usize, case: &Case, path: &str) -> String {
        let tls = self.way.is_tls() || case.option("start") == Some("tls");
        let (scheme, address) = if tls { ("https", 2) } else { ("http", 0) };
        let port = self.server.addresses[address].port();
        format!("{scheme}://{}:{port}{path}", host(number))
    }

    fn request(&self, number: usize, case: &Case) -> Request {
        let path = match &case.url {
            None => "/case".into(),
            Some(url) => String::from_utf8(url.clone()).expect("a URL is text"),
        };
        let method = case.option("method").unwrap_or("GET");
        let mut request = Request::new(method, self.url(number, case, &path));
        for (name, value) in &case.sends {
            request = request.header(String::from_utf8_lossy(name), value);
        }
        if let Some((user, password)) = case.option("basic").and_then(|u| u.split_once(':')) {
            request = request.basic_auth(user, password);
        }
        if let Some(token) = case.option("bearer") {
            request = request.bearer(token);
        }
        if let Some(status) = case.number("accept") {
            request = request.accept([u16::try_from(status).unwrap()]);
        }
        if let Some(limit) = case.number("body-limit") {
            request = request.body_limit(limit);
        }
        if let Some(most) = case.number("redirects") {
            request = request.max_redirects(most as u32);
        }
        if case.option("json").is_some() {
            request = request.expect_json(true);
        }
        if let Some((pointer, value)) = case.option("require").and_then(|r| r.split_once('=')) {
            request = request.require(pointer, value.parse::<u64>().unwrap());
        }
        let bytes = |count| vec![b'x'; count as usize];
        if let Some(count) = case.number("body") {
            return request.body(bytes(count));
        }
        match case.number("stream").map(bytes) {
            Some(bytes) if case.option("length") == Some("unknown") => {
                request.body_stream(Cursor::new(bytes), None)
            }
            Some(bytes) => request.body_reader(Cursor::new(bytes)),
            None if self.way.is_general() => request.body("x"),
            None => request,
        }
    }

    /// Returns the client with the settings of a case.
    fn client(&self, case: &Case) -> Client {
        let keys = [
            "header-limit",
            "expect-from",
            "downgrade",
            "client-basic",
            "client-cookie",
            "sensitive",
            "attempts",
        ];
        let key = keys.map(|key| case.option(key).unwrap_or("")).join(" ");
        let mut clients = self.clients.lock().unwrap();
        let client = clients.entry(key).or_insert_with(|| self.build(case));
        client.clone()
    }

    fn build(&self, case: &Case) -> Client {
        let policy = RetryPolicy::default()
            .max_attempts(most(case))
            .backoff(Duration::from_millis(1), Duration::from_millis(4))
            .budget(None);
        let mut builder = Client::builder()
            .workers(16)
            .retry(policy)
            .timeouts(Timeouts::new().attempt(Duration::from_secs(20)))
            .resolve("*", None, [IpAddr::from([127, 0, 0, 1])])
            .tls(TlsSettings::new().ca_file(&*self.authority));
        if let Some(limit) = case.number("header-limit") {
            builder = builder.header_limit(limit as usize);
        }
        builder = match case.option("expect-from") {
            None => builder,
            Some("never") => builder.expect_continue_from(None),
            Some(_) => builder.expect_continue_from(case.number("expect-from")),
        };
        if case.option("downgrade").is_some() {
            builder = builder.allow_downgrade(true);
        }
        if let Some((user, password)) = case.option("client-basic").and_then(|u| u.split_once(':'))
        {
            builder = builder.basic_auth(user, password);
        }
        if let Some(cookie) = case.option("client-cookie") {
            builder = builder.header("Cookie", cookie);
        }
        if let Some(name) = case.option("sensitive") {
            builder = builder.sensitive_header(name);
        }
        builder.build().unwrap()
    }
}

fn told(outcome: &Outcome, progress: &Progress) -> Told {
    let (what, response) = match outcome.state() {
        State::Success(response) => ("success".to_owned(), Some(response)),
        State::Rejected(_) => ("rejected".to_owned(), None),
        State::Failed(error) => (error.error_type().to_string(), error.response()),
    };
    let mut headers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (name, value) in response.iter().flat_map(|response| response.headers()) {
        // `Location` names a port, which differs from way to way.
        if name == "location" {
            continue;
        }
        let values = headers.entry(name.as_str().to_owned()).or_default();
        values.push(value.as_bytes().to_vec());
    }
    // The length of the received part of a too large body depends on time.
    let body = response.filter(|_| what != "body_too_large");
    Told {
        what,
        status: outcome.status(),
        body: body.map_or(Vec::new(), |response| response.bytes().to_vec()),
        headers,
        attempts: outcome.attempts(),
        reused: progress.connection.is_some() && progress.connection == progress.next,
    }
}

/// Adds the differences between an outcome and the expectation of its case to `wrong`.
fn judge(
    case: &Case,
    outcome: &Outcome,
    told: &Told,
    progress: &Progress,
    wrong: &mut Vec<String>,
) {
    let expect = case.expected();
    if !fits(expect, told) {
        wrong.push(short(outcome));
    }
    if case.scripts.len() == 1 && told.attempts != attempts(case, told) {
        wrong.push(format!("{} attempts", told.attempts));
    }
    if told.what == "invalid_request" && progress.requests > 0 {
        wrong.push("it was sent".into());
    }
    if case.reuse.is_some_and(|reuse| reuse != told.reused) {
        wrong.push(format!("used again: {}", told.reused));
    }
    for (name, expected) in &case.headers {
        let values = told.headers.get(&name.to_ascii_lowercase());
        let values: Vec<_> = values.into_iter().flatten().map(|v| spaced(v)).collect();
        let latin: Vec<u8> = expected.chars().map(|c| c as u32 as u8).collect();
        if !values.contains(&expected.clone().into_bytes()) && !values.contains(&latin) {
            let values = values.iter().map(|v| String::from_utf8_lossy(v));
            wrong.push(format!("{name} is {:?}", values.collect::<Vec<_>>()));
        }
    }
    for name in &case.absent {
        if told.headers.contains_key(&name.to_ascii_lowercase()) {
            wrong.push(format!("{name} is there"));
        }
    }
    let line = Record::new(outcome, &RecordOptions::new()).to_line();
    let record: serde_json::Value = serde_json::from_str(&line).unwrap();
    for (name, values) in &case.fields {
        let value = record[name].as_str();
        if !value.is_some_and(|value| values.iter().any(|v| v == value)) {
            wrong.push(format!("the record's {name} is {}", record[name]));
        }
    }
    let message = outcome.error().map_or("", |error| error.message());
    for forms in &case.says {
        if !forms.iter().any(|form| message.contains(form)) {
            wrong.push(format!(
                "the message lacks {}: {message}",
                forms.join(" or ")
            ));
        }
    }
}

/// True if the result is the expected one.
fn fits(expect: &Expect, told: &Told) -> bool {
    let what = match expect.classes.as_slice() {
        [] => told.what == "success",
        classes => classes.contains(&told.what),
    };
    what && expect
        .status
        .is_none_or(|status| told.status == Some(status))
        && expect.body.as_ref().is_none_or(|body| told.body == *body)
}

/// Expected number of attempts of such an outcome.
fn attempts(case: &Case, told: &Told) -> u32 {
    let repeatable = case
        .option("method")
        .is_none_or(|m| m != "POST" && m != "PATCH");
    match told.what.as_str() {
        "incomplete_body" | "connection" if repeatable => most(case),
        "invalid_request" => 0,
        _ => 1,
    }
}

/// Largest number of attempts that the case allows.
fn most(case: &Case) -> u32 {
    case.number("attempts").map_or(2, |most| most as u32)
}

/// Joins words by one blank: several blanks count as one, and blanks around a value as none.
fn spaced(value: &[u8]) -> Vec<u8> {
    let words = value.split(|&b| b == b' ' || b == b'\t');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join(&b' ')
}

/// Short text of an outcome for a message.
fn short(outcome: &Outcome) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
    match outcome.state() {
        State::Success(r) => format!("success {} {:?}", r.status(), text(r.bytes())),
        State::Rejected(rejection) => format!("rejected {rejection}"),
        State::Failed(error) => {
            let body = error.response().map(|response| text(response.bytes()));
            let message: String = error.message().chars().take(160).collect();
            let status = outcome.status();
            format!(
                "failed {} {status:?} {body:?}: {message}",
                error.error_type()
            )
        }
    }
}
