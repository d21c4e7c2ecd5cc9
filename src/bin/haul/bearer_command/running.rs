//! Commands that run for a token: each is ended with all processes that it has started, at the latest when this
//! process ends.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Commands that run now. One list for the process, since its end can come from any thread.
static RUNNING: Mutex<Commands> = Mutex::new(Commands {
    children: Vec::new(),
    is_over: false,
});

struct Commands {
    /// Running commands. A command that has ended leaves the list before its number can be that of another process.
    children: Vec<Child>,
    /// True if the run is over: no command starts any more.
    is_over: bool,
}

/// Number of the process of a running command.
#[derive(Clone, Copy)]
pub(super) struct RunningCommand(u32);

/// State of a command.
pub(super) enum CommandState {
    Runs,
    Ended(ExitStatus),
    /// Ended by [`end_all`].
    RunIsOver,
}

/// Starts a command in a process group of its own. `None`: the run is over. Calls `with` with its process.
pub(super) fn start(
    mut command: Command,
    with: impl FnOnce(&mut Child),
) -> io::Result<Option<RunningCommand>> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut commands = lock();
    if commands.is_over {
        return Ok(None);
    }
    let mut child = command.spawn()?;
    with(&mut child);
    let number = child.id();
    commands.children.push(child);
    Ok(Some(RunningCommand(number)))
}

impl RunningCommand {
    pub(super) fn state(self) -> io::Result<CommandState> {
        let mut commands = lock();
        let Some(at) = commands.place_of(self) else {
            return Ok(CommandState::RunIsOver);
        };
        if commands.children[at].try_wait()?.is_none() {
            return Ok(CommandState::Runs);
        }
        let status = commands.children.swap_remove(at).wait()?;
        Ok(CommandState::Ended(status))
    }

    /// True if [`end_all`] has ended the command.
    pub(super) fn was_ended(self) -> bool {
        lock().place_of(self).is_none()
    }

    /// Ends the command, if it still runs.
    pub(super) fn end(self) {
        let mut commands = lock();
        if let Some(at) = commands.place_of(self) {
            end(commands.children.swap_remove(at));
        }
    }
}

/// Ends all commands, and lets no other start. Called when the run is over, or when the process is about to exit.
pub(crate) fn end_all() {
    let mut commands = lock();
    commands.is_over = true;
    commands.children.drain(..).for_each(end);
}

/// Value whose drop calls [`end_all`].
pub(crate) struct EndAll;

impl Drop for EndAll {
    fn drop(&mut self) {
        end_all();
    }
}

impl Commands {
    fn place_of(&self, command: RunningCommand) -> Option<usize> {
        let mut children = self.children.iter();
        children.position(|child| child.id() == command.0)
    }
}

/// Ends a command, and the processes that it has started.
fn end(mut child: Child) {
    // The process is not waited for yet, so that its number is still its own, and that of its group.
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::KILL,
    );
    let _ = child.kill();
    let _ = child.wait();
}

fn lock() -> MutexGuard<'static, Commands> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
