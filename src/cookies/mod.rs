//! Cookies: a jar that requests share (feature `cookies`).

#[cfg(not(feature = "cookies"))]
mod absent;
#[cfg(feature = "cookies")]
mod file;
#[cfg(feature = "cookies")]
mod host_name;
#[cfg(feature = "cookies")]
mod jar;
#[cfg(feature = "cookies")]
mod netscape;
#[cfg(feature = "cookies")]
mod sites;

#[cfg(not(feature = "cookies"))]
pub(crate) use absent::CookieJar;
#[cfg(feature = "cookies")]
pub use jar::{CookieJar, InvalidCookie};
