//! First bytes by which formats of files are recognised.

/// Member of gzip (RFC 1952 section 2.3.1).
pub(crate) const GZIP: &[u8] = b"\x1f\x8b";

/// Member of gzip that is compressed by deflate, as all are.
#[cfg(feature = "gzip")]
pub(crate) const GZIP_DEFLATE: &[u8] = b"\x1f\x8b\x08";

/// Frame of zstd (RFC 8878 section 3.1.1).
pub(crate) const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Database of SQLite.
pub(crate) const SQLITE: &[u8] = b"SQLite format 3\0";
