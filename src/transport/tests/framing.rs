//! Reference for the end of a response's body, found in its bytes alone (RFC 9112 section 6.3 and the rules of
//! `tests/wild`). The readers are checked against it, and it shares no code with them.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// Facts about a body, found in the bytes of its response.
#[derive(Debug)]
pub(super) struct Framing {
    pub(super) ending: Ending,
    /// Body as it comes, before its coding is removed. `None`: not known.
    body: Option<Vec<u8>>,
    coding: Coding,
    /// True if the next request may go over the same connection.
    pub(super) reusable: bool,
}

/// Codings of a body, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Coding {
    Plain,
    /// The coding gzip, once.
    Gzip,
    /// Another coding.
    Other,
}

/// End of a response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ending {
    /// The response's own bytes give its end.
    Itself,
    /// The response ends with the connection.
    Close,
    /// The bytes end before the response does.
    Cut,
    /// The response cannot be read and is no success.
    Refused,
    /// No rule says how the response is read.
    Unknown,
}

impl Framing {
    fn of(ending: Ending) -> Framing {
        Framing {
            ending,
            body: None,
            coding: Coding::Plain,
            reusable: false,
        }
    }

    /// Returns the difference between this framing and a response that was read whole, with this body. `None`: no
    /// difference.
    pub(super) fn complaint(&self, body: &[u8]) -> Option<String> {
        match self.ending {
            Ending::Cut => Some("it is cut short, and was read whole".into()),
            Ending::Refused => Some("it has no framing, and was read whole".into()),
            Ending::Itself | Ending::Close => {
                let framed = self.decoded(self.body.as_ref()?)?;
                (framed != body).then(|| {
                    let (framed, body) = (framed.escape_ascii(), body.escape_ascii());
                    format!("its body is {framed}, and was read as {body}")
                })
            }
            Ending::Unknown => None,
        }
    }
}

impl Framing {
    /// Returns the body without its coding. `None`: not known.
    fn decoded(&self, body: &[u8]) -> Option<Vec<u8>> {
        match self.coding {
            Coding::Plain => Some(body.to_vec()),
            Coding::Gzip if body.is_empty() => Some(Vec::new()),
            Coding::Gzip => {
                // Zeros may follow; zeros of the last member's length field belong to the member.
                let zeros = body.iter().rev().take_while(|b| **b == 0).count();
                (0..=zeros.min(4)).find_map(|kept| {
                    let mut text = Vec::new();
                    let coded = &body[..body.len() - zeros + kept];
                    let read = MultiGzDecoder::new(coded).read_to_end(&mut text);
                    read.ok().map(|_| text)
                })
            }
            Coding::Other => None,
        }
    }
}

/// Lines of a head that matter for its framing.
#[derive(Default)]
struct Lines {
    lengths: Vec<String>,
    codings: Vec<String>,
    contents: Vec<String>,
    closes: bool,
    /// True if not all readers read a framing line alike.
    doubtful: bool,
    /// True if the head has `Connection: keep-alive`.
    kept: bool,
}

pub(super) fn framing(bytes: &[u8], to_head: bool) -> Framing {
    let mut rest = bytes;
    for _ in 0..=16 {
        let Some((status, lines, after)) = head(rest) else {
            // The head may be cut short or be none: only a success is ruled out.
            return match ends_before_its_head(rest) {
                true => Framing::of(Ending::Cut),
                false => Framing::of(Ending::Unknown),
            };
        };
        if status == 101 {
            return Framing::of(Ending::Refused);
        }
        if status >= 200 {
            let bodiless = to_head || matches!(status, 204 | 304);
            let first = rest.starts_with(b"HTTP/1.0");
            return body(after, &lines, bodiless, first);
        }
        rest = after;
    }
    Framing::of(Ending::Refused)
}

fn ends_before_its_head(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(7)];
    let is_http = b"HTTP/1.".starts_with(start);
    is_http && line_end(bytes).is_none()
}

