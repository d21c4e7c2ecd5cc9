//! State that a client keeps or reads beside its requests: cookies, and credentials by host.

#[cfg(feature = "cookies")]
mod cookies;
mod digest;
mod netrc;
mod next_nonce;
