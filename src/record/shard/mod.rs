//! Shards: parts of one input, each run by a machine of its own.

mod requests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use super::{Key, KeyMaker};
use crate::digest::Sha256;
use crate::host::Host;
use crate::request::Request;
use crate::url::{self, Base};

pub use requests::ShardRequests;

/// Upper bound for the number of shards.
const MOST: u32 = 100_000;

/// Part of an input that one of several machines runs, without a server between them.
///
/// Shard `I/N` is number `I`, from 0, of `N`, which are 1 to 100,000. Each machine reads the whole input and keeps the
/// requests of its own shard. A request belongs to one shard, which depends on nothing but the request, so that a shard
/// can run again on any machine, and the input may be sorted or added to.
///
/// - By key (default): shard `h mod N`, where `h` is the number in the first 8 bytes, big-endian, of the request's
///   [`Key`]. Equal requests share a shard.
/// - [By host](Shard::by_host): `h` is that of SHA-256 over the [host](crate::Host), as in `https://example.com:443`.
///
/// ```
/// use haul::record::Shard;
///
/// let urls = (0..1000).map(|i| format!("https://example.com/{i}"));
/// let all: Vec<Shard> = (0..3).map(|i| Shard::new(i, 3)).collect::<Result<_, _>>()?;
/// let kept: usize = all.iter().map(|shard| shard.of(urls.clone()).count()).sum();
/// assert_eq!(kept, 1000);
///
/// let shard: Shard = "2/3".parse()?;
/// assert_eq!(shard, all[2]);
/// # Ok::<(), haul::record::InvalidShard>(())
/// ```
///
/// A [`Journal`](crate::sink::Journal) that is opened for a shard refuses results of another one:
/// [`Journal::open_shard`](crate::sink::Journal::open_shard).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a shard picks nothing by itself: see `of`"]
pub struct Shard {
    number: u32,
    count: u32,
    by_host: bool,
    keys: KeyMaker,
}

/// Text or numbers that are no shard.
///
/// A shard is `I/N` with `I` from 0 to `N`-1, and `N` at most 100,000.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a shard: {given:?} ({})", self.expected())]
pub struct InvalidShard {
    given: String,
    too_many: bool,
}

impl InvalidShard {
    /// Returns what is expected in place of the text.
    fn expected(&self) -> String {
        match self.too_many {
            true => format!("I/N with N up to {MOST}"),
            false => "I/N with I from 0 to N-1".to_owned(),
        }
    }
}

impl Shard {
    /// Makes shard `number`, from 0, of `count`, by key.
    ///
    /// # Errors
    /// When `number` is not below `count`, or `count` is above 100,000.
    pub fn new(number: u32, count: u32) -> Result<Shard, InvalidShard> {
        if number < count && count <= MOST {
            return Ok(Shard {
                number,
                count,
                by_host: false,
                keys: KeyMaker::default(),
            });
        }
        Err(InvalidShard {
            given: format!("{number}/{count}"),
            too_many: number < count,
        })
    }

    /// Gives all requests of a host to one shard, so that limits per host hold as they are.
    ///
    /// A request whose URL has no host belongs to the shard of its key. Shards are then as large as their hosts are.
    pub fn by_host(mut self) -> Shard {
        self.by_host = true;
        self
    }

    /// Sets the URL that relative URLs are resolved against, for their keys and hosts.
    ///
    /// Give it the [client's](crate::ClientBuilder::base_url). Default: none, and a relative URL counts as written. The
    /// same holds for a base that is no URL, with which no client can be built.
    pub fn base_url(mut self, url: impl AsRef<str>) -> Shard {
        self.keys.base = Base::parse(url.as_ref()).ok();
        self
    }

    /// Number of the shard, from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Number of all shards.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// True if a request with this key belongs to the shard, by key.
    ///
    /// ```
    /// use haul::record::{Key, Shard};
    ///
    /// let key: Key = "2-000000000000001100000000000000ff".parse()?;
    /// assert!(Shard::new(1, 16)?.owns(key));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn owns(&self, key: Key) -> bool {
        self.of_key(key) == self.number
    }

    /// True if a request belongs to the shard, by its key or its [host](Shard::by_host).
    pub fn owns_request(&self, request: &Request) -> bool {
        let own = match self.host_in(request.url()) {
            Some(host) => self.of_host(&host),
            None => self.of_key(self.keys.of(request)),
        };
        own == self.number
    }

    /// Returns the requests of the shard, each with its position in the whole input.
    ///
    /// The position is the request's [index](Request::index). A request that has an index already keeps it.
    pub fn of<R>(&self, requests: R) -> ShardRequests<R::IntoIter>
    where
        R: IntoIterator,
        R::Item: Into<Request>,
    {
        ShardRequests::new(self.clone(), requests.into_iter())
    }

    /// True if requests are told apart by their hosts.
    pub(crate) fn is_by_host(&self) -> bool {
        self.by_host
    }

    /// Returns the shard of a recorded outcome, if it is another one. `url`: the URL in the record, which is needed by
    /// host, and true if the request had several attempts.
    pub(crate) fn other_owner(&self, key: Key, url: Option<(&str, bool)>) -> Option<Shard> {
        let other = match (self.by_host, url) {
            (false, _) => self.of_key(key),
            (true, None) => return None,
            (true, Some((url, _))) => match self.host_in(url) {
                Some(host) => self.of_host(&host),
                None => self.of_key(key),
            },
        };
        // A URL without a scheme may have been tried again with the other scheme, which its record has.
        let by_other_scheme = || {
            let (url, _) = url.filter(|(_, tried_again)| *tried_again)?;
            let url = url::with_other_scheme(url)?;
            Some(self.of_host(&self.host_in(&url)?))
        };
        let is_own = other == self.number || by_other_scheme() == Some(self.number);
        (!is_own).then(|| Shard {
            number: other,
            ..self.clone()
        })
    }

    /// Returns the host in the text of a URL, by which its shard is found. `None`: the shard is found by the key.
    fn host_in(&self, url: &str) -> Option<Host> {
        if !self.by_host {
            return None;
        }
        let url = match &self.keys.base {
            Some(base) => base.resolve(url),
            None => url::parse(url),
        };
        url.ok()?.host()
    }

    fn of_key(&self, key: Key) -> u32 {
        self.of_digest(&key.digest())
    }

    fn of_host(&self, host: &Host) -> u32 {
        let mut hash = Sha256::new();
        hash.update(host.to_string());
        self.of_digest(&hash.finish())
    }

    fn of_digest(&self, digest: &[u8]) -> u32 {
        let first = digest.first_chunk().copied().unwrap_or_default();
        let number = u64::from_be_bytes(first) % u64::from(self.count);
        u32::try_from(number).expect("it is less than the number of shards")
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Shard, InvalidShard> {
        let invalid = || InvalidShard {
            given: text.to_owned(),
            too_many: false,
        };
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (number, count) = text.split_once('/').ok_or_else(invalid)?;
        if !is_number(number) || !is_number(count) {
            return Err(invalid());
        }
        match (number.parse(), count.parse()) {
            (Ok(number), Ok(count)) => Shard::new(number, count).map_err(|wrong| InvalidShard {
                given: text.to_owned(),
                ..wrong
            }),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.number, self.count))
    }
}
