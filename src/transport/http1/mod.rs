//! HTTP/1: the request, the response and its body, on a connection that is given.

pub(super) mod body;
pub(super) mod by_ureq;
pub(super) mod decode;
pub(super) mod head;
pub(super) mod plain;
pub(super) mod preview;
pub(super) mod reply;
pub(super) mod request;
pub(super) mod save;
pub(super) mod upload;
