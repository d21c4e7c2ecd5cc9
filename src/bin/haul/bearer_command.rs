//! Bearer tokens that a command of the user prints.

mod running;

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use haul::settings::Token;

use self::running::{CommandState, RunningCommand};
pub(crate) use self::running::{EndAll, end_all};

/// Time after which a command that has not ended is killed.
const LIMIT: Duration = Duration::from_secs(60);

/// Longest first line in bytes that is read as a token.
const LONGEST: u64 = 64 << 10;

/// Time between two looks if a command has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Reason for which a command was ended or not started.
const RUN_IS_OVER: &str = "--bearer-command: ended, since the run is over";

/// Runs a command by `sh -c`, and returns the first line of its standard output as a token. Its standard error is that
/// of this process. It has a process group of its own, all of which ends if it takes too long, or with this process.
pub(crate) fn run(command: &str) -> Result<Token, Box<dyn Error + Send + Sync>> {
    run_within(command, LIMIT)
}

fn run_within(command: &str, limit: Duration) -> Result<Token, Box<dyn Error + Send + Sync>> {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let (sender, receiver) = mpsc::channel();
    let read = |child: &mut Child| {
        let Some(output) = child.stdout.take() else {
            return;
        };
        // A process that the command leaves behind may hold its output open, so no end of this thread is waited for.
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            let _ = sender.send(read.map(|_| line));
            let _ = io::copy(&mut output, &mut io::sink());
        });
    };
    let running = running::start(shell, read)
        .map_err(|e| format!("--bearer-command: sh cannot be run: {e}"))?
        .ok_or(RUN_IS_OVER)?;
    let until = Instant::now() + limit;
    let read = line_at(&receiver, running, until)?;
    // A command may go on after its first line.
    let status = match read {
        Some(_) => status_at(running, until)?,
        None => None,
    };
    let (Some(read), Some(status)) = (read, status) else {
        running.end();
        let seconds = limit.as_secs();
        return Err(
            format!("--bearer-command: killed, since it ran for more than {seconds} s").into(),
        );
    };
    if !status.success() {
        return Err(format!("--bearer-command: {status}").into());
    }
    let line = String::from_utf8(read?)
        .map_err(|_| "--bearer-command: the first line of its output is not UTF-8")?;
    match line.trim() {
        line if line.len() as u64 >= LONGEST => Err(format!(
            "--bearer-command: the first line of its output is longer than {LONGEST} bytes (a token is expected)"
        )
        .into()),
        "" => Err(
            "--bearer-command: the first line of its output is empty (a token is expected)".into(),
        ),
        token => Ok(Token::new(token)),
    }
}

/// Waits for the first line of a command's output. `None`: it has not come at `until`.
fn line_at(
    output: &Receiver<io::Result<Vec<u8>>>,
    running: RunningCommand,
    until: Instant,
) -> Result<Option<io::Result<Vec<u8>>>, &'static str> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match output.recv_timeout(left.min(LOOK)) {
            Ok(line) => return Ok(Some(line)),
            Err(_) if running.was_ended() => return Err(RUN_IS_OVER),
            Err(_) if left.is_zero() => return Ok(None),
            Err(_) => {}
        }
    }
}

/// Waits for the end of a command. `None`: it still runs at `until`.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread waits for a process of its own"
)]
fn status_at(
    running: RunningCommand,
    until: Instant,
) -> Result<Option<ExitStatus>, Box<dyn Error + Send + Sync>> {
    loop {
        match running.state()? {
            CommandState::Ended(status) => return Ok(Some(status)),
            CommandState::RunIsOver => return Err(RUN_IS_OVER.into()),
            CommandState::Runs if until <= Instant::now() => return Ok(None),
            CommandState::Runs => thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(command: &str, limit: Duration) -> String {
        run_within(command, limit).unwrap_err().to_string()
    }

    #[test]
    fn a_command_that_hangs_is_killed() {
        let said = error("sleep 100", Duration::from_millis(50));
        assert!(said.contains("killed"), "{said}");
        // A process in the background may hold the output open.
        let said = error("sleep 100 & wait", Duration::from_millis(50));
        assert!(said.contains("killed"), "{said}");
    }

    #[test]
    fn a_command_that_fails_or_prints_nothing_gives_no_token() {
        let hour = Duration::from_secs(3600);
        assert!(error("echo sesame; exit 3", hour).contains("exit status: 3"));
        assert!(error("true", hour).contains("empty"));
        assert!(error("printf '\\377\\n'", hour).contains("UTF-8"));
    }

    #[test]
    fn the_first_line_is_the_token_however_much_follows() {
        let many = "echo sesame; head -c 1000000 /dev/zero";
        assert!(run_within(many, Duration::from_secs(3600)).is_ok());
    }

    #[test]
    fn a_process_that_the_command_leaves_behind_is_not_waited_for() {
        let leaves = "sleep 1 & echo sesame";
        assert!(run_within(leaves, Duration::from_secs(3600)).is_ok());
    }

    #[test]
    fn a_command_that_closes_its_output_and_goes_on_is_killed() {
        let said = error("echo t; exec >&-; sleep 60", Duration::from_millis(300));
        assert!(said.contains("killed"), "{said}");
    }
}
