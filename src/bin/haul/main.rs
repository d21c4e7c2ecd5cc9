//! The `haul` command: sends many HTTP requests at once and keeps every result.

mod again;
mod apart;
mod arguments;
mod connection;
mod demo;
mod dry_run;
mod failure;
mod files;
mod generate;
mod header_text;
mod input;
mod leads_back;
mod limits;
mod line;
mod look;
mod output;
mod progress;
mod reader;
mod recognize;
mod recorded;
mod recording;
mod refused;
mod report;
mod reread;
mod run;
mod run_limit;
mod settings;
mod shell;
mod signals;
mod source;
mod stdout;
mod text_or_file;
mod total;
mod unfit;
mod units;
mod voice;

use std::process::ExitCode;

use arguments::Arguments;
use failure::{Failure, Status};
use run_limit::RunLimit;
use voice::Voice;

fn main() -> ExitCode {
    limits::survive_full_files();
    let arguments = match arguments::read() {
        Ok(arguments) => arguments,
        Err(told) => return failure::of_usage(&told).into(),
    };
    let voice = Voice::new(&arguments.messages);
    limits::raise();
    match carry_out(arguments, &voice) {
        Ok(status) => status.into(),
        Err(failure) => {
            voice.error(failure.message());
            failure.status().into()
        }
    }
}

fn carry_out(mut arguments: Arguments, voice: &Voice) -> Result<Status, Failure> {
    if let Some(what) = arguments.messages.generate {
        return generate::print(what);
    }
    if arguments.messages.verbose > 1 {
        env_logger::Builder::new()
            .filter_module("haul", log::LevelFilter::Debug)
            .init();
    } else {
        limits::tell(voice);
    }
    let limit = RunLimit::start(&arguments, voice)?;
    if !arguments.ending.demo {
        return run::run(&arguments, &limit, voice);
    }
    let demo = demo::start(&mut arguments)?;
    demo.announce(&arguments, voice);
    let status = run::run(&arguments, &limit, voice)?;
    demo.explain(&arguments, voice);
    Ok(status)
}
