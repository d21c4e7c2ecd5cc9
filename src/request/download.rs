//! Settings of downloads: going on after a cut, expected values, and files that are there already.

use super::Request;

/// Settings for a body that is saved to a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DownloadOptions {
    /// True: a download that was cut goes on from the bytes that are there.
    pub(crate) resume: bool,
    /// SHA-256 that the file must have. `None`: any.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Size in bytes that the file must have. `None`: any.
    pub(crate) size: Option<u64>,
    /// True: a file that is there is not asked for.
    pub(crate) skip_existing: bool,
    /// True: a file that is there is asked for only if the server has a newer one.
    pub(crate) timestamping: bool,
    /// True if a list of checksums was given that has no entry for the file.
    pub(crate) unchecked: bool,
}

impl DownloadOptions {
    /// Settings of a request that sets none.
    pub(super) const NONE: &'static DownloadOptions = &DownloadOptions {
        resume: false,
        sha256: None,
        size: None,
        skip_existing: false,
        timestamping: false,
        unchecked: false,
    };

    /// True if the request says which file it expects.
    pub(crate) fn expects(&self) -> bool {
        self.sha256.is_some() || self.size.is_some()
    }
}

impl Request {
    /// True: a download that was cut goes on from the bytes that are there.
    ///
    /// For a GET whose body is [saved](Request::save_to). Default false: each attempt starts over.
    ///
    /// Until it is whole, the file is called `PATH.part`. It stays after a failed or cancelled attempt and after a kill,
    /// with a small file `PATH.part.json` (URL with secrets masked, validator, length), and the next attempt asks for the
    /// rest only (RFC 9110 §14.2), also in a later run:
    ///
    /// - The rest is asked for with `Range` and `If-Range`. The validator is a strong `ETag`, else `Last-Modified`;
    ///   without one the download starts over.
    /// - It starts over too if the file at the server has changed, if the server answers with the whole file or with
    ///   other bytes than asked for, if the URL is another one, and if the two files do not fit together.
    /// - `Accept-Encoding: identity` is sent, since the bytes of a coded response cannot be counted. A response that is
    ///   coded all the same is decoded, and starts over when it is cut.
    /// - The bytes that are there are read again when a download goes on, so that the SHA-256 is that of the whole file.
    /// - An attempt that added at least 64 KiB to the file takes none of the retries
    ///   ([`max_attempts`](crate::RetryPolicy::max_attempts)), even if there are none.
    /// - A second request to the same path, at the same time, leaves `PATH.part` alone and starts a file of its own.
    ///
    /// A continued download ends with status 206; 416 if all bytes were there already.
    ///
    /// ```no_run
    /// use haul::{Client, Request};
    ///
    /// let request = Request::get("https://example.com/big.iso").save_to("big.iso").resume(true);
    /// let outcome = Client::new().send(request);
    /// ```
    #[doc(alias = "continue")]
    pub fn resume(mut self, resume: bool) -> Request {
        self.download_mut().resume = resume;
        self
    }

    /// Sets the SHA-256 that the [saved](Request::save_to) file must have, as 64 hexadecimal digits.
    ///
    /// Another file fails the request with class [`Checksum`](crate::ErrorType::Checksum), and never gets the name it was
    /// to be saved under. It is removed and downloaded once more from the start, if the policy allows a retry. Any other
    /// text makes the request invalid.
    ///
    /// ```
    /// let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    /// let request = haul::Request::get("https://example.com/a.tar").save_to("a.tar").sha256(digest);
    /// ```
    #[doc(alias = "checksum")]
    pub fn sha256(mut self, digest: impl AsRef<str>) -> Request {
        match parse_sha256(digest.as_ref()) {
            Some(digest) => {
                self.download_mut().sha256 = Some(digest);
                self
            }
            None => self.spoiled("sha256: 64 hexadecimal digits are expected"),
        }
    }

    /// Sets the size in bytes that the [saved](Request::save_to) file must have.
    ///
    /// A difference has the consequences of a wrong [`sha256`](Request::sha256).
    pub fn size(mut self, bytes: u64) -> Request {
        self.download_mut().size = Some(bytes);
        self
    }

    /// True: a file that is there already is not asked for.
    ///
    /// If the request has a [`sha256`](Request::sha256) or [`size`](Request::size), that holds only for a file that
    /// agrees; another file is replaced. The outcome is a success with
    /// [`is_skipped`](crate::Outcome::is_skipped), without an attempt; its response is made up, with status 304 and no
    /// header. It takes no turn of a rate, no cost and no token, and no hook is called for it. The file is looked at, and
    /// read if there is a `sha256`, on a worker. Default false.
    #[doc(alias = "no-clobber")]
    pub fn skip_existing(mut self, skip: bool) -> Request {
        self.download_mut().skip_existing = skip;
        self
    }

    /// True: a file that is there already is replaced only by a newer one. Default false.
    ///
    /// Saved files get the server's time.
    ///
    /// The time of the file goes out as `If-Modified-Since`. A 304 is a success with
    /// [`is_skipped`](crate::Outcome::is_skipped), whatever statuses are accepted. A saved file gets the time of the
    /// response's `Last-Modified`, if there is one.
    pub fn timestamping(mut self, timestamping: bool) -> Request {
        self.download_mut().timestamping = timestamping;
        self
    }

    /// Sets the SHA-256 that the file must have.
    pub(crate) fn sha256_of(mut self, digest: [u8; 32]) -> Request {
        self.download_mut().sha256 = Some(digest);
        self
    }

    /// Notes that a list of checksums has no entry for the file.
    pub(crate) fn unchecked(mut self) -> Request {
        self.download_mut().unchecked = true;
        self
    }

    /// Returns the settings for a body that is saved.
    pub(crate) fn download(&self) -> &DownloadOptions {
        self.options()
            .map_or(DownloadOptions::NONE, |options| options.download())
    }

    /// True if a file that is there is not asked for.
    pub(crate) fn skips_existing(&self) -> bool {
        self.download().skip_existing && self.saves_to().is_some()
    }

    fn download_mut(&mut self) -> &mut DownloadOptions {
        self.options_mut().download.get_or_insert_default()
    }
}

/// Reads a digest of 64 hexadecimal digits.
pub(crate) fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
    }
    Some(digest)
}

/// Returns a digest in lower-case hexadecimal digits.
pub(crate) fn hexadecimal(digest: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    digest
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_in_both_cases_and_nothing_else_is() {
        let lower = "00ff".repeat(16);
        let digest = parse_sha256(&lower).unwrap();
        assert_eq!(digest[..2], [0, 255]);
        assert_eq!(hexadecimal(&digest), lower);
        assert_eq!(parse_sha256(&lower.to_uppercase()), Some(digest));
        for wrong in [
            "",
            &lower[1..],
            &format!("{lower}0"),
            &"+f".repeat(32),
            &"余".repeat(32),
            &"xy".repeat(32),
        ] {
            assert_eq!(parse_sha256(wrong), None, "{wrong}");
        }
        let wrong = Request::get("http://h/").sha256("abc");
        assert!(wrong.invalid().is_some());
    }
}
