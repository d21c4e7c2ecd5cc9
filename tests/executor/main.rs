//! Submitted requests and batches on the workers of a client, over loopback sockets: waiting, cancelling, callbacks,
//! threads, CPU work, progress, shutdown, and all of them at once.

mod batches;
mod callbacks;
mod cancelling;
mod handles;
mod par_map;
mod progress;
mod scene;
mod shutdown;
mod stress;
mod threads;
mod turns;
mod waits;
