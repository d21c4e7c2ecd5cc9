//! Jobs of the model, and the handles by which callers wait for them.

use shuttle::sync::{Arc, Condvar, Mutex};

/// Course that a job takes.
#[derive(Clone)]
pub(super) enum Work {
    /// The job's attempt ends at once.
    Plain,
    /// This many attempts fail; each is followed by a wait.
    Retried(u64),
    /// The job's attempt ends when as many attempts are under way as the gate wants.
    Meets(Arc<Gate>),
    /// The job cannot be dispatched for this long; then its attempt ends at once.
    Later(u64),
    /// The job's callback submits another job and waits for it.
    Asks(Box<Work>),
}

/// Meeting point of a number of threads.
pub(super) struct Gate {
    missing: Mutex<usize>,
    complete: Condvar,
}

impl Gate {
    pub(super) fn of(count: usize) -> Arc<Gate> {
        Arc::new(Gate {
            missing: Mutex::new(count),
            complete: Condvar::new(),
        })
    }

    pub(super) fn meet(&self) {
        let mut missing = self.missing.lock().unwrap();
        *missing -= 1;
        self.complete.notify_all();
        drop(self.complete.wait_while(missing, |missing| *missing > 0));
    }
}

/// A submitted job.
#[derive(Clone, Default)]
pub(super) struct Handle(Arc<(Mutex<bool>, Condvar)>);

impl Handle {
    pub(super) fn wait(&self) {
        let (ended, changed) = &*self.0;
        drop(changed.wait_while(ended.lock().unwrap(), |ended| !*ended));
    }

    pub(super) fn end(&self) {
        let before = std::mem::replace(&mut *self.0.0.lock().unwrap(), true);
        assert!(!before, "one outcome");
        self.0.1.notify_all();
    }
}

pub(super) struct Job {
    pub(super) work: Work,
    pub(super) handle: Handle,
}
