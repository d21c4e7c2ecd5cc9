//! Challenges of digest authentication, read from `WWW-Authenticate` (RFC 7616 section 3.3, RFC 9110 section 11.6.1).

use super::algorithm::DigestAlgorithm;

/// Upper bound for what a challenge has a request repeat, in bytes: `realm`, `nonce` and `opaque` together. Real ones
/// have a few hundred.
const MOST_REPEATED: usize = 4096;

/// Challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::attempt) struct DigestChallenge {
    /// Values without their quotes and escapes.
    pub(super) realm: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) opaque: Option<Vec<u8>>,
    pub(super) algorithm: DigestAlgorithm,
    /// True if the challenge names the algorithm, so that the answer repeats the name.
    pub(super) names_algorithm: bool,
    /// True: the answer has `qop=auth` with a count. False: the answer is that of RFC 2069, without a count.
    pub(super) counted: bool,
    /// True if user and password may be right, and only the nonce of the last answer is too old.
    pub(in crate::attempt) stale: bool,
    /// True if the answer has a digest in place of the user name.
    pub(super) hashes_user: bool,
}

impl DigestChallenge {
    /// Returns the challenge with the strongest algorithm among those in these header values; of equal ones, the first.
    /// `None`: no challenge can be answered.
    pub(in crate::attempt) fn strongest<'a>(
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Option<DigestChallenge> {
        let mut strongest: Option<DigestChallenge> = None;
        for parameters in values.flat_map(digest_parameters) {
            let Some(challenge) = parameters.challenge() else {
                continue;
            };
            let rank = |challenge: &DigestChallenge| challenge.algorithm.strength();
            if strongest.as_ref().map(rank) < Some(rank(&challenge)) {
                strongest = Some(challenge);
            }
        }
        strongest
    }
}

/// Returns true if a request can repeat the text of a challenge: the transport sends no other bytes in an
/// `Authorization`.
pub(super) fn is_repeatable(text: &[u8]) -> bool {
    let sendable = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    text.len() <= MOST_REPEATED && text.iter().all(sendable)
}

/// Parameters of one challenge of the scheme `Digest`.
#[derive(Default)]
pub(super) struct ChallengeParameters {
    named: Vec<(Vec<u8>, Vec<u8>)>,
    /// True if a quoted string has no end.
    broken: bool,
}

impl ChallengeParameters {
    /// Returns the challenge. `None`: a parameter is missing, is given twice, or has a value that is not supported.
    fn challenge(&self) -> Option<DigestChallenge> {
        let known = [
            "realm",
            "nonce",
            "opaque",
            "algorithm",
            "qop",
            "stale",
            "userhash",
        ];
        if self.broken || known.iter().any(|name| self.all(name).count() > 1) {
            return None;
        }
        let is_true = |name| {
            let value = self.all(name).next();
            value.is_some_and(|value| value.eq_ignore_ascii_case(b"true"))
        };
        let algorithm = self.all("algorithm").next();
        let qualities = self.all("qop").next().unwrap_or_default();
        let mut qualities = qualities
            .split(|byte| byte.is_ascii_whitespace() || *byte == b',')
            .filter(|quality| !quality.is_empty())
            .peekable();
        let old = qualities.peek().is_none();
        let challenge = DigestChallenge {
            realm: self.all("realm").next()?.to_vec(),
            nonce: self.all("nonce").next()?.to_vec(),
            opaque: self.all("opaque").next().map(<[u8]>::to_vec),
            algorithm: match algorithm {
                Some(name) => DigestAlgorithm::named(name)?,
                None => DigestAlgorithm::MD5,
            },
            names_algorithm: algorithm.is_some(),
            counted: qualities.any(|quality| quality.eq_ignore_ascii_case(b"auth")),
            stale: is_true("stale"),
            hashes_user: is_true("userhash"),
        };
        let opaque = challenge.opaque.as_deref().unwrap_or_default();
        let repeated = [&challenge.realm[..], &challenge.nonce, opaque].concat();
        // Without a count there is no client nonce, which the digest of a session takes in.
        let answerable = challenge.counted || (old && !challenge.algorithm.per_session);
        (answerable && is_repeatable(&repeated) && !challenge.nonce.is_empty()).then_some(challenge)
    }

    /// Returns the value of a parameter. `None`: it is missing or given twice, or the parameters are cut short.
    pub(super) fn only<'a>(&'a self, name: &'a str) -> Option<&'a [u8]> {
        let mut values = self.all(name);
        let value = values.next()?;
        (!self.broken && values.next().is_none()).then_some(value)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.named
            .iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }
}

/// Returns the parameters of each challenge of the scheme `Digest` in a header value, which may hold challenges of
/// several schemes. Text that is no challenge is skipped.
pub(super) fn digest_parameters(value: &[u8]) -> Vec<ChallengeParameters> {
    let mut found = Vec::new();
    let mut scanner = Scanner(value);
    let mut in_digest = false;
    loop {
        scanner.skip(|byte| is_blank(byte) || byte == b',');
        let name = scanner.take_while(is_token);
        if name.is_empty() {
            let Some((&junk, rest)) = scanner.0.split_first() else {
                return found;
            };
            scanner.0 = rest;
            // Text in quotes is no challenge, whatever it holds.
            if junk == b'"' && scanner.quoted().is_none() {
                return found;
            }
            continue;
        }
        scanner.skip(is_blank);
        if !scanner.take(b'=') {
            in_digest = name.eq_ignore_ascii_case(b"digest");
            if in_digest {
                found.push(ChallengeParameters::default());
            }
            continue;
        }
        scanner.skip(is_blank);
        let text = match scanner.take(b'"') {
            true => scanner.quoted(),
            false => Some(scanner.take_while(is_token).to_vec()),
        };
        let current = found.last_mut().filter(|_| in_digest);
        match (text, current) {
            (Some(text), Some(current)) => current.named.push((name.to_vec(), text)),
            (Some(_), None) => {}
            (None, current) => {
                if let Some(current) = current {
                    current.broken = true;
                }
                return found;
            }
        }
    }
}

/// Rest of a header value that is not read yet.
struct Scanner<'a>(&'a [u8]);

impl<'a> Scanner<'a> {
    fn take_while(&mut self, is_part: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !is_part(*byte));
        let (taken, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        taken
    }

    fn skip(&mut self, is_part: impl Fn(u8) -> bool) {
        self.take_while(is_part);
    }

    /// Takes this byte if it comes next. Returns true if it did.
    fn take(&mut self, byte: u8) -> bool {
        match self.0.strip_prefix(&[byte]) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Returns the content of a quoted string whose first quote was taken, without escapes. `None`: it has no end.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(self.take_while(|byte| byte != b'"' && byte != b'\\'));
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            if *first == b'"' {
                return Some(text);
            }
            let (escaped, rest) = rest.split_first()?;
            text.push(*escaped);
            self.0 = rest;
        }
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// True for the bytes of a token (RFC 9110 section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
