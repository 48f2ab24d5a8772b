//! `core`: holds the keys. Decodes, authorises, looks up, executes, commits, encodes; no socket, file or exec.
//!
//! The way of a request: `lane` takes a frame, `request` decodes it, `permit` says who may use which key,
//! `ops` does it, `audited` records it, and only then is there a reply.

pub mod apply;
pub mod audited;
pub mod crypto;
pub mod custody;
pub mod identity;
pub mod lane;
pub mod managed;
pub mod object;
pub mod ops;
pub mod permit;
pub mod request;
pub mod sandbox;
pub mod scope;
pub mod start;
pub mod tenant;

pub use start::run;
