//! Thread that writes the rows.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use rusqlite::{Connection, params};

use super::file::error;
use super::runs::RunFigures;
use crate::sink::{SinkError, SinkTarget};

/// Number of orders that the thread takes ahead.
const AHEAD: usize = 64;
/// Longest time that a transaction stays open.
const TIME: Duration = Duration::from_millis(200);
/// Longest time that a transaction stays open while nothing is ready to follow. A commit for each pause of a busy run
/// costs more than its rows.
const SOON: Duration = Duration::from_millis(10);

/// A row that the thread writes.
pub(in crate::sink) trait TableRow: Send + 'static {
    /// Number of rows that end a transaction.
    const TOGETHER: usize;

    /// Adds the row to its table.
    fn insert(&self, database: &Connection) -> rusqlite::Result<()>;

    /// True if the row counts among the rows written.
    fn is_counted(&self) -> bool;
}

/// Function that writes out what rows follow, called before each transaction ends.
pub(in crate::sink) type RowsAhead = Arc<dyn Fn() -> Result<(), SinkError> + Send + Sync>;

enum WriterOrder<R> {
    Begin {
        run_id: String,
        started: String,
        arguments: Option<String>,
    },
    Add(Vec<R>),
    /// Ends the transaction within this time.
    Soon(Duration),
    Finish(RunFigures, Sender<()>),
    /// Lets no transaction end before this function has returned.
    Follow(RowsAhead),
    /// Ends the transaction, and sends when it is written.
    Settle(Sender<()>),
    /// Ends the thread: no further order follows.
    Close,
}

/// Hands rows to the thread, besides the sink itself.
pub(in crate::sink) struct OrderSender<R>(Sender<WriterOrder<R>>);

impl<R> OrderSender<R> {
    /// Hands on a row. Returns false if the thread has ended.
    pub(in crate::sink) fn add(&self, row: R) -> bool {
        self.0.send(WriterOrder::Add(vec![row])).is_ok()
    }
}

/// The sink's end of the channel. When dropped, it waits until all rows it was given are written.
#[derive(Debug)]
pub(in crate::sink) struct RowWriter<R> {
    orders: Sender<WriterOrder<R>>,
    thread: Option<JoinHandle<()>>,
    failure: Arc<Mutex<Option<SinkError>>>,
    /// Number of counted rows whose transaction is complete.
    written: Arc<AtomicU64>,
    path: PathBuf,
}

impl<R: TableRow> RowWriter<R> {
    pub(in crate::sink) fn start(
        path: &Path,
        database: Connection,
    ) -> Result<RowWriter<R>, SinkError> {
        let (orders, taken) = bounded(AHEAD);
        let failure = Arc::new(Mutex::new(None));
        let told = Arc::clone(&failure);
        let place = path.to_owned();
        let written = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&written);
        let thread = std::thread::Builder::new()
            .name("haul-sqlite".to_owned())
            .spawn(move || {
                if let Err(failed) = write(&place, &database, &taken, &count) {
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
                }
            })
            .map_err(|e| {
                SinkError::new(
                    SinkTarget::File(path.to_owned()),
                    "has no thread to write it",
                    e,
                )
            })?;
        Ok(RowWriter {
            orders,
            thread: Some(thread),
            failure,
            written,
            path: path.to_owned(),
        })
    }

    pub(in crate::sink) fn begin(
        &self,
        run_id: String,
        started: String,
        arguments: Option<String>,
    ) -> Result<(), SinkError> {
        self.order(WriterOrder::Begin {
            run_id,
            started,
            arguments,
        })
    }

    pub(in crate::sink) fn add(&self, rows: Vec<R>) -> Result<(), SinkError> {
        self.order(WriterOrder::Add(rows))
    }

    /// Has the rows handed on so far in the database soon, and does not wait for it. `is_urgent`: true if no further rows
    /// are waited for.
    pub(in crate::sink) fn settle_soon(&self, is_urgent: bool) -> Result<(), SinkError> {
        let within = if is_urgent { Duration::ZERO } else { SOON };
        self.order(WriterOrder::Soon(within))
    }

    /// Number of counted rows that are in the database.
    pub(in crate::sink) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Has this function called before each transaction ends.
    pub(in crate::sink) fn follow(&self, ahead: RowsAhead) -> Result<(), SinkError> {
        self.order(WriterOrder::Follow(ahead))
    }

    /// Writes the figures of a run and waits until everything is in the database.
    pub(in crate::sink) fn finish(&self, run: RunFigures) -> Result<(), SinkError> {
        let (written, wait) = bounded(1);
        self.order(WriterOrder::Finish(run, written))?;
        self.wait(&wait)
    }

    /// Waits until every row handed on is in the database.
    pub(in crate::sink) fn settle(&self) -> Result<(), SinkError> {
        let (written, wait) = bounded(1);
        self.order(WriterOrder::Settle(written))?;
        self.wait(&wait)
    }

    fn wait(&self, wait: &Receiver<()>) -> Result<(), SinkError> {
        loop {
            match wait.recv_timeout(TIME) {
                Ok(()) => return Ok(()),
                // The order may have arrived after the thread read its last order.
                Err(RecvTimeoutError::Timeout) => self.check()?,
                Err(RecvTimeoutError::Disconnected) => return Err(self.failed()),
            }
        }
    }

    /// Returns the error of the thread if it has ended.
    pub(in crate::sink) fn check(&self) -> Result<(), SinkError> {
        match &self.thread {
            Some(thread) if thread.is_finished() => Err(self.failed()),
            _ => Ok(()),
        }
    }

    fn order(&self, order: WriterOrder<R>) -> Result<(), SinkError> {
        self.orders.send(order).map_err(|_| self.failed())
    }

    pub(in crate::sink) fn orders(&self) -> OrderSender<R> {
        OrderSender(self.orders.clone())
    }

    /// Returns the reason why the thread has ended; the first call returns the error itself.
    fn failed(&self) -> SinkError {
        // The thread drops its end of the channel before it stores its error.
        while self
            .thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
        {
            std::thread::yield_now();
        }
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take().unwrap_or_else(|| {
            let source = std::io::Error::other("an earlier write failed");
            SinkError::new(
                SinkTarget::File(self.path.clone()),
                "cannot be written",
                source,
            )
        })
    }
}

