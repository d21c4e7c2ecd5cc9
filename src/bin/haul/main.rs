//! The `haul` command: sends many HTTP requests at once and keeps every result.

mod again;
mod apart;
mod arguments;
mod bearer_command;
mod commands;
mod connection;
mod cookies;
mod credentials;
mod demo;
mod downloads;
mod drive;
mod dry_run;
mod failure;
mod files;
mod form;
mod forms;
mod generate;
mod header_text;
mod host_addresses;
mod host_rules;
mod input;
mod input_state;
mod layout;
mod leads_back;
mod limits;
mod list_forms;
mod max_cost;
mod messages;
mod outcome_reporter;
mod output;
mod pace;
mod pages;
mod progress;
mod recorded;
mod recording;
mod refused;
mod report;
mod reread;
mod run;
mod run_limit;
mod schemes;
mod settings;
mod shard;
mod shell;
mod signals;
mod sitemaps;
mod source;
mod stdout;
mod template;
mod terminal;
mod text_or_file;
mod thresholds;
mod total;
mod unfit;
mod units;

use std::process::ExitCode;

use arguments::Arguments;
use failure::{CommandError, Status};
use messages::Messages;
use run_limit::RunLimit;

fn main() -> ExitCode {
    limits::survive_full_files();
    if let Some(command) = commands::asked() {
        return command.carry_out().into();
    }
    let arguments = match arguments::read() {
        Ok(arguments) => arguments,
        Err(told) => return failure::of_usage(&told).into(),
    };
    let messages = Messages::new(&arguments.messages);
    messages.of_file();
    limits::raise();
    match carry_out(arguments, &messages) {
        Ok(status) => status.into(),
        Err(failure) => {
            messages.error(failure.message());
            failure.status().into()
        }
    }
}

/// Prints what the library logs, on standard error.
fn log_everything() {
    env_logger::Builder::new()
        .filter_module("haul", log::LevelFilter::Debug)
        .init();
}

fn carry_out(mut arguments: Arguments, messages: &Messages) -> Result<Status, CommandError> {
    if let Some(what) = arguments.messages.generate {
        return generate::print(what);
    }
    if arguments.messages.verbose > 1 {
        log_everything();
    } else {
        limits::tell(messages);
    }
    shard::settle(&mut arguments)?;
    let limit = RunLimit::start(&arguments, messages)?;
    if !arguments.ending.demo {
        return run::run(&arguments, &limit, messages);
    }
    let demo = demo::start(&mut arguments)?;
    demo.announce(&arguments, messages);
    let status = run::run(&arguments, &limit, messages)?;
    demo.explain(&arguments, messages);
    Ok(status)
}
