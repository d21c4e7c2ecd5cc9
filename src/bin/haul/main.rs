//! The `haul` command: many HTTP requests at once, every result kept.

mod arguments;
mod demo;
mod failure;
mod generate;
mod input;
mod output;
mod progress;
mod run;
mod settings;
mod signals;
mod units;

use std::process::ExitCode;

use arguments::Arguments;
use failure::{Failure, Status};

fn main() -> ExitCode {
    let arguments = match arguments::read() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; what cannot be printed is nobody's to read.
            let _ = error.print();
            return Status::of_usage(&error).into();
        }
    };
    let quiet = arguments.quiet;
    match carry_out(arguments) {
        Ok(status) => status.into(),
        Err(failure) => {
            if quiet < 2 {
                eprintln!("haul: {}", failure.message());
            }
            failure.status().into()
        }
    }
}

fn carry_out(arguments: Arguments) -> Result<Status, Failure> {
    if let Some(what) = arguments.generate {
        return generate::print(what);
    }
    let level = if arguments.verbose > 1 {
        log::LevelFilter::Debug
    } else {
        log::LevelFilter::Off
    };
    env_logger::Builder::new().filter_level(level).init();
    let demo = arguments.demo.then(demo::start).transpose()?;
    let mut arguments = arguments;
    if let Some(demo) = &demo {
        demo.fill(&mut arguments);
    }
    let status = run::run(&arguments)?;
    if let Some(demo) = demo {
        demo.explain();
    }
    Ok(status)
}
