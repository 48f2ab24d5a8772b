//! The stage for whole-box stories: a real token, real certificates, a real signer, the real `holdfastd`.
//!
//! The client encodes and reads TTLV by itself, from the specification and not with the appliance's own codec, so
//! that a mistake shared by both sides cannot hide. Whatever is missing ends the story with what to install.
//! Everything lives in one temporary directory and ends with the story.

// A story ends at its first surprise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod appliance;
mod binaries;
pub mod certificates;
pub mod client;
pub mod configuration;
pub mod governance;
pub mod https;
mod journal;
pub mod mongocrypt;
pub mod provider;
pub mod pykmip;
mod python;
pub mod stage;
pub mod token;
pub mod ttlv;
mod waiting;

pub use appliance::Appliance;
pub use binaries::{holdfast, holdfastd};
pub use client::{Client, Trouble};
pub use stage::Stage;
pub use waiting::{eventually, within};