/// Returns status, lines, and the bytes after a head. `None`: the head is cut short or odd.
fn head(bytes: &[u8]) -> Option<(u16, Lines, &[u8])> {
    let start = &bytes[..line_end(bytes)?];
    let (version, code) = (start.get(..9)?, start.get(9..12)?);
    let status: u16 = std::str::from_utf8(code).ok()?.parse().ok()?;
    let known = version == b"HTTP/1.1 " || version == b"HTTP/1.0 ";
    let separated = matches!(start.get(12), None | Some(b' ' | b'\r' | b'\n'));
    let plain = start
        .iter()
        .all(|b| matches!(b, b' '..=b'~' | b'\r' | b'\n'));
    let crs = start.iter().filter(|&&b| b == b'\r').count();
    if !known || !separated || !plain || status < 100 || crs > 1 {
        return None;
    }
    let mut rest = &bytes[start.len()..];
    let mut kept: Option<(String, Vec<u8>, bool)> = None;
    let mut lines = Lines::default();
    loop {
        let line = &rest[..line_end(rest)?];
        rest = &rest[line.len()..];
        let text = line.strip_suffix(b"\n")?;
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        if text.is_empty() {
            lines.take(kept.take());
            return Some((status, lines, rest));
        }
        if matches!(text[0], b' ' | b'\t') {
            // No line can be continued after the status line or a skipped line.
            if let Some((_, value, _)) = &mut kept {
                value.push(b' ');
                value.extend_from_slice(text);
            }
            continue;
        }
        lines.take(kept.take());
        let Some(colon) = text.iter().position(|&b| b == b':') else {
            continue;
        };
        let name = text[..colon].trim_ascii_end();
        let token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        let blanks = &text[name.len()..colon];
        if !name.is_empty() && name.iter().all(token) && blanks.iter().all(|b| b" \t".contains(b)) {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            kept = Some((name, text[colon + 1..].to_vec(), !blanks.is_empty()));
        }
    }
}

fn line_end(bytes: &[u8]) -> Option<usize> {
    Some(bytes.iter().position(|&b| b == b'\n')? + 1)
}

impl Lines {
    fn take(&mut self, line: Option<(String, Vec<u8>, bool)>) {
        let Some((name, value, spaced)) = line else {
            return;
        };
        // Control bytes count as spaces.
        let value: String = value
            .iter()
            .map(|&b| {
                if b < 32 || b == 127 {
                    ' '
                } else {
                    char::from(b)
                }
            })
            .collect();
        let elements = value
            .split(',')
            .map(|e| e.trim_matches(' ').to_ascii_lowercase());
        match name.as_str() {
            "content-length" => self.lengths.extend(elements),
            "transfer-encoding" => self.codings.extend(elements),
            "content-encoding" => {
                self.contents.extend(elements);
                return;
            }
            "connection" => {
                for element in elements {
                    self.closes |= element == "close";
                    self.kept |= element == "keep-alive";
                }
                return;
            }
            _ => return,
        }
        self.doubtful |= spaced;
    }
}

