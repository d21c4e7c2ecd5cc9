//! The jar as a file: JSON, one cookie on each line.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use cookie_store::Cookie;

use super::sites::Sites;

pub(super) fn load(path: &Path) -> io::Result<Sites> {
    let text = fs::read_to_string(path).map_err(|e| at(path, &e))?;
    let mut cookies = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        // The parser's message may hold a part of the line.
        let cookie: Cookie<'static> = serde_json::from_str(line).map_err(|_| {
            let message = format!("{}:{}: this is no cookie", path.display(), number + 1);
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        cookies.push(cookie);
    }
    Ok(Sites::of(cookies))
}

pub(super) fn text(sites: &Sites) -> io::Result<String> {
    let lines: Result<Vec<_>, _> = sites.iter().map(serde_json::to_string).collect();
    let mut lines = lines?;
    lines.sort_unstable();
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

/// Writes a file whole or not at all. A link stays, and the file that it leads to is replaced; a device or a pipe is
/// written to.
pub(super) fn save(path: &Path, text: &[u8]) -> io::Result<()> {
    let is_stream = |about: fs::Metadata| !about.is_file() && !about.is_dir();
    if fs::metadata(path).is_ok_and(is_stream) {
        let opened = OpenOptions::new().write(true).open(path);
        return opened
            .and_then(|mut stream| stream.write_all(text))
            .map_err(|e| at(path, &e));
    }
    let real = fs::canonicalize(path);
    let path = real.as_deref().unwrap_or(path);
    let name = format!(
        ".{}.{:016x}.part",
        path.file_name().unwrap_or_default().to_string_lossy(),
        fastrand::u64(..)
    );
    let partial = path.with_file_name(name);
    let written = write(&partial, text).and_then(|()| fs::rename(&partial, path));
    written.map_err(|e| {
        // The file may not exist.
        let _ = fs::remove_file(&partial);
        at(path, &e)
    })
}

fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

pub(super) fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
