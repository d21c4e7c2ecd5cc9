//! Lines by curl's variables.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use super::selection::InvalidSelection;
use crate::error::ErrorType;
use crate::outcome::Outcome;
use crate::record::Record;
use http::Method;

/// Text with the variables of curl's `--write-out`.
///
/// `%{name}` is replaced, `%%` is a percent sign, and `\n`, `\r`, `\t` and `\\` are the characters that they stand for.
/// Any other `%` or `\` is itself. Nothing is added, no line feed either.
///
/// | name | value |
/// |---|---|
/// | `http_code`, `response_code` | status, in three digits; `000`: no response came |
/// | `url` | of the request |
/// | `method` | of the request, or the one that a redirect made of it |
/// | `url_effective` | URL that answered |
/// | `time_total`, `time_starttransfer` | seconds of the last attempt with its redirects, with six decimals: to its end, to the parsed head |
/// | `size_download` | bytes of the last response's body that came, before decompression |
/// | `content_type` | of the response |
/// | `errormsg` | reason of the failure; empty if only the status is not accepted |
/// | `num_redirects` | number of redirects that were followed |
/// | `remote_ip` | address that answered, or did not answer |
///
/// ```
/// use haul::record::WriteOut;
///
/// let lines = WriteOut::parse(r"%{http_code} %{url_effective}\n")?;
/// # Ok::<(), haul::record::InvalidSelection>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOut {
    pieces: Vec<WriteOutPiece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum WriteOutPiece {
    Text(String),
    Variable(WriteOutVariable),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriteOutVariable {
    Status,
    Url,
    UrlEffective,
    Method,
    TimeTotal,
    TimeToHead,
    SizeDownload,
    ContentType,
    ErrorMessage,
    Redirects,
    RemoteIp,
}

/// Figures of an outcome's exchanges that its record does not have.
#[derive(Default)]
pub(super) struct ExchangeFigures {
    /// Bytes of the last response's body that came, before decompression.
    received: u64,
    /// Method of the last exchange, if a redirect changed it. `None`: none did.
    method: Option<Method>,
    /// Address of a last exchange without a response. `None`: there was a response, or no connection.
    remote_ip: Option<IpAddr>,
    /// Time of the redirects of the last attempt.
    earlier: Duration,
}

impl ExchangeFigures {
    pub(super) fn of<T>(outcome: &Outcome<T>) -> ExchangeFigures {
        let rare = outcome.report.rare();
        ExchangeFigures {
            received: outcome.report.body_received,
            method: rare.method_sent.clone(),
            remote_ip: rare.remote.map(|address| address.ip()),
            earlier: rare.earlier,
        }
    }
}

const VARIABLES: [(&str, WriteOutVariable); 12] = [
    ("http_code", WriteOutVariable::Status),
    ("response_code", WriteOutVariable::Status),
    ("url", WriteOutVariable::Url),
    ("url_effective", WriteOutVariable::UrlEffective),
    ("method", WriteOutVariable::Method),
    ("time_total", WriteOutVariable::TimeTotal),
    ("time_starttransfer", WriteOutVariable::TimeToHead),
    ("size_download", WriteOutVariable::SizeDownload),
    ("content_type", WriteOutVariable::ContentType),
    ("errormsg", WriteOutVariable::ErrorMessage),
    ("num_redirects", WriteOutVariable::Redirects),
    ("remote_ip", WriteOutVariable::RemoteIp),
];

/// List of the variables in errors.
const KNOWN: &str = "http_code, response_code, url, url_effective, method, time_total, time_starttransfer, size_download, \
     content_type, errormsg, num_redirects or remote_ip";

impl WriteOut {
    /// Parses a text with variables.
    ///
    /// # Errors
    /// When a variable is unknown. The error lists the variables.
    pub fn parse(text: &str) -> Result<WriteOut, InvalidSelection> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['%', '\\']) {
            plain.push_str(&rest[..at]);
            let (sign, behind) = rest[at..].split_at(1);
            let (text, length) = match (sign, behind.chars().next()) {
                ("%", Some('%')) => ("%", 1),
                ("\\", Some('n')) => ("\n", 1),
                ("\\", Some('r')) => ("\r", 1),
                ("\\", Some('t')) => ("\t", 1),
                ("\\", Some('\\')) => ("\\", 1),
                _ => (sign, 0),
            };
            rest = &behind[length..];
            if (sign, length) == ("%", 0)
                && let Some((kind, end)) = named(rest)
            {
                let (variable, behind) = variable(rest, kind, end)?;
                if !plain.is_empty() {
                    pieces.push(WriteOutPiece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(WriteOutPiece::Variable(variable));
                rest = behind;
                continue;
            }
            plain.push_str(text);
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(WriteOutPiece::Text(plain));
        }
        Ok(WriteOut { pieces })
    }

    pub(super) fn write(&self, record: &Record<'_>, exchanges: &ExchangeFigures, to: &mut Vec<u8>) {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                WriteOutPiece::Text(plain) => text.push_str(plain),
                WriteOutPiece::Variable(variable) => variable.write(record, exchanges, &mut text),
            }
        }
        to.extend_from_slice(text.as_bytes());
    }
}

