//! Cases of responses as real servers send them, read from the files of `tests/wild`: `tests/wild/README.md` describes
//! them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A case of the corpus.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Rule of the case: the name of the file without `.txt`.
    pub rule: String,
    pub line: usize,
    pub name: String,
    /// RFC section or peer that the expectation is taken from.
    pub by: String,
    options: BTreeMap<String, String>,
    /// Header lines of the request: name and value.
    pub sends: Vec<(Vec<u8>, Vec<u8>)>,
    /// Path and query of the request.
    pub url: Option<Vec<u8>>,
    /// Scripts of the server for the first request, the second, and so on.
    pub scripts: Vec<Vec<Step>>,
    pub expect: Option<Expect>,
    /// True if the next request must go over the same connection. `None`: it may or may not.
    pub reuse: Option<bool>,
    pub headers: Vec<(String, String)>,
    pub absent: Vec<String>,
    /// Fields of the record, each with the values it may have.
    pub fields: Vec<(String, Vec<String>)>,
    /// Parts of the message, each in the forms it may have.
    pub says: Vec<Vec<String>>,
}

/// A step of the server's script.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Say(Vec<u8>),
    /// Waits for this many bytes of the request's body.
    Read(usize),
    ReadAll,
    /// Reads until the client closes.
    Drain(Drained),
    End(End),
    Wants(String, String),
    Lacks(String),
    /// Checks that the first line of the request is this.
    Line(String),
}

/// Part of a request's body that comes until the client closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drained {
    None,
    Part,
    All,
}

/// Way in which the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    Close,
    /// As `Close`, but over TLS without close_notify.
    Cut,
    Reset,
    /// Leaves the connection open, and neither reads nor sends.
    Hold,
}

#[derive(Clone, Debug)]
pub struct Expect {
    /// Classes of which the failure has one. Empty: a success is expected.
    pub classes: Vec<String>,
    pub status: Option<u16>,
    pub body: Option<Vec<u8>>,
}

impl Case {
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.get(key).map(String::as_str)
    }

    pub fn number(&self, key: &str) -> Option<u64> {
        let value = self.option(key)?;
        Some(value.parse().unwrap_or_else(|_| self.wrong(key)))
    }

    /// True if the request has a body.
    pub fn has_body(&self) -> bool {
        self.option("body").is_some() || self.option("stream").is_some()
    }

    /// True if the server sends one text to one request, whatever that is, and nothing more happens.
    pub fn is_plain(&self) -> bool {
        let simple = |step: &Step| matches!(step, Step::Say(_) | Step::End(_));
        !self.has_body() && self.scripts.len() == 1 && self.scripts[0].iter().all(simple)
    }

    /// Returns all bytes that the server sends to the first request.
    pub fn response(&self) -> Vec<u8> {
        let said = self.scripts[0].iter().filter_map(|step| match step {
            Step::Say(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        said.collect::<Vec<_>>().concat()
    }

    pub fn ends(&self) -> Option<End> {
        self.scripts[0].iter().find_map(|step| match step {
            Step::End(end) => Some(*end),
            _ => None,
        })
    }

    /// True if the server resets the connection, or closes it before it has read the request, which the system treats
    /// alike.
    pub fn is_reset(&self) -> bool {
        match self.ends() {
            Some(End::Reset) => true,
            Some(End::Close) => self.rule == "early_response",
            Some(End::Cut | End::Hold) | None => false,
        }
    }

    pub fn expected(&self) -> &Expect {
        self.expect
            .as_ref()
            .unwrap_or_else(|| self.wrong("no expect"))
    }

    pub fn place(&self) -> String {
        format!("{}.txt:{}: {}", self.rule, self.line, self.name)
    }

    fn wrong(&self, what: &str) -> ! {
        panic!("{}: {what} is wrong", self.place())
    }
}

/// Returns all cases, in the order of their files. With `WILD=text`, only cases whose name or file contains the text.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wild");
    let files = fs::read_dir(&folder).expect("the folder of the cases");
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    paths.sort();
    let mut cases: Vec<Case> = Vec::new();
    for path in paths {
        let rule = path.file_stem().unwrap().to_str().unwrap();
        read(rule, &fs::read_to_string(&path).unwrap(), &mut cases);
    }
    if let Ok(wanted) = std::env::var("WILD") {
        cases.retain(|case| case.place().contains(&wanted));
    }
    cases
}

/// Reads the cases of one file.
pub fn read(rule: &str, text: &str, cases: &mut Vec<Case>) {
    let before = cases.len();
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if word == "case" {
            cases.push(Case {
                rule: rule.to_owned(),
                line: at + 1,
                name: rest.to_owned(),
                scripts: vec![Vec::new()],
                ..Case::default()
            });
            continue;
        }
        let case = cases[before..].last_mut().expect("a case begins with case");
        case.read(word, rest)
            .unwrap_or_else(|| panic!("{rule}.txt:{}: cannot be read: {line}", at + 1));
    }
}

