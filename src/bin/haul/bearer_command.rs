//! Bearer tokens that a command of the user prints.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use haul::settings::Token;

/// Time after which a command that has not ended is killed.
const LIMIT: Duration = Duration::from_secs(60);

/// Longest first line in bytes that is read as a token.
const LONGEST: u64 = 64 << 10;

/// Time between two looks if a command that has closed its output has ended.
const LOOK: Duration = Duration::from_millis(10);

/// Runs a command by `sh -c`, and returns the first line of its standard output as a token. Its standard error is that
/// of this process.
pub(crate) fn run(command: &str) -> Result<Token, Box<dyn Error + Send + Sync>> {
    run_within(command, LIMIT)
}

fn run_within(command: &str, limit: Duration) -> Result<Token, Box<dyn Error + Send + Sync>> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("--bearer-command: sh cannot be run: {e}"))?;
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        // A process that the command leaves behind may hold its output open, so no end of this thread is waited for.
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            let read = output.by_ref().take(LONGEST).read_until(b'\n', &mut line);
            let _ = io::copy(&mut output, &mut io::sink());
            let _ = sender.send(read.map(|_| line));
        });
    }
    let until = Instant::now() + limit;
    let read = receiver.recv_timeout(limit).ok();
    // A command may close its output and go on.
    let ended = read.is_some() && ends(&mut child, until)?;
    let Some(read) = read.filter(|_| ended) else {
        let _ = child.kill();
        let _ = child.wait();
        let seconds = limit.as_secs();
        return Err(
            format!("--bearer-command: killed, since it ran for more than {seconds} s").into(),
        );
    };
    let status = child.wait()?;
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

/// Waits for the end of a process. Returns false if it has not ended at `until`.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread waits for a process of its own"
)]
fn ends(child: &mut Child, until: Instant) -> io::Result<bool> {
    while child.try_wait()?.is_none() {
        if until <= Instant::now() {
            return Ok(false);
        }
        thread::sleep(LOOK);
    }
    Ok(true)
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
    fn a_command_that_closes_its_output_and_goes_on_is_killed() {
        let said = error("echo t; exec >&-; sleep 60", Duration::from_millis(300));
        assert!(said.contains("killed"), "{said}");
    }
}
