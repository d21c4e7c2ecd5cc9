//! The man page and the completions of shells.

use std::io::{self, Write};

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::arguments::{GeneratedFile, command};
use crate::commands::Subcommand;
use crate::failure::{CommandError, Status};
use crate::stdout::{self, unwritten};

pub(crate) fn print(what: GeneratedFile) -> Result<Status, CommandError> {
    stdout::check()?;
    let shell = match what {
        GeneratedFile::Man => None,
        GeneratedFile::CompleteBash => Some(Shell::Bash),
        GeneratedFile::CompleteZsh => Some(Shell::Zsh),
        GeneratedFile::CompleteFish => Some(Shell::Fish),
    };
    let text = match shell {
        None => man_page(),
        Some(shell) => Ok(completions(shell)),
    };
    match text.and_then(|text| write_out(&text)) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&e)),
        _ => Ok(Status::Fine),
    }
}

fn completions(shell: Shell) -> Vec<u8> {
    let commands = Subcommand::ALL.map(|command| command.options().name(command.name()));
    let mut text = Vec::new();
    let mut command = command()
        .subcommands(commands)
        .disable_help_subcommand(true);
    clap_complete::generate(shell, &mut command, "haul", &mut text);
    text
}

/// Makes one page of all options: those of a run, then each other command in a section of its own.
fn man_page() -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    Man::new(command()).render(&mut text)?;
    for command in Subcommand::ALL {
        writeln!(text, ".SH \"HAUL {}\"", command.name().to_uppercase())?;
        text.extend(man_section(command.options())?);
    }
    Ok(text)
}

/// Makes the section of a command, with a subsection in place of each section of a page.
fn man_section(command: Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command);
    let mut text = Vec::new();
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    man.render_extra_section(&mut text)?;
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    // The definition of the apostrophe stands at the top of the page.
    let lines = lines.filter(|line| !line.starts_with(b".ie ") && !line.starts_with(b".el "));
    let section = lines.flat_map(|line| match line.strip_prefix(b".SH ") {
        Some(title) => [b".SS ", title].concat(),
        None => line.to_vec(),
    });
    Ok(section.collect())
}

fn write_out(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(text)?;
    out.flush()
}