/// Finds `{name}` at the beginning, or `header{name}` and the like: returns the positions of the braces. `None`: no
/// name stands there.
fn named(text: &str) -> Option<(usize, usize)> {
    let open = text.find(|c: char| !c.is_ascii_lowercase())?;
    let end = text[open..].strip_prefix('{')?.find('}')?;
    Some((open, open + 1 + end))
}

fn variable(
    text: &str,
    open: usize,
    end: usize,
) -> Result<(WriteOutVariable, &str), InvalidSelection> {
    let name = &text[open + 1..end];
    let found = VARIABLES
        .iter()
        .find(|(known, _)| open == 0 && *known == name);
    match found {
        Some((_, variable)) => Ok((*variable, &text[end + 1..])),
        None if open == 0 => Err(InvalidSelection::unknown(name, KNOWN)),
        None => Err(InvalidSelection::unknown(&text[..=end], KNOWN)),
    }
}

impl WriteOutVariable {
    fn write(self, record: &Record<'_>, exchanges: &ExchangeFigures, to: &mut String) {
        let seconds = |time: Option<Duration>| {
            let time = time.map(|time| time + exchanges.earlier);
            time.unwrap_or_default().as_secs_f64()
        };
        // A String takes all text.
        let _ = match self {
            WriteOutVariable::Status => write!(to, "{:03}", record.status.unwrap_or_default()),
            WriteOutVariable::Url => to.write_str(&record.url),
            WriteOutVariable::UrlEffective => {
                let effective = record.final_url.as_ref().unwrap_or(&record.url);
                // A fragment is not sent, and belongs to the URL that was asked for.
                let fragment = record.url.find('#').filter(|_| record.redirects == 0);
                let fragment = fragment.filter(|_| !effective.contains('#'));
                let fragment = fragment.map_or("", |at| &record.url[at..]);
                write!(to, "{effective}{fragment}")
            }
            WriteOutVariable::Method => to.write_str(match &exchanges.method {
                Some(method) => method.as_str(),
                None => &record.method,
            }),
            WriteOutVariable::TimeTotal => write!(to, "{:.6}", seconds(record.elapsed)),
            WriteOutVariable::TimeToHead => write!(to, "{:.6}", seconds(record.ttfb)),
            WriteOutVariable::SizeDownload => write!(to, "{}", exchanges.received),
            WriteOutVariable::ContentType => {
                to.write_str(record.content_type.as_deref().unwrap_or_default())
            }
            // As in curl, a status that is not accepted is no error.
            WriteOutVariable::ErrorMessage => {
                let message = record.error_msg.as_deref();
                let shown = message.filter(|_| record.error_type != Some(ErrorType::HttpStatus));
                to.write_str(shown.unwrap_or_default())
            }
            WriteOutVariable::Redirects => {
                // The record counts a redirect that was refused, too.
                let refused = record.error_type == Some(ErrorType::Redirect);
                let followed = record.redirects.saturating_sub(u32::from(refused));
                write!(to, "{followed}")
            }
            WriteOutVariable::RemoteIp => match record.remote_ip.or(exchanges.remote_ip) {
                Some(ip) => write!(to, "{ip}"),
                None => Ok(()),
            },
        };
    }
}

impl FromStr for WriteOut {
    type Err = InvalidSelection;

    fn from_str(text: &str) -> Result<WriteOut, InvalidSelection> {
        WriteOut::parse(text)
    }
}
