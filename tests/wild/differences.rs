//! Intended differences from curl.

use test_support::corpus::Case;

/// Version of curl that the list holds for.
pub(crate) const CURL: &str = "7.88.1";

/// A rule on which haul and curl differ.
pub(crate) struct Difference {
    pub(crate) why: &'static str,
    /// Names of the cases that show the difference.
    pub(crate) cases: &'static [&'static str],
}

impl Difference {
    pub(crate) fn is_of(&self, case: &Case) -> bool {
        self.cases.contains(&case.name.as_str())
    }
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        why: "an extension is skipped up to 16 KiB in all, and curl has no limit",
        cases: &[
            "an extension of 17,000 bytes",
            "two extensions of 9000 bytes",
            "twenty extensions of 1000 bytes",
            "an extension of 17,000 bytes of the last chunk",
        ],
    },
    Difference {
        why: "a size is hexadecimal digits and blanks, and curl skips what follows the digits",
        cases: &[
            "a letter after the size",
            "two sizes in one line",
            "a fraction as size",
            "a comma after the size",
        ],
    },
    Difference {
        why: "a bare CR ends nothing: in a trailer it is skipped, which curl refuses, and as the end it does not count, which curl takes",
        cases: &["a bare CR in a trailer", "a bare CR as the end"],
    },
    Difference {
        why: "trailers count towards the header limit, which curl does not have",
        cases: &[
            "one trailer over the header limit",
            "many trailers over the header limit",
            "trailers over the default header limit",
        ],
    },
    Difference {
        why: "several gzip members are one body and zeros after the last are skipped, as in gzip(1) and Go; curl fails to write",
        cases: &[
            "two gzip members",
            "three gzip members, one of them empty",
            "zeros after the last gzip member",
            "one zero after the last gzip member",
            "zeros after two gzip members",
            "zeros after a gzip member in chunks",
        ],
    },
    Difference {
        why: "there are at most four codings, and in curl 7.88 five",
        cases: &["five gzip codings", "five gzip codings in five lines"],
    },
    Difference {
        why: "a body that does not decode is a failure, though nothing has come of it; curl takes it for an empty one",
        cases: &["what is not brotli"],
    },
    Difference {
        why: "deflate without zlib's head is decoded however it comes; curl looks at the first bytes only",
        cases: &["deflate without zlib's head in chunks of one byte"],
    },
    Difference {
        why: "a coded body without its end is a failure, and curl takes what there is",
        cases: &[
            "deflate without its checksum",
            "deflate with half its checksum",
            "gzip without its end",
            "gzip with half its data",
            "gzip with half its data that ends with the connection",
        ],
    },
    Difference {
        why: "a zstd window is at most 8 MiB (RFC 9659), and curl has no limit",
        cases: &[
            "a zstd window of 16 MiB",
            "a zstd window of 128 MiB",
            "a zstd window one step above 8 MiB",
        ],
    },
    Difference {
        why: "an unknown coding leaves the body as it is and the outcome says so; curl fails",
        cases: &[
            "an unknown coding",
            "aws-chunked",
            "an unknown coding named UTF-8",
            "an unknown coding in chunks",
            "compress, which nothing decodes",
        ],
    },
    Difference {
        why: "an empty body of a coding, ended by the close, may be cut short; curl takes it",
        cases: &[
            "gzip and an empty body that ends with the connection",
            "br and an empty body that ends with the connection",
            "deflate and an empty body that ends with the connection",
            "zstd and an empty body that ends with the connection",
        ],
    },
    Difference {
        why: "the body limit counts decoded bytes, and --max-filesize of curl 7.88 the declared length",
        cases: &[
            "a gzip bomb",
            "a gzip bomb in gzip",
            "a gzip bomb of four layers",
            "a brotli bomb",
            "a deflate bomb",
            "a zstd bomb",
            "a gzip bomb as a transfer coding",
            "chunks above the limit",
            "a body above the limit that ends with the connection",
            "a coded body above the limit",
        ],
    },
    Difference {
        why: "two lengths that differ are no framing (RFC 9112); curl takes the last line, or the first of a list",
        cases: &[
            "two lengths that differ, the larger first",
            "two lengths that differ and other lines between them",
            "two lengths that differ in one list",
            "two lengths that differ in one list without a space",
            "a stray response after two lengths that differ",
            "a space before the colon of the length beside another length",
        ],
    },
    Difference {
        why: "a length is digits alone and fits in 64 bits (RFC 9110); curl takes what it can read, or ignores the line",
        cases: &[
            "a length with a plus sign",
            "a length with a letter after it",
            "a length that is hexadecimal",
            "a length with a fraction",
            "a length that is two numbers without a comma",
            "a length with a semicolon after it",
            "a length with an exponent",
            "a length with an underscore",
            "a length that is no number in a list",
            "a length one above 64 bits",
            "a length of 20 nines",
            "a length of 100 digits",
            "a length that is 5 modulo 64 bits",
        ],
    },
    Difference {
        why: "a declared length of a body that is not kept, or does not come, breaks no limit; --max-filesize counts it",
        cases: &[
            "a length of a status that is not accepted",
            "a length above the limit to HEAD",
        ],
    },
    Difference {
        why: "a framing line with a blank before its colon counts, as in browsers; curl does not know it",
        cases: &[
            "a stray response after a length with a space before the colon",
            "a stray response after a transfer coding with a space before the colon",
            "a space before the colon of the length",
            "a tab before the colon of the length",
            "a space before the colon of the transfer coding",
            "a space before the colon of the transfer coding beside a length",
            "a space before the colon of the coding of the content",
        ],
    },
    Difference {
        why: "`identity` changes nothing and a length counts; curl reads to the close",
        cases: &[
            "a stray response after identity",
            "identity and a length",
            "Identity in capitals and a length",
            "identity and a body shorter than its length",
            "identity in HTTP/1.0",
            "identity and two lengths that differ",
        ],
    },
    Difference {
        why: "417 is asked once more without Expect; curl does so where the Expect is its own, and here the user gave it",
        cases: &[
            "417: once more without Expect",
            "417 with a body: once more without Expect",
            "417 on a connection that stays open: once more without Expect",
            "417 twice: the second is the outcome",
        ],
    },
    Difference {
        why: "a fold continues a framing line too (RFC 9112); curl looks at the first line only",
        cases: &[
            "a length that stands in a fold",
            "a transfer coding that stands in a fold",
            "a coding of the content that stands in a fold",
        ],
    },
    Difference {
        why: "a fold right after the status line is skipped (RFC 9112); curl fails",
        cases: &[
            "a fold right after the status line",
            "a fold with a colon right after the status line",
            "a fold with a tab right after the status line",
            "a length in a fold right after the status line",
            "a transfer coding in a fold right after the status line",
            "two folds right after the status line",
        ],
    },
    Difference {
        why: "NUL in a value is a space (RFC 9110); curl fails",
        cases: &["NUL in a value"],
    },
    Difference {
        why: "a line without a colon is skipped, as in browsers; curl fails",
        cases: &[
            "a line without a colon",
            "a line without a colon or space",
            "a line without a colon as the first one",
            "a line without a colon and a fold after it",
            "a line without a colon between good ones",
            "a line of 1xx without a colon",
        ],
    },
    Difference {
        why: "a head has a limit, which curl does not let a user set",
        cases: &[
            "one header line over the header limit",
            "many header lines over the header limit",
            "folds over the header limit",
            "a head over the default header limit",
            "a header line without end",
        ],
    },
    Difference {
        why: "at most 16 responses of 1xx come before the final one, and curl has no limit",
        cases: &["seventeen 1xx"],
    },
    Difference {
        why: "a switch of protocols that nothing asked for is a failure (RFC 9110); curl gives what follows as the body",
        cases: &[
            "101 with the header lines of an upgrade that nothing asked for",
            "101 before a final response",
        ],
    },
    Difference {
        why: "a head that is cut short is a failure (RFC 9112); curl takes it for an empty response",
        cases: &["1xx and half a head"],
    },
    Difference {
        why: "any other transfer coding is a failure (RFC 9112); curl knows more of them, and takes some for none",
        cases: &[
            "transfer coding br, chunked",
            "transfer coding chunked, identity",
            "a transfer coding without a value",
            "a transfer coding without a value beside a length",
        ],
    },
    Difference {
        why: "beside `Transfer-Encoding` a length is ignored, whatever it says (RFC 9112); curl looks at it",
        cases: &["chunked beside a length that is no number"],
    },
];
