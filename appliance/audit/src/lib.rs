//! The append-only, hash-chained audit log and its agent.
//!
//! Separate from `core` because it writes files. `core` puts events into a ring in shared memory, one for each of its
//! lanes; the agent appends them to the log, makes them durable in groups, and gives the room back only then.
//! Trusts: nothing that is in a ring or in a file until it has been checked.
//!
//! | module | job |
//! |---|---|
//! | `format` | frames, headers, records, the chain |
//! | `segment` | reads one segment, whatever is in it |
//! | `head` | the small file that says how far the log goes |
//! | `log` | writes the log and takes it up again after a crash |
//! | `lane` | one lane's ring and what waits for it |
//! | `agent` | the process |
//! | [`verify`](mod@verify) | finds what was done to a log |
//! | [`show`] | lines for people and programs |

mod agent;
pub mod format;
mod head;
mod lane;
mod log;
mod sandbox;
pub mod segment;
pub mod show;
pub mod verify;

pub use agent::{Orders, run, serve};
pub use lane::{Lane, RingRefused};
pub use log::{Log, LogError};
pub use sandbox::profile;
pub use verify::verify;

#[cfg(test)]
mod sample;
