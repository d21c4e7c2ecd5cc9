//! SHA-256: from ring if TLS is built in with it, since ring uses the processor's instructions for it; else a portable
//! implementation.

use std::fs::File;
use std::io::{self, Read};

#[cfg(feature = "rustls")]
#[derive(Clone)]
pub(crate) struct Sha256(ring::digest::Context);

#[cfg(feature = "rustls")]
impl Sha256 {
    pub(crate) fn new() -> Sha256 {
        Sha256(ring::digest::Context::new(&ring::digest::SHA256))
    }

    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes.as_ref());
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.0.finish().as_ref());
        digest
    }
}

#[cfg(not(feature = "rustls"))]
#[derive(Clone)]
pub(crate) struct Sha256(hmac_sha256::Hash);

#[cfg(not(feature = "rustls"))]
impl Sha256 {
    pub(crate) fn new() -> Sha256 {
        Sha256(hmac_sha256::Hash::new())
    }

    pub(crate) fn update(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize()
    }
}

/// Number of bytes of a file that are hashed between two looks at the condition for going on.
const PIECE: usize = 1 << 20;

impl Sha256 {
    /// Reads a file to its end. Returns its size and the hash of its bytes. `goes_on` is called after each MiB. `None`:
    /// it returned false.
    pub(crate) fn of_file(
        file: &mut File,
        goes_on: &dyn Fn() -> bool,
    ) -> io::Result<Option<(u64, Sha256)>> {
        let (mut size, mut hash) = (0, Sha256::new());
        let length = file.metadata()?.len().clamp(1, PIECE as u64);
        let mut piece = vec![0; length as usize];
        loop {
            match file.read(&mut piece) {
                Ok(0) => return Ok(Some((size, hash))),
                Ok(n) => {
                    hash.update(&piece[..n]);
                    size += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
            if !goes_on() {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_standards_and_that_of_the_other_implementation() {
        // The example of FIPS 180-2, B.1.
        let mut hash = Sha256::new();
        hash.update("a");
        hash.update("bc");
        let digest = hash.finish();
        assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(digest, hmac_sha256::Hash::hash(b"abc"));
        for length in [0, 55, 56, 63, 64, 65, 1000] {
            let bytes = vec![b'x'; length];
            let mut hash = Sha256::new();
            hash.update(&bytes);
            assert_eq!(hash.finish(), hmac_sha256::Hash::hash(&bytes), "{length}");
        }
    }
}