/// Returns the framing of the body after a final head.
fn body(bytes: &[u8], lines: &Lines, bodiless: bool, first_version: bool) -> Framing {
    let kept = !first_version || (lines.kept && lines.codings.is_empty());
    let reusable = !lines.closes && !lines.doubtful && kept;
    let coding = match lines.contents.as_slice() {
        [] => Coding::Plain,
        [one] if one == "gzip" || one == "x-gzip" => Coding::Gzip,
        _ => Coding::Other,
    };
    let known = |ending, body: &[u8], reusable| Framing {
        ending,
        body: Some(body.to_vec()),
        coding,
        reusable,
    };
    if bodiless {
        // No rule says how such a response without framing is read.
        let ending = match lines.codings.is_empty() && length(lines).is_some() {
            true => Ending::Itself,
            false => Ending::Unknown,
        };
        let reusable = reusable && (lines.codings.is_empty() || *lines.codings == ["chunked"]);
        return Framing {
            coding: Coding::Plain,
            ..known(ending, b"", reusable)
        };
    }
    let codings: Vec<&str> = lines.codings.iter().map(String::as_str).collect();
    match codings.as_slice() {
        [] | ["identity"] => {}
        ["gzip" | "x-gzip", "chunked"] => {
            let mut framing = chunks(bytes);
            framing.coding = match coding {
                Coding::Plain => Coding::Gzip,
                Coding::Gzip | Coding::Other => Coding::Other,
            };
            framing.reusable = false;
            return framing;
        }
        ["chunked"] | ["chunked", "chunked"] | ["identity", "chunked"] => {
            let mut framing = chunks(bytes);
            framing.coding = coding;
            framing.reusable &= reusable && lines.lengths.is_empty() && codings == ["chunked"];
            return framing;
        }
        // Empty elements and further combinations of these codings are left to the reader.
        all if all
            .iter()
            .all(|c| matches!(*c, "" | "chunked" | "identity" | "gzip" | "x-gzip"))
            && all.len() > 1 =>
        {
            return Framing::of(Ending::Unknown);
        }
        _ => return Framing::of(Ending::Refused),
    }
    match length(lines) {
        None => Framing::of(Ending::Refused),
        Some(None) => known(Ending::Close, bytes, false),
        // The length exceeds the limit of a body, before or after decoding.
        Some(Some(length)) if length > 10 << 20 => Framing::of(Ending::Refused),
        Some(Some(length)) => match bytes.get(..length as usize) {
            None => Framing::of(Ending::Cut),
            Some(body) => {
                let reusable = reusable && codings.is_empty() && bytes.len() == body.len();
                known(Ending::Itself, body, reusable)
            }
        },
    }
}

/// Returns the declared length. `None`: it is invalid. `Some(None)`: no length is declared.
fn length(lines: &Lines) -> Option<Option<u64>> {
    let digits = |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut lengths = lines
        .lengths
        .iter()
        .filter(|text| !text.is_empty() || lines.lengths.len() == 1);
    let Some(first) = lengths.next() else {
        return match lines.lengths.is_empty() {
            true => Some(None),
            false => None,
        };
    };
    let number: u64 = Some(first).filter(|text| digits(text))?.parse().ok()?;
    let same = |text: &String| digits(text) && text.parse() == Ok(number);
    lengths.all(same).then_some(Some(number))
}

/// Returns the framing of a chunked body.
fn chunks(bytes: &[u8]) -> Framing {
    let mut rest = bytes;
    let mut framing = Framing::of(Ending::Itself);
    let (mut body, mut bare) = (Vec::new(), false);
    let mut extensions = 0;
    loop {
        let Some(end) = line_end(rest) else {
            // The beginning of the line may be invalid already.
            return Framing::of(Ending::Cut);
        };
        let line = &rest[..end];
        rest = &rest[end..];
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, after) = line.split_at(digits);
        let after = after.strip_suffix(b"\n").unwrap_or(after);
        let crlf = after.strip_suffix(b"\r");
        bare |= crlf.is_none();
        let after = crlf.unwrap_or(after).trim_ascii_start();
        extensions += after.len();
        let plain = after.is_empty() || after.starts_with(b";");
        if !(1..=16).contains(&digits) || !plain {
            return Framing::of(Ending::Refused);
        }
        if extensions > 15 * 1024 {
            return Framing::of(Ending::Unknown);
        }
        let size = u64::from_str_radix(std::str::from_utf8(size).unwrap_or(""), 16);
        let size = size.unwrap_or(u64::MAX);
        if size == 0 {
            break;
        }
        let Some(data) = usize::try_from(size).ok().and_then(|size| rest.get(..size)) else {
            return Framing::of(Ending::Cut);
        };
        body.extend_from_slice(data);
        rest = &rest[data.len()..];
        rest = match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\n', rest @ ..] => {
                bare = true;
                rest
            }
            [] | [b'\r'] => return Framing::of(Ending::Cut),
            _ => return Framing::of(Ending::Refused),
        };
    }
    loop {
        let Some(end) = line_end(rest) else {
            return Framing::of(Ending::Cut);
        };
        let line = &rest[..end];
        rest = &rest[end..];
        bare |= !line.ends_with(b"\r\n");
        if line == b"\n" || line == b"\r\n" {
            break;
        }
    }
    framing.body = Some(body);
    framing.reusable = !bare && rest.is_empty();
    framing
}