impl Case {
    fn read(&mut self, word: &str, rest: &str) -> Option<()> {
        match word {
            "by" => self.by = rest.to_owned(),
            "set" => {
                for option in rest.split(' ') {
                    let (key, value) = option.split_once('=')?;
                    let value = String::from_utf8(unescape(value)?).ok()?;
                    self.options.insert(key.to_owned(), value);
                }
            }
            "send" => {
                let (name, value) = rest.split_once(": ")?;
                self.sends.push((unescape(name)?, unescape(value)?));
            }
            "url" => self.url = Some(unescape(rest)?),
            "<" => self.say([unescape(rest)?, b"\r\n".to_vec()].concat()),
            "<<" => self.say(unescape(rest)?),
            "request" => self.scripts.push(Vec::new()),
            "reuse" => self.reuse = Some(yes(rest)?),
            "header" => self.headers.push(named(rest)?),
            "no-header" => self.absent.push(rest.to_owned()),
            "field" => {
                let (name, values) = rest.split_once('=')?;
                self.fields.push((name.to_owned(), either(values)));
            }
            "says" => self.says.push(either(rest)),
            "expect" => self.expect = Some(expected(rest)?),
            _ => {
                let step = step(word, rest)?;
                self.scripts.last_mut()?.push(step);
            }
        }
        Some(())
    }

    /// Adds to the bytes that are sent. Texts that follow each other are one.
    fn say(&mut self, bytes: Vec<u8>) {
        let script = self.scripts.last_mut().expect("there is always one");
        match script.last_mut() {
            Some(Step::Say(before)) => before.extend(bytes),
            _ => script.push(Step::Say(bytes)),
        }
    }
}

fn step(word: &str, rest: &str) -> Option<Step> {
    Some(match (word, rest) {
        ("read", "head") => Step::Read(0),
        ("read", "all") => Step::ReadAll,
        ("read", number) => Step::Read(number.parse().ok()?),
        ("drain", "none") => Step::Drain(Drained::None),
        ("drain", "part") => Step::Drain(Drained::Part),
        ("drain", "all") => Step::Drain(Drained::All),
        ("then", "close") => Step::End(End::Close),
        ("then", "cut") => Step::End(End::Cut),
        ("then", "reset") => Step::End(End::Reset),
        ("then", "hold") => Step::End(End::Hold),
        ("wants", line) => {
            let (name, value) = named(line)?;
            Step::Wants(name, value)
        }
        ("lacks", name) => Step::Lacks(name.to_owned()),
        ("line", line) => Step::Line(line.to_owned()),
        _ => return None,
    })
}

fn expected(text: &str) -> Option<Expect> {
    let (classes, rest) = match text.strip_prefix("failed ") {
        None => (Vec::new(), text),
        Some(text) => {
            let (classes, rest) = text.split_once(' ').unwrap_or((text, ""));
            (either(classes), rest)
        }
    };
    let (status, body) = rest.split_once(' ').unwrap_or((rest, ""));
    let body = match body {
        "" => None,
        body => Some(unescape(body.strip_prefix('"')?.strip_suffix('"')?)?),
    };
    let status = match status {
        "" => None,
        status => Some(status.parse().ok()?),
    };
    Some(Expect {
        classes,
        status,
        body,
    })
}

fn yes(text: &str) -> Option<bool> {
    match text {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

fn named(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.to_owned(), value.trim().to_owned()))
}

fn either(text: &str) -> Vec<String> {
    text.split('|').map(str::to_owned).collect()
}

/// Returns the bytes that a text stands for. `None`: a backslash is followed by no known escape.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.as_bytes();
    let bytes = until(&mut rest, false)?;
    rest.is_empty().then_some(bytes)
}

/// Reads to the end, or inside a repetition to its closing parenthesis.
fn until(rest: &mut &[u8], inside: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let (&first, after) = match rest.split_first() {
            None if inside => return None,
            None => return Some(bytes),
            Some(split) => split,
        };
        *rest = after;
        match first {
            b')' if inside => return Some(bytes),
            b'\\' => escaped(rest, &mut bytes)?,
            byte => bytes.push(byte),
        }
    }
}

/// Reads the part of an escape behind the backslash.
fn escaped(rest: &mut &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let (&kind, after) = rest.split_first()?;
    *rest = after;
    match kind {
        b'r' => bytes.push(b'\r'),
        b'n' => bytes.push(b'\n'),
        b't' => bytes.push(b'\t'),
        b'0' => bytes.push(0),
        b'\\' => bytes.push(b'\\'),
        // A placeholder: the server knows its value.
        b'[' => bytes.extend_from_slice(b"\\["),
        b'x' => {
            let (digits, after) = rest.split_at_checked(2)?;
            *rest = after;
            bytes.push(hexadecimal(digits)?);
        }
        b'{' => {
            let end = rest.iter().position(|&b| b == b'}')?;
            let digits = rest[..end].chunks(2);
            bytes.extend(digits.map(hexadecimal).collect::<Option<Vec<_>>>()?);
            *rest = &rest[end + 1..];
        }
        b'(' => {
            let star = rest.iter().position(|&b| b == b'*')?;
            let times: usize = std::str::from_utf8(&rest[..star]).ok()?.parse().ok()?;
            *rest = &rest[star + 1..];
            bytes.extend(until(rest, true)?.repeat(times));
        }
        _ => return None,
    }
    Some(())
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
