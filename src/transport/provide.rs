//! Files and descriptors that an exchange needs beside its connection, opened before anything is sent: after the server
//! has acted, it is too late to wait for a descriptor.

use super::Call;
use super::classify::Trouble;
use super::connection::Connection;
use super::connection::platform;
use super::http1::save;
use super::http1::upload::{Unsent, Upload};
use super::pool::Pool;
use crate::request::Body;

/// Opens the files that the body comes from, and holds a descriptor for the file that the response is saved to.
pub(super) fn provide<'a>(
    call: &Call<'a>,
    pool: &Pool<Connection>,
) -> Result<Option<Upload<'a>>, Trouble> {
    if let Some(to) = call.save {
        save::check(to).map_err(Trouble::Unsaved)?;
        pool.making_room(platform::is_out_of_files, || call.spare.hold())
            .map_err(Trouble::Shortage)?;
    }
    match call.body {
        Body::Bytes(_) => Ok(None),
        Body::Streamed(stream) => pool
            .making_room(Unsent::passes, || Upload::open(stream))
            .map(Some)
            .map_err(Trouble::Unsent),
    }
}
