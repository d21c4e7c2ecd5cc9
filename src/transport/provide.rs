//! Files and descriptors that an exchange needs beside its connection, opened before anything is sent: once the server
//! has acted, it is too late to wait for a descriptor.

use super::Call;
use super::classify::Trouble;
use super::connection::platform;
use super::http1::save;
use super::http1::upload::{Unsent, Upload};
use super::sockets::Sockets;
use crate::request::Body;

impl Sockets {
    /// Opens the files that the body comes from, and holds a descriptor for the file that the response goes to.
    pub(super) fn provide<'a>(&self, call: &Call<'a>) -> Result<Option<Upload<'a>>, Trouble> {
        if let Some(to) = call.save {
            save::check(to).map_err(Trouble::Unsaved)?;
            self.making_room(platform::is_out_of_files, || call.spare.hold())
                .map_err(Trouble::Shortage)?;
        }
        match call.body {
            Body::Bytes(_) => Ok(None),
            Body::Streamed(stream) => self
                .making_room(Unsent::passes, || Upload::open(stream))
                .map(Some)
                .map_err(Trouble::Unsent),
        }
    }

    /// Opens something. While this machine is short of what that takes, gives up one idle connection after the other
    /// and tries again.
    pub(super) fn making_room<T, E>(
        &self,
        is_shortage: impl Fn(&E) -> bool,
        mut open: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        loop {
            match open() {
                Err(error) if is_shortage(&error) && self.pool.make_room() => {}
                result => return result,
            }
        }
    }
}
