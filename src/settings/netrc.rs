//! Credentials by host, from a netrc file, read by curl's rules.

use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::Chars;

use super::basic::basic;
use crate::url;
use http::{HeaderValue, Uri};

/// Entries of a file, in its order: the first that fits a host counts.
#[derive(Clone, Default)]
pub(crate) struct Netrc(Vec<NetrcEntry>);

#[derive(Clone)]
struct NetrcEntry {
    /// Name of the host. `None`: the entry is for all hosts.
    machine: Option<String>,
    login: String,
    credentials: HeaderValue,
}

impl Netrc {
    /// Path of the user's file: the variable `NETRC`, else the default name in the home directory. `None`: there is no
    /// home directory.
    pub(crate) fn usual_file() -> Option<PathBuf> {
        let named = std::env::var_os("NETRC").filter(|name| !name.is_empty());
        let name = if cfg!(windows) { "_netrc" } else { ".netrc" };
        let usual = || Some(std::env::home_dir()?.join(name));
        named.map(PathBuf::from).or_else(usual)
    }

    /// Reads a file. The error names it, and the line if there is one.
    pub(crate) fn read(path: &Path) -> Result<Netrc, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Netrc::parse(&text))
            .map_err(|reason| format!("{}: {reason}", path.display()))
    }

    /// Reads the text of a file. The error says what is wrong and on which line, and shows nothing of the text.
    ///
    /// An entry is `machine` or `default`, then `login`, `password`, `account`; `macdef` is skipped to the next empty
    /// line, and so is every unknown word. A value may be in double quotes, in which `\"`, `\\`, `\n`, `\r` and `\t`
    /// stand for what they do in C.
    pub(crate) fn parse(text: &str) -> Result<Netrc, String> {
        let mut words = NetrcWords {
            rest: text.chars().peekable(),
            line: 1,
        };
        let mut entries = Vec::new();
        let mut open: Option<OpenEntry> = None;
        while let Some(word) = words.next()? {
            let line = words.line;
            let mut value = || {
                let value = words.next()?;
                value.ok_or_else(|| format!("line {line}: a value is missing at the end"))
            };
            match word.to_ascii_lowercase().as_str() {
                "machine" => {
                    entries.extend(OpenEntry::close(open.take())?);
                    open = Some(OpenEntry::new(Some(value()?), line));
                }
                "default" => {
                    entries.extend(OpenEntry::close(open.take())?);
                    open = Some(OpenEntry::new(None, line));
                }
                "login" => {
                    let value = value()?;
                    if let Some(open) = &mut open {
                        open.login = Some(value);
                    }
                }
                "password" => {
                    let value = value()?;
                    if let Some(open) = &mut open {
                        open.password = Some(value);
                    }
                }
                "account" => drop(value()?),
                "macdef" => words.skip_macro(),
                _ => {}
            }
        }
        entries.extend(OpenEntry::close(open)?);
        Ok(Netrc(entries))
    }

    /// Returns the value of `Authorization` for a request to this URI.
    ///
    /// `login`: the user that the URL names without a password; only an entry with this login fits. `None`: any entry
    /// of the host fits.
    pub(crate) fn credentials(&self, uri: &Uri, login: Option<&str>) -> Option<&HeaderValue> {
        let host = uri.host()?.trim_matches(['[', ']']);
        let fits = |entry: &&NetrcEntry| {
            let machine = entry.machine.as_ref();
            machine.is_none_or(|machine| machine.eq_ignore_ascii_case(host))
                && login.is_none_or(|login| login == entry.login)
        };
        self.0.iter().find(fits).map(|entry| &entry.credentials)
    }
}

/// Entry that is being read.
struct OpenEntry {
    machine: Option<String>,
    line: usize,
    login: Option<String>,
    password: Option<String>,
}

impl OpenEntry {
    fn new(machine: Option<String>, line: usize) -> OpenEntry {
        OpenEntry {
            // An address in brackets, and a text that is not a host name, match no request.
            machine: machine.map(|name| match name.starts_with('[') {
                true => name,
                false => url::host_name(&name).unwrap_or(name),
            }),
            line,
            login: None,
            password: None,
        }
    }

    /// Ends the entry. `None`: there is no entry, or it has neither a login nor a password.
    fn close(open: Option<OpenEntry>) -> Result<Option<NetrcEntry>, String> {
        let Some(open) = open else { return Ok(None) };
        if open.login.is_none() && open.password.is_none() {
            return Ok(None);
        }
        let login = open.login.as_deref().unwrap_or_default();
        let password = open.password.as_deref().unwrap_or_default();
        let credentials =
            basic(login, password).map_err(|reason| format!("line {}: {reason}", open.line))?;
        Ok(Some(NetrcEntry {
            machine: open.machine,
            login: open.login.unwrap_or_default(),
            credentials,
        }))
    }
}

