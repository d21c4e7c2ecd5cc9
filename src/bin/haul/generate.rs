//! The man page and the completions of shells.

use std::io::{self, Write};

use clap_complete::Shell;

use crate::arguments::{GeneratedFile, command};
use crate::failure::{CommandError, Status};
use crate::stdout::{self, unwritten};

pub(crate) fn print(what: GeneratedFile) -> Result<Status, CommandError> {
    stdout::check()?;
    let mut command = command();
    let mut text = Vec::new();
    let shell = match what {
        GeneratedFile::Man => None,
        GeneratedFile::CompleteBash => Some(Shell::Bash),
        GeneratedFile::CompleteZsh => Some(Shell::Zsh),
        GeneratedFile::CompleteFish => Some(Shell::Fish),
    };
    let written = match shell {
        None => clap_mangen::Man::new(command).render(&mut text),
        Some(shell) => {
            clap_complete::generate(shell, &mut command, "haul", &mut text);
            Ok(())
        }
    };
    match written.and_then(|()| write_out(&text)) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&e)),
        _ => Ok(Status::Fine),
    }
}

fn write_out(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text)?;
    out.flush()
}
