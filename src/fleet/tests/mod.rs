//! Fleet of simulated workers on the engine in memory, in virtual time.

mod limits;
mod pace;
mod sim;
