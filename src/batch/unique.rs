//! Requests that were seen before.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use crate::attempt::{ClientDefaults, resolve};
use crate::cookies::CookieJar;
use crate::digest::Sha256;
use crate::request::{Request, add_part};
use crate::url::Url;

use super::owner::WorkersOwner;

/// Set of the requests that a batch has, by their fingerprints. An entry takes at most 40 bytes.
#[derive(Default)]
pub(crate) struct UniqueRequests {
    seen: HashSet<u128, BuildHasherDefault<DigestHasher>>,
    /// Jars of requests that have one of their own, kept so that no later jar stands at the same address.
    jars: Vec<CookieJar>,
    /// Number of duplicates that were found and not taken out yet.
    duplicates: u64,
}

impl UniqueRequests {
    /// Makes the fingerprint of a request: the first 128 bits of SHA-256 over method, URL as it is sent, headers and
    /// body. `None`: no other request counts as equal, because the request cannot be sent, or its body comes from a
    /// reader whose content is not known.
    pub(super) fn fingerprint(
        &mut self,
        defaults: &ClientDefaults,
        request: &Request,
    ) -> Option<u128> {
        if request.sends().has_reader() {
            return None;
        }
        let (resolved, _) = resolve(defaults, request, |_| None::<(Url, ())>).ok()?;
        let mut hash = Sha256::new();
        add_part(&mut hash, "method", request.method().as_str().as_bytes());
        let uri = resolved.url.uri().to_string();
        add_part(&mut hash, "url", uri.as_bytes());
        add_part(
            &mut hash,
            "zone",
            resolved.url.zone().unwrap_or_default().as_bytes(),
        );
        request.add_headers_and_body(&mut hash);
        if let Some(jar) = request
            .options()
            .and_then(|options| options.cookies.as_ref())
        {
            add_part(&mut hash, "jar", &self.number_of(jar).to_be_bytes());
        }
        let digest = hash.finish();
        Some(u128::from_be_bytes(*digest.first_chunk()?))
    }

    /// Returns true if a request with this fingerprint is in the set, and counts the duplicate.
    pub(super) fn is_duplicate(&mut self, fingerprint: u128) -> bool {
        let duplicate = self.seen.contains(&fingerprint);
        self.duplicates += u64::from(duplicate);
        duplicate
    }

    pub(super) fn insert(&mut self, fingerprint: u128) {
        self.seen.insert(fingerprint);
    }

    /// Adds a request. Returns false, and counts a duplicate, if an equal one is in the set.
    pub(super) fn add(&mut self, defaults: &ClientDefaults, request: &Request) -> bool {
        let Some(fingerprint) = self.fingerprint(defaults, request) else {
            return true;
        };
        let new = self.seen.insert(fingerprint);
        self.duplicates += u64::from(!new);
        new
    }

    /// Removes a request that was added and did not become part of the batch.
    pub(super) fn remove(&mut self, defaults: &ClientDefaults, request: &Request) {
        if let Some(fingerprint) = self.fingerprint(defaults, request) {
            self.seen.remove(&fingerprint);
        }
    }

    /// Takes out the number of duplicates that were found since the last call.
    pub(super) fn take_duplicates(&mut self) -> u64 {
        std::mem::take(&mut self.duplicates)
    }

    fn number_of(&mut self, jar: &CookieJar) -> usize {
        let known = self.jars.iter().position(|other| other.is_same(jar));
        known.unwrap_or_else(|| {
            self.jars.push(jar.clone());
            self.jars.len() - 1
        })
    }
}

/// Filter for requests that equal an earlier one.
///
/// It comes from [`Client::unique_filter`](crate::Client::unique_filter).
///
/// A batch leaves out duplicates by itself with [`Outcomes::unique`](crate::Outcomes::unique), which says when requests
/// are equal, and what memory they take. The filter is for requests that go through something else before the batch
/// reads them: a [`Journal`](crate::Journal) is to see the same requests in each run.
///
/// ```no_run
/// use haul::{Journal, Request};
///
/// # let client = haul::Client::new();
/// # let urls = ["https://example.com/a"];
/// let mut filter = client.unique_filter();
/// let requests = urls.into_iter().map(Request::from).filter(|request| filter.is_new(request));
/// let mut journal = Journal::open("run.jsonl")?;
/// client.run(journal.remaining(requests), &mut journal)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UniqueFilter {
    owner: Arc<WorkersOwner>,
    seen: UniqueRequests,
}

impl UniqueFilter {
    pub(crate) fn new(owner: &Arc<WorkersOwner>) -> UniqueFilter {
        UniqueFilter {
            owner: Arc::clone(owner),
            seen: UniqueRequests::default(),
        }
    }

    /// Returns true if no equal request was seen before, and remembers the request.
    pub fn is_new(&mut self, request: &Request) -> bool {
        self.seen.add(&self.owner.engine().defaults, request)
    }
}

impl fmt::Debug for UniqueFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UniqueFilter")
            .field("seen", &self.seen.seen.len())
            .finish_non_exhaustive()
    }
}

/// Hasher of fingerprints, whose bits are spread already.
#[derive(Default)]
struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_at_most_40_bytes() {
        let mut unique = UniqueRequests::default();
        for count in 1..100_000_u128 {
            let spread = count.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            unique.insert(spread);
            // An eighth of the table is free, and each place takes a byte beside its fingerprint.
            let places = unique.seen.capacity() as u128 * 8 / 7;
            assert!(17 * places <= (40 * count).max(1_000), "{count}");
        }
        assert_eq!(unique.seen.len(), 99_999);
    }

    #[test]
    fn a_request_is_new_once_and_again_after_it_was_removed() {
        let defaults = ClientDefaults::default();
        let mut unique = UniqueRequests::default();
        let request = Request::get("http://h/");
        assert!(unique.add(&defaults, &request));
        assert!(!unique.add(&defaults, &request));
        unique.remove(&defaults, &request);
        assert!(unique.add(&defaults, &request));
        assert_eq!((unique.take_duplicates(), unique.take_duplicates()), (1, 0));
    }
}
