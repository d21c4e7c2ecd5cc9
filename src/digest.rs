//! SHA-256: from ring if TLS is built in with it, since ring uses the processor's instructions for it; else a portable
//! implementation.

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