struct NetrcWords<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl NetrcWords<'_> {
    fn step(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        self.line += usize::from(next == '\n');
        Some(next)
    }

    /// Returns the next word, and skips comments.
    fn next(&mut self) -> Result<Option<String>, String> {
        loop {
            while self
                .rest
                .next_if(|c| c.is_whitespace() && *c != '\n')
                .is_some()
            {}
            match self.rest.peek() {
                None => return Ok(None),
                Some('\n') => drop(self.step()),
                Some('#') => while self.rest.next_if(|c| *c != '\n').is_some() {},
                Some('"') => return self.quoted().map(Some),
                Some(_) => {
                    let mut word = String::new();
                    while let Some(c) = self.rest.next_if(|c| !c.is_whitespace()) {
                        word.push(c);
                    }
                    return Ok(Some(word));
                }
            }
        }
    }

    fn quoted(&mut self) -> Result<String, String> {
        let line = self.line;
        let open = || format!("line {line}: a quote has no end");
        self.step();
        let mut word = String::new();
        loop {
            match self.step().ok_or_else(open)? {
                '"' => return Ok(word),
                '\n' => return Err(open()),
                '\\' => word.push(match self.step().ok_or_else(open)? {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                }),
                other => word.push(other),
            }
        }
    }

    /// Skips to the first empty line.
    fn skip_macro(&mut self) {
        let mut empty = false;
        // The rest of the macro's first line is its name.
        while self.rest.next_if(|c| *c != '\n').is_some() {}
        while let Some(c) = self.step() {
            match c {
                '\n' if empty => return,
                '\n' => empty = true,
                '\r' => {}
                _ => empty = false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(text: &str, url: &str) -> Option<String> {
        let netrc = Netrc::parse(text).unwrap();
        let value = netrc.credentials(url::parse(url).unwrap().uri(), None)?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    fn user(login: &str, password: &str) -> Option<String> {
        let value = basic(login, password).unwrap();
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_first_entry_that_fits_counts() {
        let text = "machine a.example login u1 password p1\n\
                    machine b.example\n\tlogin u2\n\taccount x\n\tpassword p2\n\
                    machine A.example login late password late\n\
                    default login anonymous password me@\n";
        assert_eq!(sent(text, "http://a.example/x"), user("u1", "p1"));
        assert_eq!(sent(text, "https://A.EXAMPLE:8443/"), user("u1", "p1"));
        assert_eq!(sent(text, "http://b.example/"), user("u2", "p2"));
        assert_eq!(sent(text, "http://c.example/"), user("anonymous", "me@"));
        let early = format!("default login d password d\n{text}");
        assert_eq!(sent(&early, "http://a.example/"), user("d", "d"));
        let alone = "machine [::1] login u password p machine ::1 login v password q";
        assert_eq!(sent(alone, "http://[::1]:80/"), user("v", "q"));
        assert_eq!(sent("", "http://a.example/"), None);
        let others =
            "machine b\u{fc}cher.example login u password p machine 0:0::1 login v password q";
        assert_eq!(sent(others, "http://B\u{dc}CHER.example/"), user("u", "p"));
        assert_eq!(
            sent(others, "http://xn--bcher-kva.example/"),
            user("u", "p")
        );
        assert_eq!(sent(others, "http://[::1]/"), user("v", "q"));
    }

    #[test]
    fn comments_macros_quotes_and_unknown_words_are_understood_as_by_curl() {
        let text = "# machine h login wrong password wrong\n\
                    macdef init\ncd /pub\nmachine h login wrong password wrong\n\n\
                    MACHINE h protocol https LOGIN \"a b\" password \"p\\\"\\\\\\t#1\" # end\n";
        assert_eq!(sent(text, "http://h/"), user("a b", "p\"\\\t#1"));
        let half = "machine h login only machine g password only";
        assert_eq!(sent(half, "http://h/"), user("only", ""));
        assert_eq!(sent(half, "http://g/"), user("", "only"));
        assert_eq!(
            sent("machine h\nmachine g login a password b", "http://h/"),
            None
        );
    }

    #[test]
    fn a_user_that_the_url_names_has_an_entry_of_his_own() {
        let text = "machine h login ada password one machine h login bob password two default login ada password three";
        let netrc = Netrc::parse(text).unwrap();
        let sent = |login, url: &str| {
            let value = netrc.credentials(url::parse(url).unwrap().uri(), login)?;
            Some(value.to_str().unwrap().to_owned())
        };
        assert_eq!(sent(Some("bob"), "http://h/"), user("bob", "two"));
        assert_eq!(sent(Some("ada"), "http://g/"), user("ada", "three"));
        assert_eq!(sent(Some("bob"), "http://g/"), None);
        assert_eq!(sent(Some("ADA"), "http://h/"), None);
    }

    #[test]
    fn an_error_in_a_netrc_names_its_line_without_the_secret() {
        for (text, reason) in [
            ("machine h\nlogin u password", "line 2: a value is missing"),
            ("machine h\nlogin \"s3cret", "line 2: a quote has no end"),
            (
                "machine h login \"s3cret\nx\"",
                "line 1: a quote has no end",
            ),
            ("\nmachine h login s3:cret password p", "line 2: basic auth"),
        ] {
            let error = Netrc::parse(text).err().unwrap();
            assert!(error.starts_with(reason), "{error}");
            assert!(!error.contains("cret"), "{error}");
        }
    }
}