impl<R> Drop for RowWriter<R> {
    fn drop(&mut self) {
        // The channel may have other senders, so that dropping this one does not end the thread. If the thread has
        // ended, the order is not needed.
        let _ = self.orders.send(WriterOrder::Close);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes orders until the channel closes or [`WriterOrder::Close`] arrives. The rows of a transaction that fails are not in
/// the database, all others are.
fn write<R: TableRow>(
    path: &Path,
    database: &Connection,
    orders: &Receiver<WriterOrder<R>>,
    written: &AtomicU64,
) -> Result<(), SinkError> {
    let wrong = |e| error(path, "cannot be written", e);
    let mut ahead = None;
    loop {
        let Ok(first) = orders.recv() else {
            return Ok(());
        };
        let transaction = database.unchecked_transaction().map_err(wrong)?;
        let mut count = 0;
        let taken = take(database, (first, orders), &mut ahead, &mut count).map_err(wrong)?;
        if let Some(write_out) = &ahead {
            write_out()?;
        }
        transaction.commit().map_err(wrong)?;
        written.fetch_add(count, Ordering::AcqRel);
        match taken {
            TransactionEnd::Rows => {}
            TransactionEnd::Awaited(written) => drop(written.send(())),
            TransactionEnd::Last => return Ok(()),
        }
    }
}

/// Reason why a transaction is complete.
enum TransactionEnd {
    /// The transaction is large or old enough.
    Rows,
    /// The sender waits until all rows before are written.
    Awaited(Sender<()>),
    /// The order to end the thread has arrived.
    Last,
}

/// Writes this order and the orders that arrive in time into a transaction. Adds the number of counted rows to `count`.
fn take<R: TableRow>(
    database: &Connection,
    (first, orders): (WriterOrder<R>, &Receiver<WriterOrder<R>>),
    ahead: &mut Option<RowsAhead>,
    count: &mut u64,
) -> rusqlite::Result<TransactionEnd> {
    let mut until = Instant::now() + TIME;
    let (mut next, mut rows) = (first, 0);
    loop {
        match next {
            WriterOrder::Begin {
                run_id,
                started,
                arguments,
            } => {
                database.execute(
                    "INSERT INTO runs(run_id, started, arguments) VALUES (?1, ?2, ?3)",
                    params![run_id, started, arguments],
                )?;
            }
            WriterOrder::Add(added) => {
                for row in &added {
                    row.insert(database)?;
                    *count += u64::from(row.is_counted());
                }
                rows += added.len();
            }
            WriterOrder::Soon(within) => until = until.min(Instant::now() + within),
            WriterOrder::Follow(first) => *ahead = Some(first),
            WriterOrder::Finish(run, written) => {
                finish(database, &run)?;
                return Ok(TransactionEnd::Awaited(written));
            }
            WriterOrder::Settle(written) => return Ok(TransactionEnd::Awaited(written)),
            WriterOrder::Close => return Ok(TransactionEnd::Last),
        }
        if rows >= R::TOGETHER {
            return Ok(TransactionEnd::Rows);
        }
        next = match orders.recv_deadline(until) {
            Ok(order) => order,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Ok(TransactionEnd::Rows);
            }
        };
    }
}

fn finish(database: &Connection, run: &RunFigures) -> rusqlite::Result<()> {
    let [total, succeeded, rejected, failed, cancelled, not_done] =
        run.counts.map(|count| count as i64);
    database.execute(
        "UPDATE runs SET finished = ?2, total = ?3, succeeded = ?4, rejected = ?5, failed = ?6, cancelled = ?7,
           not_done = ?8, mean_ms = ?9 WHERE run_id = ?1",
        params![
            run.run_id,
            run.finished,
            total,
            succeeded,
            rejected,
            failed,
            cancelled,
            not_done,
            run.mean_ms
        ],
    )?;
    Ok(())
}
