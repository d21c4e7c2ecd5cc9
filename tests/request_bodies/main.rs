//! Request bodies: streamed, sent again, refused before they are sent, or broken.

mod expect_continue;
#[cfg(feature = "multipart")]
mod multipart;
mod records;
mod replay;
mod streams;
mod upload_server;

/// Returns bytes in which no two neighbouring blocks are equal.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 31 + i / 251) as u8).collect()
}
