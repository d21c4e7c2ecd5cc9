//! Requests for a proxy that forwards them: ureq writes only the path into the first line of a request, so the other
//! parts are inserted afterwards.

use crate::transport::connection::buffers::Buffers;
use crate::transport::http1::forwarding::Forwarding;

/// Inserts the parts for the proxy into the request head at the front of the output, of which `pending` bytes are about
/// to be sent. Returns the number of inserted bytes.
pub(super) fn put_into(forwarding: &Forwarding, buffers: &mut Buffers, pending: usize) -> usize {
    let head = buffers.first(pending);
    let method = head.iter().position(|&b| b == b' ').map(|at| at + 1);
    let line = head.iter().position(|&b| b == b'\n').map(|at| at + 1);
    let (Some(method), Some(line)) = (method, line) else {
        return 0;
    };
    // The later part is inserted first, so that the position of the other stays valid.
    buffers.insert(line, forwarding.credentials.as_bytes());
    buffers.insert(method, forwarding.origin.as_bytes());
    forwarding.credentials.len() + forwarding.origin.len()
}
