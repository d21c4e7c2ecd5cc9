//! Files and descriptors that an exchange needs beside its connection, opened before anything is sent: after the server
//! has acted, it is too late to wait for a descriptor.

use super::Call;
use super::classify::Failure;
use super::connection::Connection;
use super::connection::platform;
use super::http1::save;
use super::http1::upload::{Unsent, Upload};
use super::pool::ConnectionPool;
use crate::request::RequestContent;

/// Opens the files that the body comes from, and holds a descriptor for the file that the response is saved to.
pub(super) fn provide<'a>(
    call: &Call<'a>,
    pool: &ConnectionPool<Connection>,
) -> Result<Option<Upload<'a>>, Failure> {
    if let Some(to) = call.save {
        save::check(to).map_err(Failure::Unsaved)?;
        pool.making_room(platform::is_out_of_files, || call.spare.hold())
            .map_err(Failure::Shortage)?;
    }
    match call.body {
        RequestContent::Bytes(_) => Ok(None),
        RequestContent::Streamed(stream) => pool
            .making_room(Unsent::passes, || Upload::open(stream))
            .map(Some)
            .map_err(Failure::Unsent),
    }
}
